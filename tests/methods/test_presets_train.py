"""Every shipped preset of every method is taken by the engine and trains two steps on a two-layer model."""

import math
from pathlib import Path

import pytest

from studio.methods import METHODS
from studio.methods.checks import check_run
from studio.methods.field_errors import field_errors
from studio.methods.presets import Preset, list_presets
from studio.models.catalogue import find_model
from studio.models.family import family_of
from tests.methods.lessons import Lessons, lessons

__all__ = ["lessons"]
pytestmark = pytest.mark.slow
PAIRS = [(preset, method) for method in METHODS for preset in list_presets(method)]


@pytest.mark.parametrize(("preset", "method"), PAIRS, ids=[f"{preset.name}-{method}" for preset, method in PAIRS])
def test_a_preset_is_sound_and_trains(lessons: Lessons, preset: Preset, method: str, tmp_path: Path) -> None:
    found = METHODS[method]
    known = family_of(lessons.model(method))
    assert known is not None
    needed = lessons.needed(method)
    settings = preset.fitted(found.settings, rows=12, context=known.context, given=needed).settings | needed
    assert field_errors(found, settings, known.context) == {}
    job = lessons.job(method, tmp_path / "whole", **settings)
    check_run(lessons.workspace, found, job.settings, job.version, find_model(lessons.workspace, str(job.folder)))
    assert job.settings.steps(12) >= 5, "a dozen rows are learned from in more than a step or two"

    trainer = found.build(lessons.job(method, tmp_path / "short", **settings, max_steps=2))
    trained = {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert trainer.state.global_step == 2 and len(losses) == 2 and all(map(math.isfinite, losses))
    assert any(not p.equal(trained[name]) for name, p in trainer.model.named_parameters() if name in trained)
