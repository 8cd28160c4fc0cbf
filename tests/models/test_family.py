"""What kind of model a folder holds is read from its config alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.models.family import FAMILIES, Known, family_in, family_of, has_chat_template


@pytest.mark.parametrize(
    ("config", "family"),
    [
        ({"model_type": "llama", "architectures": ["LlamaForCausalLM"]}, "causal"),
        ({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}, "causal"),
        ({"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]}, "causal"),
        ({"model_type": "llama"}, "causal"),
        ({"model_type": "bert", "architectures": ["BertModel"]}, "encoder"),
        ({"model_type": "bert", "architectures": ["BertForSequenceClassification"]}, "encoder"),
        ({"model_type": "bert", "architectures": ["BertLMHeadModel"], "is_decoder": True}, "causal"),
        ({"model_type": "xlm-roberta", "architectures": ["XLMRobertaModel"]}, "encoder"),
        ({"model_type": "modernbert", "architectures": ["ModernBertForMaskedLM"]}, "encoder"),
        ({"model_type": "unheard-of", "architectures": ["UnheardOfForMaskedLM"]}, "encoder"),
        ({"model_type": "mpnet", "architectures": ["MPNetForMaskedLM"]}, "encoder"),
        ({"model_type": "t5", "is_encoder_decoder": True}, "encoder-decoder"),
        ({"model_type": "llava", "vision_config": {}, "text_config": {}}, "vision"),
        ({}, "causal"),
        ({"architectures": None}, "causal"),
    ],
    ids=str,
)
def test_the_family_is_told_from_the_config(config: dict[str, Any], family: str) -> None:
    assert family_in(config) == family
    assert family in FAMILIES


@pytest.mark.parametrize(
    ("config", "context"),
    [
        ({"max_position_embeddings": 8192}, 8192),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"vision_config": {}, "text_config": {"max_position_embeddings": 2048}}, 2048),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "mpnet", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "t5"}, 0),
        ({"max_position_embeddings": "many"}, 0),
    ],
    ids=str,
)
def test_the_context_is_what_can_be_read_at_once(tmp_path: Path, config: dict[str, Any], context: int) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    known = family_of(tmp_path)
    assert known is not None and known.context == context


def test_the_tiny_models_are_what_they_are(tiny_model: Path, tiny_encoder: Path, tiny_encoder_decoder: Path) -> None:
    assert family_of(tiny_model) == Known("causal", 512, chat=True)
    assert family_of(tiny_encoder) == Known("encoder", 512, chat=False)
    known = family_of(tiny_encoder_decoder)
    assert known is not None and (known.family, known.chat) == ("encoder-decoder", False)


def test_a_roberta_really_reads_as_many_tokens_as_we_say_and_no_more(tmp_path: Path) -> None:
    import torch
    from transformers import RobertaConfig, RobertaModel

    config = RobertaConfig(
        vocab_size=50, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    config.max_position_embeddings = 34
    model = RobertaModel(config)
    model.save_pretrained(tmp_path)
    known = family_of(tmp_path)
    assert known is not None and known.context == 32
    model(input_ids=torch.full((1, 32), 5))
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, 33), 5))


def test_without_a_config_nothing_is_known(tmp_path: Path) -> None:
    assert family_of(tmp_path) is None
    (tmp_path / "config.json").write_text("[]")
    assert family_of(tmp_path) is None
    assert not has_chat_template(tmp_path)
