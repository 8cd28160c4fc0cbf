"""What the coach is told of a run's settings, so that it can say what to change them to."""

from dataclasses import dataclass

from studio.errors import StudioError
from studio.methods import find_method
from studio.training.recipe import Recipe


@dataclass(frozen=True)
class Given:
    """rate: the learning rate that was set; usual_rate: the one that suits the rest; None: not known.

    batch_size: examples per step; accumulation: in how many bites; 0: not known.
    """

    rate: float | None = None
    usual_rate: float | None = None
    batch_size: int = 0
    accumulation: int = 0


def given_of(recipe: Recipe, hidden: int = 0) -> Given:
    """From a recipe. Of a later studio's method nothing is known. hidden: the model's hidden size, 0: not known."""
    try:
        settings, schema = recipe.checked_settings(), find_method(recipe.method.name).settings
    except StudioError:
        return Given()
    usual = schema.rate_for(settings.adapt, hidden)
    return Given(settings.learning_rate, usual, settings.batch_size, settings.accumulation)
