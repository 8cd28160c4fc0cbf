"""Which rows a check reads: few, and the same ones each time."""

from collections.abc import Callable
from pathlib import Path

from datasets import Dataset

from studio.datasets.store import add_file
from studio.datasets.versions import prepare
from studio.methods import Job, find_method
from studio.methods.row_order import drawn
from studio.methods.settings import CHECKED
from studio.workspace import Workspace
from tests.conftest import chat_steps


def test_at_most_so_many_rows_are_drawn_always_the_same_in_their_order() -> None:
    rows = Dataset.from_dict({"number": list(range(500))})
    first, again = drawn(rows, 64)["number"], drawn(rows, 64)["number"]
    assert list(first) == list(again) == sorted(first) and len(set(first)) == 64
    assert drawn(rows.select(range(64)), 64)["number"][:] == list(range(64))


def test_rows_in_which_two_kinds_take_turns_give_both() -> None:
    rows = Dataset.from_dict({"liked": [number % 2 for number in range(128)]})
    assert 16 < sum(drawn(rows, 64)["liked"]) < 48


def test_a_check_reads_64_rows_and_the_test_reads_all(
    workspace: Workspace, make_csv: Callable[..., Path], tiny_model: Path, tmp_path: Path
) -> None:
    steps = chat_steps(split={"near_together": False, "validation": 90, "test": 80})
    version = prepare(workspace, add_file(workspace, make_csv(200)), steps)
    method = find_method("sft")

    def trainer(seed: int) -> object:
        settings = method.settings.model_validate({"max_steps": 2, "seed": seed})
        return method.build(Job(tiny_model, version, settings, tmp_path / "out", "cpu", "float32"))

    one, other = trainer(1), trainer(2)
    assert len(one.eval_dataset) == CHECKED == 64 and len(one.test_dataset) == 80
    assert one.eval_dataset[:] == other.eval_dataset[:]  # runs with other settings are compared by these
