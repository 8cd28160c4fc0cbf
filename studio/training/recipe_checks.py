"""What is looked at in a recipe before its data is touched: fields that contradict, and what is not there."""

from typing import TYPE_CHECKING

from studio.errors import StudioError
from studio.goals.catalogue import find_goal
from studio.methods import Method
from studio.training.sources import check_weights

if TYPE_CHECKING:
    from studio.training.recipe import DataPart, Recipe


def check_goal(recipe: "Recipe", method: Method) -> None:
    """Raises StudioError for a goal that there is not, and for a success that this method does not measure."""
    if recipe.goal:
        find_goal(recipe.goal)
    known = ["loss", *(metric.name for metric in method.metrics)]
    if recipe.success and recipe.success.metric not in known:
        raise StudioError(
            f"Success is to be measured by “{recipe.success.metric}”, which “{method.title}” does not report.",
            f"It reports {', '.join(known)}.",
        )


def check_sources(data: "DataPart") -> None:
    """Raises StudioError when fields of [data] contradict each other, naming them."""
    if not data.file and not data.merge and not data.hub:
        raise StudioError(
            "[data] does not say what to learn from.", "Write `file`, or several files as `merge`, or `hub`."
        )
    if data.hub and (data.file or data.merge):
        raise StudioError(f"[data] has both `hub` and `{'file' if data.file else 'merge'}`.", "Leave one of them out.")
    if data.file and data.merge:
        raise StudioError(
            "[data] has both `file` and `merge`.", "Write that file as one more [[data.merge]], or leave one out."
        )
    for name in ("prompt", "reply", "sheet") if data.merge else ():
        if getattr(data, name):
            raise StudioError(f"`{name}` in [data] does not say which file it is for.", "Write it in [[data.merge]].")
    check_weights(data.weights, data.merge)
    if data.test_mapping and not data.test_file:
        raise StudioError("[data] has `test_mapping`, but no `test_file`.", "Add the file, or leave the mapping out.")
    if data.test_file and (data.test if data.split is None else data.split.test) and not data.separate_test:
        raise StudioError(
            "[data] has both `test_file` and `test`, and the test rows can only come from one of them.",
            "Leave one of them out.",
        )
