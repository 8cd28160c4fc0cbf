"""Before Start: the page tells the same trouble in the same words as a recipe without a page."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components import plan
from components.data_choice import Prepared
from studio.datasets.store import add_file
from studio.datasets.versions import DataSteps, prepare
from studio.datasets.xray import XRay
from studio.errors import StudioError
from studio.methods import find_method
from studio.training.events import EventLog
from studio.training.recipe import DataPart, ModelPart, Recipe, new_recipe
from studio.training.run import create_run
from studio.workspace import Workspace
from tests.conftest import chat_steps

Make = Callable[..., Path]
LABELS = {"kind": "label", "shape": "text_label", "columns": {"text": "text", "label": "label"}}


@pytest.fixture
def xray(workspace: Workspace) -> Iterator[XRay]:
    helper = XRay(workspace)
    yield helper
    helper.close()


def choose(workspace: Workspace, file: Path, steps: DataSteps) -> dict[str, str]:
    dataset = add_file(workspace, file)
    prepare(workspace, dataset, steps)
    return {"dataset": dataset.id, "data": Prepared(dataset=dataset.id, steps=steps).model_dump_json()}


def labelled(workspace: Workspace, tmp_path: Path, once: bool = False) -> dict[str, str]:
    rows = [f"My {thing} number {i} broke,{thing}" for i in range(12) for thing in ("cup", "lamp")]
    rows += ["Something else,rare"] if once else []
    file = tmp_path / "labels.csv"
    file.write_text("\n".join(["text,label", *rows]))
    return choose(workspace, file, DataSteps.model_validate({"mapping": LABELS}))


def headless(workspace: Workspace, chosen: dict[str, str], **asked: Any) -> StudioError:
    data = Prepared.model_validate_json(chosen["data"])
    with pytest.raises(StudioError) as refused:
        new_recipe(workspace, name="x", dataset_id=data.dataset, steps=data.steps, **asked)
    return refused.value


def test_an_encoder_for_a_chat_method(workspace: Workspace, make_csv: Make, xray: XRay, tiny_encoder: Path) -> None:
    chosen = choose(workspace, make_csv(), chat_steps())
    asked: dict[str, Any] = {"model": str(tiny_encoder), "method": "sft", "settings": {}}
    found = plan.outlook(workspace, xray, **chosen, **asked)
    error = headless(workspace, chosen, **asked)
    assert not found.ready and found.why == (error.message, error.hint)
    assert "cannot train it" in error.message and error.hint


def test_a_label_that_is_seen_once(workspace: Workspace, tmp_path: Path, xray: XRay, tiny_encoder: Path) -> None:
    chosen = labelled(workspace, tmp_path, once=True)
    asked: dict[str, Any] = {"model": str(tiny_encoder), "method": "classification", "settings": {}}
    found = plan.outlook(workspace, xray, **chosen, **asked)
    error = headless(workspace, chosen, **asked)
    assert not found.ready and found.why == (error.message, error.hint)


def test_a_context_longer_than_the_models(workspace: Workspace, make_csv: Make, xray: XRay, tiny_model: Path) -> None:
    chosen = choose(workspace, make_csv(), chat_steps())
    asked: dict[str, Any] = {"model": str(tiny_model), "method": "sft", "settings": {"max_length": 4096}}
    found = plan.outlook(workspace, xray, **chosen, **asked)
    assert not found.ready and found.why is not None and "512" in found.why[0] + found.why[1]


def test_sorting_with_an_encoder_has_a_time_though_it_has_no_chat_format(
    workspace: Workspace, tmp_path: Path, xray: XRay, tiny_encoder: Path
) -> None:
    chosen = labelled(workspace, tmp_path)
    asked: dict[str, Any] = {"model": str(tiny_encoder), "method": "classification", "settings": {}}
    found = plan.outlook(workspace, xray, **chosen, **asked)
    assert found.ready and found.why is None
    assert found.lengths is not None and found.lengths.median > 3
    assert {"balanced", "classification", "fixed_features"} <= set(found.seconds)
    assert "pretraining" not in found.seconds


def test_an_earlier_adapter_of_another_kind_is_refused_before_the_start(
    workspace: Workspace, make_csv: Make, xray: XRay, tiny_model: Path
) -> None:
    chosen = choose(workspace, make_csv(), chat_steps())
    earlier = create_run(workspace, Recipe(name="First", data=DataPart(), model=ModelPart(name=str(tiny_model))))
    earlier.adapter.mkdir()
    (earlier.adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 8, "lora_alpha": 16}))
    EventLog(earlier.events).write("finished", result={})
    asked: dict[str, Any] = {"model": str(tiny_model), "method": "sft", "start": earlier.id}
    wrong = plan.outlook(workspace, xray, **chosen, **asked, settings={"adapt": "ia3"})
    assert not wrong.ready and wrong.why is not None and "“First”" in wrong.why[0]
    right = plan.outlook(workspace, xray, **chosen, **asked, settings={"adapt": "lora", "rank": 8, "alpha": 16})
    assert right.ready


def test_a_model_that_is_not_here_yet_has_a_time_once_another_has_counted_the_tokens(
    workspace: Workspace, make_csv: Make, xray: XRay, tiny_model: Path
) -> None:
    chosen = choose(workspace, make_csv(40), chat_steps())
    asked = {"method": "sft", "settings": {"max_length": 256}}
    before = plan.outlook(workspace, xray, **chosen, model="qwen2.5-0.5b-instruct", **asked)
    assert before.ready and before.estimate is None
    known = plan.outlook(workspace, xray, **chosen, model=str(tiny_model), **asked)
    found = plan.outlook(workspace, xray, **chosen, model="qwen2.5-0.5b-instruct", **asked)
    assert known.estimate and found.estimate and found.ready and found.why and "download" in " ".join(found.why).lower()
    assert found.estimate.seconds > known.estimate.seconds and found.steps == known.steps


def test_no_time_is_promised_where_answers_are_written(
    workspace: Workspace, make_csv: Make, xray: XRay, tiny_model: Path
) -> None:
    chosen = choose(workspace, make_csv(), chat_steps())
    rules = [{"kind": "contains", "value": "way"}]
    asked: dict[str, Any] = {"model": str(tiny_model), "method": "rlhf"}
    found = plan.outlook(workspace, xray, **chosen, **asked, settings={"rules": rules, "answer_tokens": 16})
    assert found.why is None and found.seconds == {}
    assert "about" not in plan.draw(found) and "several times as long" in plan.draw(found)


def test_check_rows_that_a_check_leaves_out_are_told() -> None:
    settings = find_method("sft").settings()
    assert "the same 64 at each check" in plan.rows({"train": 900, "validation": 90, "test": 10}, settings)
    assert "at each check" not in plan.rows({"train": 900, "validation": 64, "test": 10}, settings)
