"""Whatever a run keeps, base and tuned answer in Compare as each of them answers alone."""

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.chat.generation import (
    greedy_answers,
    in_turns,
    reading_of,
    step_of,
    tokens_alone,
    tokens_side_by_side,
)
from studio.chat.holder import Holder
from studio.chat.shared_batch import BASE, can_be_thin, shared_batch
from studio.chat.ways import BATCH, PREDICTS, TURNS, TWO, way_of
from studio.datasets.examples import messages_of
from studio.errors import StudioError
from studio.models.loading import load_model, load_processor, load_tokenizer
from studio.training.run import Run
from studio.workspace import Workspace, open_workspace
from tests.chat.results import adapted, keep, lively, new_run, other_weights

MESSAGES = messages_of("", "Where is my cup?")


def texts(tokens: Iterator[list[int | None]], tokenizer: Any) -> list[str]:
    rows: list[list[int]] = [[], []]
    for both in tokens:
        for row, token in zip(rows, both, strict=True):
            if token is not None:
                row.append(token)
    return [tokenizer.decode(row, skip_special_tokens=True) for row in rows]


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    return lively(tiny_model, tmp_path_factory.mktemp("lively") / "causal")


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory, tiny_encoder_decoder: Path) -> Path:
    return lively(tiny_encoder_decoder, tmp_path_factory.mktemp("lively") / "seq2seq", "seq2seq")


@pytest.fixture
def base_folder(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory, tiny_vision_model: Path) -> Path:
    """A model for pictures that says something else than the last token again and again."""
    folder = tmp_path_factory.mktemp("lively") / "vision"
    shutil.copytree(tiny_vision_model, folder)
    lively(tiny_vision_model, folder, "vision")
    return folder


def test_a_model_for_pictures_is_asked_with_and_without_one(vision: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 30), (200, 30, 30)).save(tmp_path / "red.png")
    processor = load_processor(vision)
    about = [{**MESSAGES[0], "picture": {"file": str(tmp_path / "red.png"), "size": 32}}]
    model = adapted(vision, "lora", "vision")
    said = {}
    for name, messages in (("plain", MESSAGES), ("picture", about)):
        both = texts(tokens_side_by_side(model, processor, messages, [BASE, "default"], 12), processor.tokenizer)
        (tuned,) = greedy_answers(model, processor, [messages], 12)
        (base,) = greedy_answers(load_model(vision, "cpu", "float32", "vision"), processor, [messages], 12)
        assert both == [base, tuned] and base != tuned
        said[name] = base
    assert said["plain"] != said["picture"]


CASES = [
    ("causal", "lora", "4bit"),
    ("causal", "lora", "8bit"),
    ("causal", "dora", "full"),
    ("causal", "dora", "4bit"),
    ("causal", "ia3", "full"),
    ("causal", "ia3", "4bit"),
    ("causal", "ia3", "8bit"),
    ("seq2seq", "lora", "full"),
    ("seq2seq", "ia3", "full"),
]


@pytest.mark.parametrize(
    ("base_folder", "task", "name", "weights"), [(c[0], *c) for c in CASES], indirect=["base_folder"]
)
def test_rows_of_one_batch_say_what_each_says_alone(base_folder: Path, task: str, name: str, weights: str) -> None:
    tokenizer = load_tokenizer(base_folder)
    model = adapted(base_folder, name, task, weights)
    both = texts(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "default"], 16), tokenizer)
    (tuned,) = greedy_answers(model, tokenizer, [MESSAGES], 16)
    (base,) = greedy_answers(load_model(base_folder, "cpu", "float32", task, weights), tokenizer, [MESSAGES], 16)
    assert base != tuned
    assert both == [base, tuned]


@pytest.mark.parametrize(
    ("base_folder", "task", "name", "weights"),
    [
        ("causal", "causal", "prompt", "full"),
        ("causal", "causal", "prefix", "full"),
        ("causal", "causal", "prompt", "4bit"),
        ("causal", "causal", "prefix", "8bit"),
        ("seq2seq", "seq2seq", "prompt", "full"),
        ("seq2seq", "seq2seq", "prefix", "full"),
    ],
    indirect=["base_folder"],
)
def test_a_learned_beginning_is_there_for_the_tuned_answer_alone(
    base_folder: Path, task: str, name: str, weights: str
) -> None:
    tokenizer = load_tokenizer(base_folder)
    model = adapted(base_folder, name, task, weights)
    asked = (model, tokenizer, MESSAGES, 16)
    both = texts(in_turns(tokens_alone(*asked, tuned=False), tokens_alone(*asked)), tokenizer)
    (base,) = greedy_answers(load_model(base_folder, "cpu", "float32", task, weights), tokenizer, [MESSAGES], 16)
    (tuned,) = greedy_answers(model, tokenizer, [MESSAGES], 16)
    assert base != tuned
    assert both == [base, tuned]


