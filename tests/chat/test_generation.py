"""Two answers from one batch are the answers that each model gives alone."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from studio.chat.generation import BASE, greedy_answers, tokens_side_by_side
from studio.datasets.examples import messages_of
from studio.models.loading import load_model, load_tokenizer

MESSAGES = messages_of("", "Where is my cup?")


@pytest.fixture
def model(tiny_model: Path) -> PeftModel:
    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    return get_peft_model(load_model(tiny_model, "cpu", "float32"), config, adapter_name="tuned")


def text_of(rows: list[list[int | None]], row: int, tokenizer) -> str:
    return tokenizer.decode([tokens[row] for tokens in rows if tokens[row] is not None], skip_special_tokens=True)


def test_both_rows_equal_what_each_says_alone(model: PeftModel, tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    both = list(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 24))
    (tuned,) = greedy_answers(model, tokenizer, [MESSAGES], 24)
    with model.disable_adapter():
        (base,) = greedy_answers(model, tokenizer, [MESSAGES], 24)
    assert base != tuned
    assert (text_of(both, 0, tokenizer), text_of(both, 1, tokenizer)) == (base, tuned)


def test_an_answer_that_has_ended_stays_ended(model: PeftModel, tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    both = list(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 8))
    model.generation_config.eos_token_id = [both[2][0]]
    again = list(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 8))
    ended = [tokens[0] is None for tokens in again]
    assert True in ended and ended == sorted(ended)


def test_it_never_writes_more_than_it_may(model: PeftModel, tiny_model: Path) -> None:
    assert len(list(tokens_side_by_side(model, load_tokenizer(tiny_model), MESSAGES, [BASE, "tuned"], 5))) <= 5
