"""The house's walls: imports go one way, and the server stays light."""

import subprocess
import sys

from tests.conftest import ROOT


def modules_after(code: str) -> set[str]:
    """The names of all modules loaded in a fresh interpreter that ran `code`."""
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_no_studio_module_loads_gradio_or_the_page() -> None:
    loaded = modules_after(
        "import importlib, pkgutil, studio\n"
        "for module in pkgutil.walk_packages(studio.__path__, 'studio.'):\n"
        "    importlib.import_module(module.name)\n"
    )
    assert "studio.training.worker" in loaded
    assert not {"gradio", "components"} & loaded


def test_the_server_loads_neither_torch_nor_transformers() -> None:
    loaded = modules_after("import components.__main__, components.app")
    assert "gradio" in loaded
    assert not {"torch", "transformers", "trl", "peft"} & loaded


def test_inside_studio_nothing_imports_upward() -> None:
    order = ["datasets", "models", "methods", "goals", "search", "training", "sweeps", "chat", "evaluation", "export"]
    # datasets/xray asks the catalogue where a model's tokenizer is; models know nothing of datasets.
    allowed = {"datasets": {"models"}, "training": {"evaluation", "export"}, "evaluation": set()}
    wrong = []
    for file in (ROOT / "studio").rglob("*.py"):
        parts = file.relative_to(ROOT / "studio").parts
        if len(parts) < 2:
            continue
        for line in file.read_text().splitlines():
            words = line.strip().split()
            if len(words) > 1 and words[0] in ("from", "import") and words[1].startswith("studio."):
                target = words[1].split(".")[1]
                upward = target in order and order.index(target) > order.index(parts[0])
                if upward and target not in allowed.get(parts[0], set()):
                    wrong.append(f"{file.relative_to(ROOT)}: {line.strip()}")
    assert wrong == []
