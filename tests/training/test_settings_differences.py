"""In what runs differ: each setting by its title and in words, and what is the same in all."""

from typing import Any

from studio.training.recipe import DataPart, MethodPart, Recipe
from studio.training.run import Run, create_run
from studio.training.settings_differences import ABSENT, IDLE, Line, compared
from studio.workspace import Workspace

MAPPING: dict[str, Any] = {
    "kind": "chat",
    "shape": "prompt_reply",
    "columns": {"prompt": "question", "reply": "answer"},
}


def run_of(workspace: Workspace, method: str = "sft", fingerprint: str = "", **settings: object) -> Run:
    data = DataPart.model_validate({"mapping": MAPPING, "fingerprint": fingerprint or "a" * 64})
    return create_run(workspace, Recipe(name="Run", data=data, method=MethodPart(name=method), settings=settings))


def by_what(lines: list[Line]) -> dict[str, tuple[str, ...]]:
    return {line.what: line.values for line in lines}


def test_only_what_differs_is_listed_by_its_title_and_in_words(workspace: Workspace) -> None:
    one = run_of(workspace, learning_rate=2e-4, adapt="lora", rank=8)
    other = run_of(workspace, learning_rate=1e-5, adapt="full")
    differing, same = compared([one, other])
    found = by_what(differing)
    assert found["Size of each correction (learning rate)"] == ("0.0002", "0.00001")
    assert "All of it (full fine-tuning)" in next(v for v in found.values() if "All of it (full fine-tuning)" in v)
    assert ("8", IDLE) in found.values()  # the rank is nothing to who trains all of it
    assert "Method" in by_what(same) and "Model" in by_what(same)
    assert not set(found) & set(by_what(same))


def test_a_setting_that_one_method_does_not_have_is_said_to_be_missing(workspace: Workspace) -> None:
    differing, _ = compared([run_of(workspace), run_of(workspace, method="dpo")])
    found = by_what(differing)
    assert "Method" in found
    assert any(ABSENT in values for values in found.values())
    assert not any(set(values) <= {ABSENT, IDLE} for values in found.values())


def test_three_runs_stand_beside_one_another(workspace: Workspace) -> None:
    runs = [
        run_of(workspace, epochs=passes, fingerprint=letter * 64) for passes, letter in ((1, "a"), (2, "a"), (1, "b"))
    ]
    found = by_what(compared(runs)[0])
    assert found["Passes over the examples (epochs)"] == ("1", "2", "1")
    assert found["Data version (fingerprint of the rows)"] == ("a" * 10, "a" * 10, "b" * 10)
    assert len(found) == 2


def test_a_run_beside_its_like_differs_in_nothing(workspace: Workspace) -> None:
    differing, same = compared([run_of(workspace), run_of(workspace)])
    assert differing == []
    assert len(same) > 15


def test_a_method_of_a_later_studio_is_told_as_its_recipe_has_it(workspace: Workspace) -> None:
    differing, _ = compared([run_of(workspace), run_of(workspace, method="later", sparkle=3)])
    found = by_what(differing)
    assert found["sparkle"] == (ABSENT, "3")
    assert "later" in found["Method"]
