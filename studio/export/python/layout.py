"""Code as ruff's formatter would lay it out, so that nobody has to format what was taken away."""

import json
from collections.abc import Iterable
from typing import Any

WIDTH = 120


def literal(value: Any) -> str:
    """A value as Python code; texts in the quotes that need the fewest backslashes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(literal, value)) + "]"
    if not isinstance(value, str):
        return repr(value)
    quoted = json.dumps(value, ensure_ascii=False)
    if value.count('"') <= value.count("'"):
        return quoted
    return "'" + quoted[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def call(start: str, arguments: Iterable[str], end: str = ")") -> list[str]:
    """Lines of `start`, the arguments and `end`: in one line, in three, or an argument a line, as it fits."""
    parts = list(arguments)
    whole = f"{start}{', '.join(parts)}{end}"
    if len(whole) <= WIDTH:
        return [whole]
    indent = " " * (len(start) - len(start.lstrip()))
    inner = f"{indent}    {', '.join(parts)}"
    if len(inner) <= WIDTH:
        return [start, inner, f"{indent}{end}"]
    return [start, *(f"{indent}    {part}," for part in parts), f"{indent}{end}"]


def imports(modules: Iterable[str], names: dict[str, set[str]]) -> list[str]:
    """The import lines of a script: the standard library's, an empty line, the others'; each fits into its line."""
    names = {module: set(found) for module, found in names.items()}
    for name, home in HOMES.items():
        if name in names["transformers"] and len(line_of("transformers", names["transformers"])) > WIDTH:
            names["transformers"].remove(name)
            names.setdefault(home, set()).add(name)
    ours = {module for module in {*modules, *names} if module.partition(".")[0] in STANDARD}
    blocks = []
    for block in (ours, {*modules, *names} - ours):
        plain = [f"import {module}" for module in sorted(block & set(modules))]
        blocks.append(plain + [line_of(module, names[module]) for module in sorted(block & set(names))])
    return [*blocks[0], "", *blocks[1]]


def line_of(module: str, names: set[str]) -> str:
    return f"from {module} import {', '.join(sorted(names, key=lambda name: (not name[0].isupper(), name)))}"


# Where in transformers that is, of which its own line has no room.
HOMES = {
    "set_seed": "transformers.trainer_utils",
    "DataCollatorWithPadding": "transformers.data.data_collator",
    "DataCollatorForSeq2Seq": "transformers.data.data_collator",
    "BitsAndBytesConfig": "transformers.utils.quantization_config",
    "TrainerCallback": "transformers.trainer_callback",
}
STANDARD = ("json", "math", "pathlib", "re")
