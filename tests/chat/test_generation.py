"""Two answers from one batch are the answers that each model gives alone."""

from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from studio.chat.generation import greedy_answer, greedy_answers, greedy_together, tokens_side_by_side
from studio.chat.shared_batch import BASE, FEW, can_be_thin, thin
from studio.datasets.examples import messages_of
from studio.models.loading import load_model, load_tokenizer

MESSAGES = messages_of("", "Where is my cup?")


@pytest.fixture(params=[{}, {"use_dora": True}, {"modules_to_save": ["lm_head"]}], ids=["plain", "dora", "head"])
def model(tiny_model: Path, request: pytest.FixtureRequest) -> PeftModel:
    """Plain LoRA, and two kinds of layers that answer their rows apart."""
    torch.manual_seed(1)
    config = LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM", **request.param
    )
    model = get_peft_model(load_model(tiny_model, "cpu", "float32"), config, adapter_name="tuned")
    for name, weight in model.named_parameters():
        if "modules_to_save" in name:
            torch.nn.init.normal_(weight)
    return model


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


def test_questions_of_any_length_are_answered_together_as_they_are_alone(model: PeftModel, tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    asked = [messages_of("", words) for words in ("Why?", "Where is my cup? " * 6, "Where is the lamp?")]
    alone = [greedy_answer(model, tokenizer, one, 24) for one in asked]
    assert len({text for text, _ in alone}) == 3
    assert greedy_together(model, tokenizer, asked, 24) == alone
    assert {cut for _, cut in alone} == {True}


def test_an_answer_that_ends_by_itself_is_not_cut(model: PeftModel, tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    tokens = [row[1] for row in tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 8)]
    model.generation_config.eos_token_id = [tokens[4]]
    alone = greedy_answer(model, tokenizer, MESSAGES, 8)
    other = messages_of("", "Why?")
    assert alone[1] is False
    assert greedy_together(model, tokenizer, [MESSAGES, other], 8)[0][1] is False


def test_an_answer_that_has_ended_stays_ended(model: PeftModel, tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    both = list(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 8))
    model.generation_config.eos_token_id = [both[2][0]]
    again = list(tokens_side_by_side(model, tokenizer, MESSAGES, [BASE, "tuned"], 8))
    ended = [tokens[0] is None for tokens in again]
    assert True in ended and ended == sorted(ended)


def test_it_never_writes_more_than_it_may(model: PeftModel, tiny_model: Path) -> None:
    assert len(list(tokens_side_by_side(model, load_tokenizer(tiny_model), MESSAGES, [BASE, "tuned"], 5))) <= 5


def test_the_model_is_as_it_was_after_an_answer_that_was_broken_off(model: PeftModel, tiny_model: Path) -> None:
    ids = torch.tensor([[1, 5, 9]])
    with torch.no_grad():
        before = model(input_ids=ids).logits
        answer = tokens_side_by_side(model, load_tokenizer(tiny_model), MESSAGES, [BASE, "tuned"], 8)
        next(answer)
        answer.close()
        assert torch.equal(model(input_ids=ids).logits, before)


def test_few_rows_are_multiplied_as_many_are() -> None:
    torch.manual_seed(0)
    for bias in (True, False):
        layer = torch.nn.Linear(400, 300, bias=bias)
        assert can_be_thin(layer)
        for rows in (1, 2, FEW, FEW + 1):
            x = torch.randn(rows, 1, 400)
            torch.testing.assert_close(thin(layer)(x), layer(x))
