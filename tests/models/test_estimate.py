"""Steps are exact; minutes come from this computer's own runs as soon as there is one."""

from studio.methods import find_method
from studio.models.catalogue import find_model
from studio.models.estimate import estimate
from studio.models.speed import remember
from studio.models.starter import STARTER
from studio.workspace import Workspace

ROWS = {"train": 88, "validation": 12, "test": 20}


def test_steps_follow_the_rows_and_the_form(workspace: Workspace) -> None:
    settings = find_method("sft").settings
    assert settings(epochs=1).steps(88) == 22
    assert settings(epochs=0.5, batch_size=8).steps(10) == 1
    assert settings(epochs=4, max_steps=7).steps(88) == 7


def test_the_figure_says_where_it_comes_from(workspace: Workspace) -> None:
    model = find_model(workspace, STARTER)
    settings = find_method("sft").settings()
    guess = estimate(workspace, model, settings, ROWS, tokens=10_000)
    assert "guess" in guess.basis and guess.memory_gb is None
    remember(workspace, model.name, model.parameters, [10.0, 1000.0, 1000.0], 2.5)
    fast = estimate(workspace, model, settings, ROWS, tokens=10_000)
    remember(workspace, model.name, model.parameters, [10.0, 100.0, 100.0], 2.5)
    slow = estimate(workspace, model, settings, ROWS, tokens=10_000)
    assert "Measured with this model" in slow.basis and slow.memory_gb == 2.5
    assert slow.seconds > fast.seconds
    assert slow.steps == 88


def test_another_model_is_scaled_by_its_size(workspace: Workspace) -> None:
    model = find_model(workspace, STARTER)
    remember(workspace, "half/the-size", model.parameters // 2, [1.0, 400.0], 1.0)
    half = estimate(workspace, model, find_method("sft").settings(), ROWS, tokens=10_000)
    assert "half/the-size" in half.basis