@pytest.mark.parametrize("name", ["prompt", "prefix"])
def test_a_learned_beginning_fits_no_batch_and_is_refused_there(causal: Path, name: str) -> None:
    """The layers of base and tuned are the same ones: in a batch both rows would be equal, and nobody would know."""
    model = adapted(causal, name)
    ids = torch.tensor([[1, 5, 9], [1, 5, 9]])
    with torch.no_grad():
        one, other = model.get_base_model()(input_ids=ids).logits
        assert torch.allclose(one, other, atol=1e-5)
        assert not torch.allclose(model(input_ids=ids[:1]).logits[0, -1], one[-1], atol=1e-3)
    with pytest.raises(ValueError, match="stands in front"):
        shared_batch(model, [BASE, "default"])


def test_packed_layers_are_never_multiplied_as_plain_numbers(causal: Path) -> None:
    import bitsandbytes

    packed = bitsandbytes.nn.Linear4bit(512, 512)
    assert packed.weight.numel() >= 100_000 and not can_be_thin(packed)
    assert can_be_thin(torch.nn.Linear(512, 512))


def test_a_row_of_an_8bit_batch_does_not_change_with_its_neighbour(causal: Path) -> None:
    """8-bit layers take out the columns in which any row of the batch has a large value."""
    model = adapted(causal, "lora", weights="8bit")
    ids = torch.tensor([[1, 5, 9, 300]])
    with torch.no_grad():
        with shared_batch(model, [BASE]) as forward:
            alone = forward(input_ids=ids).logits
        with shared_batch(model, [BASE, "default"]) as forward:
            together = forward(input_ids=ids.repeat(2, 1)).logits
    assert torch.equal(together[0], alone[0]) and not torch.allclose(together[1], alone[0])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("kinds") / "home")


def kept_run(workspace: Workspace, base: Path, name: str, weights: str = "full") -> Run:
    run = new_run(workspace, base, name)
    keep(run, other_weights(base) if name == "whole" else adapted(base, name, weights=weights), weights=weights)
    return run


def test_each_result_says_how_it_can_be_asked(workspace: Workspace, causal: Path) -> None:
    ways = {
        name: way_of(kept_run(workspace, causal, name).kept) for name in ("lora", "ia3", "prompt", "prefix", "whole")
    }
    assert ways == {"lora": BATCH, "ia3": BATCH, "prompt": TURNS, "prefix": TURNS, "whole": TWO}
    lora = kept_run(workspace, causal, "lora")
    assert way_of(lora.kept, examples=3) == TURNS
    (lora.adapter / "result.json").write_text('{"task": "classifier", "weights": "full", "head": {}}')
    assert way_of(lora.kept) == PREDICTS


def heard(model: Any, tokenizer: Any, tuned: bool = True) -> torch.Tensor:
    """What a model thinks of every token at the first steps of an answer whose words are given to it."""
    step = step_of(model, reading_of(model, tokenizer, MESSAGES), ["tuned" if tuned else BASE])
    with torch.inference_mode():
        return torch.cat([step(ids) for ids in (None, torch.tensor([[5]]), torch.tensor([[9]]))])


def test_the_base_stays_as_it_is_from_run_to_run(workspace: Workspace, causal: Path) -> None:
    """One base is held for every adapter of it, and what one of them does to it is undone for the next."""
    holder = Holder(workspace)
    holder.dtype = "float32"  # also on a processor that is better at shorter numbers
    tokenizer = load_tokenizer(causal)
    plain = heard(load_model(causal, "cpu", "float32"), tokenizer, tuned=False)
    held = None
    for name in ("lora", "prefix", "ia3", "dora", "lora"):
        holder.hold(kept_run(workspace, causal, name))
        assert held is None or holder.base is held
        held = holder.base
        torch.testing.assert_close(heard(holder.tuned, tokenizer, tuned=False), plain, atol=1e-3, rtol=1e-3)
        tuned, alone = (heard(m, tokenizer) for m in (holder.tuned, adapted(causal, name)))
        torch.testing.assert_close(tuned, alone, atol=1e-3, rtol=1e-3)
        assert not torch.allclose(tuned, plain, atol=0.1)


def test_two_models_are_held_and_their_memory_is_said(workspace: Workspace, causal: Path) -> None:
    holder = Holder(workspace)
    holder.hold(kept_run(workspace, causal, "lora"))
    one = holder.memory_mb
    holder.hold(kept_run(workspace, causal, "whole"))
    assert holder.base is not holder.tuned
    assert 1.6 * one < holder.memory_mb < 2.4 * one


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(workspace: Workspace, causal: Path) -> None:
    run = new_run(workspace, causal, "Huge")
    run.whole_model.mkdir()
    (run.whole_model / "result.json").write_text('{"task": "causal", "weights": "full", "head": {}}')
    header = json.dumps({"weight": {"dtype": "BF16", "shape": [1_000_000, 1_000_000], "data_offsets": [0, 0]}}).encode()
    (run.whole_model / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(StudioError, match=r"The two models take about [\d,.]+ GB of memory"):
        Holder(workspace).hold(run)
