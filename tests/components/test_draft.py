"""What a person chose, kept in the order in which it was chosen, whatever order the requests arrive in."""

from components import draft
from studio.workspace import Workspace


def turn(number: int, page: str = "a") -> dict[str, object]:
    return {"page": page, "number": number}


def test_a_pick_that_a_later_one_has_overtaken_is_not_kept(workspace: Workspace) -> None:
    draft.picked(workspace, turn(2, "overtaken"), goal="sort")
    draft.picked(workspace, turn(1, "overtaken"), goal="prefer")
    assert draft.load(workspace)["goal"] == "sort"
    draft.picked(workspace, turn(2, "overtaken"), method="classification")  # more that follows from the newest
    draft.picked(workspace, turn(1, "overtaken"), method="dpo")
    assert draft.load(workspace)["method"] == "classification"


def test_each_open_page_counts_for_itself(workspace: Workspace) -> None:
    draft.picked(workspace, turn(7, "old page"), goal="sort")
    draft.picked(workspace, turn(1, "new page"), goal="prefer")
    assert draft.load(workspace)["goal"] == "prefer"
