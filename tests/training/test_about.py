"""What a person says about a run: kept beside its recipe, obeyed wherever the run is named."""

from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.training.about import MOST_TAGS, NOTHING, read_about, say_about
from studio.training.recipe import DataPart, Recipe
from studio.training.run import create_run
from studio.workspace import Workspace


def test_a_new_name_is_the_runs_name_and_the_recipe_stays_as_it_was(workspace: Workspace) -> None:
    run = create_run(workspace, Recipe(name="First try", data=DataPart()))
    recipe = (run.folder / "recipe.toml").read_bytes()
    assert run.name == "First try"
    say_about(run.folder, name="  The   good one ")
    assert run.name == "The good one"
    assert (run.folder / "recipe.toml").read_bytes() == recipe
    say_about(run.folder, name=" ")
    assert run.name == "First try"


def test_what_is_said_of_one_thing_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    say_about(tmp_path, tags=["shop", " shop ", "Shop", "", "to show"], note=" Tried with more rows.\n")
    say_about(tmp_path, archived=True)
    about = read_about(tmp_path)
    assert about.tags == ("shop", "to show")
    assert about.note == "Tried with more rows."
    assert about.archived and about.name == ""


def test_each_change_is_seen_at_once(tmp_path: Path) -> None:
    for number in range(20):  # within one tick of the clock, and of the same length
        say_about(tmp_path, name=f"Run {number:02}")
        assert read_about(tmp_path).name == f"Run {number:02}"


@pytest.mark.parametrize("said", [{"name": "x" * 81}, {"note": "x" * 4001}, {"tags": ["x" * 31]}])
def test_what_is_too_long_is_refused_with_its_length(tmp_path: Path, said: dict[str, object]) -> None:
    with pytest.raises(StudioError, match="characters"):
        say_about(tmp_path, **said)
    assert read_about(tmp_path) == NOTHING


def test_too_many_tags_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=f"{MOST_TAGS} tags"):
        say_about(tmp_path, tags=[f"tag {number}" for number in range(MOST_TAGS + 1)])


@pytest.mark.parametrize("text", ["{half", "[]", '{"tags": 3}'])
def test_a_damaged_file_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "about.json").write_text(text)
    assert read_about(tmp_path) == NOTHING
