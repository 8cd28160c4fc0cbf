"""What an earlier run has left, for methods that use it beside the model they train: a teacher, a reward model."""

import re
import tomllib
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.workspace import Workspace

RUN_ID = re.compile(r"[\w-]+")


def earlier_result(home: Path, run_id: str) -> tuple[Path, Path, dict[str, Any]]:
    """The folder of what a run kept, the folder of the model it was made from, and its recipe.

    Raises StudioError when there is no such run, when it kept nothing, or when its model is not here any more.
    """
    folder = home / "runs" / run_id
    if not RUN_ID.fullmatch(run_id) or not (folder / "recipe.toml").exists():
        raise StudioError(f"There is no run “{run_id}” on this computer.", "Choose one in History; its id is there.")
    recipe = tomllib.loads((folder / "recipe.toml").read_text("utf-8"))
    kept = next((place for place in (folder / "adapter", folder / "model") if place.is_dir()), None)
    if kept is None:
        raise StudioError(f"“{recipe['name']}” has kept nothing.", "Choose a run that finished.")
    workspace = Workspace(home)
    model = find_model(workspace, recipe["model"]["name"])
    return kept, model.ready_folder(workspace), recipe
