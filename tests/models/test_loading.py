"""Weights and tokenizers are loaded alike everywhere, and what cannot be loaded is told in words."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from studio.errors import StudioError
from studio.models.loading import TASKS, load_model, load_result, load_tokenizer, result_facts


@pytest.mark.parametrize(
    ("task", "folder"),
    [("causal", "tiny_model"), ("classifier", "tiny_model"), ("classifier", "tiny_encoder"),
     ("seq2seq", "tiny_encoder_decoder")],
)  # fmt: skip
def test_every_task_has_its_model(task: str, folder: str, request: pytest.FixtureRequest) -> None:
    head = {"num_labels": 3} if task == "classifier" else None
    model = load_model(request.getfixturevalue(folder), "cpu", "float32", task, head=head)
    assert task in TASKS
    if head:
        ids = torch.tensor([[5, 6, 7]])
        assert model(input_ids=ids).logits.shape == (1, 3)
        assert model.config.pad_token_id is not None


def test_labels_of_a_head_have_numbers_again_after_json(tiny_encoder: Path) -> None:
    names = {"0": "rug", "1": "lamp"}
    head = json.loads(json.dumps({"num_labels": 2, "id2label": names, "label2id": {"rug": 0, "lamp": 1}}))
    model = load_model(tiny_encoder, "cpu", "float32", "classifier", head=head)
    assert model.config.id2label == {0: "rug", 1: "lamp"}
    assert head["id2label"] == names  # what was passed in is left alone


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_number_format_is_the_one_asked_for(tiny_model: Path, dtype: str) -> None:
    model = load_model(tiny_model, "cpu", dtype)
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, dtype)}


def test_four_bit_is_nf4_with_double_quantisation(tiny_model: Path) -> None:
    model = load_model(tiny_model, "cpu", "float32", weights="4bit")
    weight = model.model.layers[0].mlp.up_proj.weight
    assert weight.quant_state.quant_type == "nf4" and weight.quant_state.nested
    assert weight.dtype == torch.uint8 and weight.numel() == 128 * 64 / 2
    assert model.lm_head.weight.dtype == model.model.embed_tokens.weight.dtype == torch.float32


@pytest.mark.parametrize("spoil", ["weights", "config", "pickle"])
def test_what_cannot_be_loaded_is_told_in_words(tiny_model: Path, tmp_path: Path, spoil: str) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny_model, folder)
    if spoil == "weights":
        (folder / "model.safetensors").write_bytes(b"rubbish")
    elif spoil == "config":
        (folder / "config.json").write_text('{"model_type": "no such thing"}')
    else:  # a format that can run code while it is opened
        (folder / "model.safetensors").unlink()
        torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(StudioError, match="spoilt could not be loaded") as caught:
        load_model(folder, "cpu", "float32")
    assert caught.value.hint


def test_a_tokenizer_always_has_padding(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    del config["pad_token"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = load_tokenizer(folder)
    assert tokenizer.pad_token == tokenizer.eos_token


def test_results_of_the_first_version_say_nothing_of_themselves(tiny_model: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(load_model(tiny_model, "cpu", "float32"), LoraConfig(task_type="CAUSAL_LM"))
    model.save_pretrained(tmp_path / "adapter")
    assert result_facts(tmp_path / "adapter") == {"task": "causal", "weights": "full", "head": {}}
    again = load_result(tmp_path / "adapter", tiny_model, "cpu", "float32")
    ids = torch.tensor([[5, 6, 7]])
    torch.testing.assert_close(again(input_ids=ids).logits, model.eval()(input_ids=ids).logits)
