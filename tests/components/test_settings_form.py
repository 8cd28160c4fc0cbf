"""The form: every setting of every method has its field, and only what applies is shown and counts."""

from typing import Any

import gradio as gr
import pytest

from components import settings_fields as fields
from components import settings_form, train_tab
from studio.methods import METHODS
from studio.methods.fields import applied
from studio.methods.presets import list_presets

ALL = list(METHODS.values())
IDS = [method.name for method in ALL]


@pytest.fixture(scope="module")
def form() -> dict[str, Any]:
    with gr.Blocks():
        return settings_form.build()


@pytest.mark.parametrize("method", ALL, ids=IDS)
def test_every_setting_has_a_field_of_its_kind(form: dict[str, Any], method: Any) -> None:
    keys = [fields.slot_of(method, name).key for name in method.settings.model_fields]
    assert len(set(keys)) == len(keys) and set(keys) <= set(form)
    for name, info in method.settings.model_fields.items():
        part = form[fields.slot_of(method, name).key]
        if fields.shape(name, info) != "table":
            assert part.label == info.title
        expected = {"choice": gr.Dropdown, "switch": gr.Checkbox, "slider": gr.Slider, "table": gr.HTML}
        assert isinstance(part, expected.get(fields.shape(name, info), gr.components.Component))


@pytest.mark.parametrize("method", ALL, ids=IDS)
def test_what_the_form_shows_at_first_is_what_the_settings_are(method: Any) -> None:
    values = fields.values_of(method.settings, {})
    sent = {key: update["value"] for key, update in settings_form.filled(method, values).items()}
    back = applied(method.settings, fields.of_method(method, sent))
    assert method.settings.model_validate(back) == method.settings()


def test_settings_of_one_name_and_another_meaning_are_two_fields() -> None:
    beta = {fields.slot_of(METHODS[name], "beta").key for name in ("dpo", "distillation")}
    assert len(beta) == 2
    assert fields.slot_of(METHODS["dpo"], "beta") == fields.slot_of(METHODS["kto"], "beta")


def test_each_method_brings_its_own_words_and_choices() -> None:
    judging = METHODS["classification"]
    updates = settings_form.filled(judging, fields.values_of(judging.settings, {}))
    offered = [value for _, value in updates["adapt"]["choices"]]
    assert tuple(offered) == judging.settings.applicable and "prompt" not in offered
    assert "texts" in updates["batch_size"]["info"]


def test_fields_hide_with_what_they_depend_on() -> None:
    schema = METHODS["sft"].settings
    with_lora, whole = fields.applying(schema, {"adapt": "lora"}), fields.applying(schema, {"adapt": "full"})
    assert {"rank", "weights"} <= with_lora and not {"rank", "weights"} & whole
    assert "virtual_tokens" in fields.applying(schema, {"adapt": "prompt"}) - with_lora
    assert "#setting-rank" in fields.style(METHODS["sft"], {"adapt": "full"})
    assert "#setting-rank" not in fields.style(METHODS["sft"], {"adapt": "lora"})
    assert "#setting-class-weights" in fields.style(METHODS["sft"], {})


def test_a_hidden_field_does_not_count() -> None:
    schema = METHODS["sft"].settings
    left = {"adapt": "full", "weights": "4bit", "rank": 7}  # 4-bit was chosen before “all of it”
    assert applied(schema, left) == {"adapt": "full"}
    assert schema.model_validate(applied(schema, left)).weights == "full"


def test_only_the_presets_for_the_method_are_shown() -> None:
    presets = list_presets()
    number = next(at for at, preset in enumerate(presets) if preset.name == "pretraining") + 1
    hidden = f"#preset label:nth-of-type({number})"
    assert hidden in fields.style(METHODS["sft"], {}) and hidden not in fields.style(METHODS["pretraining"], {})


@pytest.mark.parametrize("method", ALL, ids=IDS)
@pytest.mark.parametrize("adapt", ["lora", "full", "last_layers"])
def test_an_empty_learning_rate_says_what_it_means(method: Any, adapt: str) -> None:
    if adapt not in method.settings.applicable:
        pytest.skip("not a way of this method")
    words, rate = fields.rate_words(method.settings, adapt)
    assert float(rate) == method.settings(adapt=adapt).learning_rate
    assert f"Left empty it is {rate}" in words


def test_the_choices_of_a_run_are_those_that_apply() -> None:
    chosen = {"method": "dpo", "model": "m", "setting.adapt": "full", "setting.rank": 3, "setting.beta": 0.2,
              "setting.beta.distillation": 0.9, "setting.class_weights": "none"}  # fmt: skip
    assert train_tab.split(chosen) == {"method": "dpo", "model": "m", "settings": {"adapt": "full", "beta": 0.2}}


def hidden(method: str, **values: Any) -> set[str]:
    style = fields.style(METHODS[method], fields.values_of(METHODS[method].settings, values))
    return {name for name in ("devices", "spread") if f"#setting-{name}" in style}


def test_the_form_offers_it_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "devices_here", lambda: 1)
    assert hidden("sft") == {"devices", "spread"}
    assert hidden("sft", devices=2) == set()  # as a draft from a larger computer says: its sentence has to be seen
    monkeypatch.setattr(fields, "devices_here", lambda: 8)
    assert hidden("sft") == {"spread"} and hidden("dpo", devices=2) == set()
    assert hidden("rlhf") == {"devices", "spread"}
