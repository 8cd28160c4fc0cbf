"""What can be gone on from, as the field on the page shows it."""

from pathlib import Path

from components.earlier_choice import start_field
from studio.workspace import Workspace
from tests.finished import CHAT, finished


def test_the_field_keeps_a_pick_that_stands_and_lets_go_of_one_that_does_not(
    workspace: Workspace, tiny_model: Path
) -> None:
    run = finished(workspace, "sft", CHAT, tiny_model)
    for standing in ("", run.id):
        shown = start_field(workspace, str(tiny_model), standing)
        assert [value for _, value in shown["choices"]] == ["", run.id]
        assert "value" not in shown, "a late answer would overwrite a newer pick"
    assert start_field(workspace, str(tiny_model), "gone")["value"] == ""
