"""Whether the installed transformers knows a kind of model, told without importing it."""

import re
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from studio.errors import StudioError

# The files of transformers 5 that list its kinds, as ("qwen3", "Qwen3Config") a line.
LISTS = ("auto_mappings.py", "configuration_auto.py")
# CONFIG_MAPPING is what such a file exports, and stands before another name of that form.
LISTED = re.compile(r"""["'](?!CONFIG_MAPPING)([\w.-]+)["']\s*[,:]\s*["']\w+Config["']""")


def check_known(config: dict[str, Any], title: str) -> None:
    """Raises StudioError when a config.json is of a kind that is newer than the installed transformers, or unnamed."""
    kind = str(config.get("model_type") or "")
    if not is_known(kind):
        said = f"of the kind “{kind}”, which" if kind else "of a kind that its config.json does not name, and that"
        raise StudioError(
            f"{title} is {said} the installed transformers {version('transformers')} does not know.",
            "Choose another model, or update the studio: newer versions know more kinds.",
        )


def is_known(kind: str) -> bool:
    """kind: `model_type` of a config.json."""
    return kind in known_kinds()


@lru_cache(maxsize=1)
def known_kinds() -> frozenset[str]:
    spec = find_spec("transformers")  # finds the folder of the library and does not run it
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent / "models" / "auto"
    return frozenset(
        kind
        for name in LISTS
        if (folder / name).exists()
        for kind in LISTED.findall((folder / name).read_text("utf-8"))
    )
