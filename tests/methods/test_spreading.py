"""Training on several devices, as far as it can be told before a run starts: what is refused, and at which field."""

from typing import Any

import pytest

from studio.errors import StudioError
from studio.methods import METHODS
from studio.methods.arguments import bite
from studio.methods.field_errors import field_errors
from studio.methods.spreading import check_devices, devices_of, in_pieces
from studio.models import hardware
from studio.models.hardware import CPU_DEVICES, Gpu, Hardware
from studio.training.back_off import allowed
from studio.training.recipe import DataPart, MethodPart, Recipe

SPREADABLE = ("sft", "pretraining", "dpo")
CARDS = tuple(Gpu("NVIDIA H100", 80.0, 79.0, f"GPU-{place}") for place in range(8))
EIGHT = Hardware(64, 512.0, 500.0, CARDS[0], CARDS[1:])
ONE = Hardware(2, 24.0, 16.0, None)


def settings(method: str = "sft", **given: Any) -> Any:
    return METHODS[method].settings.model_validate(given)


def test_two_devices_where_one_is_are_refused_at_the_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.methods.spreading.look", lambda: ONE)
    found = field_errors(METHODS["sft"], {"devices": 2})
    assert found == {
        "devices": "2 devices are asked for, and this computer has one device to train on. "
        "Choose 1 in “Devices that train together”."
    }
    with pytest.raises(StudioError, match="9 devices are asked for, and this computer has 8") as refused:
        check_devices(settings(batch_size=9, devices=9), EIGHT)
    assert refused.value.field == "devices" and "at most 8" in refused.value.hint
    check_devices(settings(batch_size=8, devices=8), EIGHT)


def test_the_processor_counts_as_several_only_where_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware.shutil, "which", lambda name: None)
    monkeypatch.delenv(CPU_DEVICES, raising=False)
    assert hardware.look().devices == 1
    monkeypatch.setenv(CPU_DEVICES, "2")
    assert hardware.look().keys == ("cpu", "cpu-1")
    check_devices(settings(devices=2))
    monkeypatch.setenv(CPU_DEVICES, "two")
    assert hardware.look().devices == 1


def test_each_device_takes_its_share_of_a_step() -> None:
    assert bite(settings(batch_size=8, accumulation=2, devices=2)) == 2
    with pytest.raises(StudioError, match="3 examples at once cannot be shared equally by 2 devices") as refused:
        bite(settings(batch_size=6, accumulation=2, devices=2))
    assert refused.value.field == "devices"
    given = settings(batch_size=8, devices=2)
    assert allowed(METHODS["sft"], given, {"accumulation": 4})
    assert not allowed(METHODS["sft"], given, {"accumulation": 8})  # one example at once cannot be shared by two


@pytest.mark.parametrize("method", [name for name in METHODS if name not in SPREADABLE])
def test_other_methods_say_that_they_train_on_one(method: str) -> None:
    recipe = Recipe(data=DataPart(file="x"), method=MethodPart(name=method), settings={"devices": 2})
    with pytest.raises(StudioError, match="trains on one device only") as refused:
        recipe.checked_settings()
    assert refused.value.field == "devices"


@pytest.mark.parametrize(
    "given",
    [
        {"adapt": "gradual"},
        {"adapt": "prompt"},
        {"weights": "4bit"},
        {"init": "pissa"},
        {"spread": "fsdp", "dora": True},
        {"spread": "fsdp", "adapt": "ia3"},
    ],
)
def test_what_is_not_proved_on_several_is_refused(given: dict[str, Any]) -> None:
    assert "one device only" in field_errors(METHODS["sft"], {"devices": 2, **given})["devices"]
    assert "devices" not in field_errors(METHODS["sft"], given)


def test_a_model_is_in_pieces_only_on_several() -> None:
    assert not in_pieces(settings(spread="fsdp")) and devices_of(settings()) == 1
    assert in_pieces(settings(spread="fsdp", devices=2)) and not in_pieces(settings(devices=2))
    assert devices_of(METHODS["reward"].settings()) == 1
