"""What the tests of searches begin with: a recipe, and runs that are submitted and that nobody trains."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.sweeps import conductor
from studio.training.recipe import Recipe, load_recipe, resolve
from studio.training.run import Run, create_run
from studio.workspace import Workspace


@pytest.fixture
def base(workspace: Workspace, make_recipe: Callable[..., Path]) -> Recipe:
    return resolve(workspace, load_recipe(make_recipe(checks=4)))


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that were submitted. Nobody trains them."""
    runs: list[Run] = []

    def submit(workspace: Workspace, recipe: Recipe) -> Run:
        runs.append(create_run(workspace, recipe))
        return runs[-1]

    monkeypatch.setattr(conductor, "submit", submit)
    return runs
