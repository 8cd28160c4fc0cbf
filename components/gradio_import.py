"""Leaves out what takes more than half of `import gradio`: writing stubs for editors.

Gradio 6.31 reads and parses the source of each of its 80 components at every start, to write a .pyi file beside it
(`gradio.component_meta.create_or_modify_pyi`). Nobody here edits against them, and a home without write access would
not get them at all. Imported before Gradio, by components/__init__.py.
"""

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

MODULE = "gradio.component_meta"


def write_no_stub(*_: Any) -> None:
    """In place of Gradio's own."""


class WithoutStubs(MetaPathFinder):
    """Finds the one module as Python does, and replaces the function as soon as it is loaded."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            module.create_or_modify_pyi = write_no_stub  # type: ignore[attr-defined]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Have it done for the next `import gradio` of this process."""
    sys.meta_path.insert(0, WithoutStubs())
