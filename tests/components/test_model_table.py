"""The table of models: what stands in a line, and what the filters go by."""

from pathlib import Path
from typing import Any

import pytest

from components import model_table
from components.download_view import state_cell
from studio.goals.catalogue import find_goal
from studio.models.catalogue import Model, find_model
from studio.models.download_state import Download
from studio.models.states import Listing, State, list_with_states
from studio.workspace import Workspace


def model(**more: Any) -> Model:
    facts = {"family": "causal", "form": "instruct", "business": "yes", "download_mb": 724, **more}
    return Model("small", "Small <1>", "Says little.", "hub", Path("nowhere"), hub="o/small", **facts)


def drawn(workspace: Workspace, goal: str | None = None, chosen: str = "") -> str:
    listing = list_with_states(workspace)
    return model_table.table(listing, chosen, find_goal(goal) if goal else None, lambda model: None)


def test_every_model_has_a_line_and_the_chosen_one_is_checked(workspace: Workspace) -> None:
    table = drawn(workspace, chosen="gpt2")
    assert table.count("<tr data-words") == len(list_with_states(workspace).models)
    assert 'value="gpt2" checked' in table and table.count(" checked") == 1


def test_those_that_suit_the_goal_stand_first(workspace: Workspace) -> None:
    table = drawn(workspace, "sort")
    marks = [line.split('"')[3].split() for line in table.split("<tr ")[2:]]
    suiting = ["goal" in mark for mark in marks]
    assert suiting == sorted(suiting, reverse=True) and any(suiting) and not all(suiting)


def test_a_goal_without_a_choice_leaves_nothing_out(workspace: Workspace) -> None:
    marks = [line.split('"')[3].split() for line in drawn(workspace).split("<tr ")[2:]]
    assert all("goal" in mark for mark in marks)


def test_what_a_licence_permits_is_said_and_filtered_by() -> None:
    free = model_table.line(model(), State("away"), "", None, None)
    tied = model_table.line(model(business="conditions", gated=True), State("away"), "", None, None)
    assert "business use allowed" in free and 'data-is="goal business"' in free
    assert "read before business use" in tied and 'data-is="goal"' in tied and "asks for a free account" in tied


def test_what_a_model_is_called_is_escaped() -> None:
    assert "<1>" not in model_table.line(model(), State("away"), "", None, None)


def test_nothing_is_offered_for_download_where_the_hub_cannot_be_reached() -> None:
    assert "<button" in state_cell(model(), State("away"))
    shut = state_cell(model(), State("away"), reachable=False)
    assert "<button" not in shut and "not on this computer" in shut


@pytest.mark.parametrize(
    ("download", "says", "buttons"),
    [
        (Download("running", 41, 100, seconds_left=90.0), "Downloading, 41%, about 2 min left", ["pause", "cancel"]),
        (Download("running", 100, 100, checking="model.safetensors"), "Checking what arrived", ["pause", "cancel"]),
        (Download("pausing", 41, 100), "Pausing", []),
        (Download("paused", 41, 100), "Paused at 41%", ["download", "cancel"]),
        (Download("failed", 41, 100, message="The disk is full.", hint="Make room."), "The disk is full.",
         ["download", "cancel"]),
    ],
)  # fmt: skip
def test_a_download_says_how_far_it_is_and_what_can_be_done(download: Download, says: str, buttons: list[str]) -> None:
    cell = state_cell(model(), State("partly", download))
    assert says in cell
    assert [part.split('"')[0] for part in cell.split('data-do="')[1:]] == buttons


def test_what_is_here_and_what_came_with_the_studio_need_no_button(workspace: Workspace) -> None:
    assert "On this computer" in state_cell(model(), State("here"))
    starter = find_model(workspace, "smollm2-135m-instruct")
    assert "Came with the studio" in state_cell(starter, State("away"))
    assert "data-do" not in state_cell(starter, State("away")) + state_cell(model(), State("here"))


def test_without_a_network_the_table_says_so() -> None:
    listing = Listing([(model(), State("away"))], "This computer has no network now.")
    assert "has no network" in model_table.table(listing, "", None, lambda model: None)
