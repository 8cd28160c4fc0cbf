"""From a row to ids and labels, and that the X-ray, the trainer and the chat agree on them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest

from studio.datasets.examples import IGNORED, messages_of, prompt_ids, render
from studio.datasets.rows import conversations, new_rows
from studio.datasets.store import add_file
from studio.datasets.versions import prepare
from studio.datasets.xray import XRay
from studio.errors import StudioError
from studio.models.loading import load_tokenizer
from studio.workspace import Workspace
from tests.conftest import chat_steps


def test_only_the_reply_and_its_end_are_learned(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    example = render(tokenizer, messages_of("Be kind.", "Where?", "Here, of course."), 512)
    learned = [token for token, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(learned) == "Here, of course.<|im_end|>"
    assert all(label in (IGNORED, token) for token, label in zip(example.ids, example.labels, strict=True))
    assert "Be kind." in tokenizer.decode(example.ids)


def test_what_is_read_in_training_is_what_is_asked_later(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    example = render(tokenizer, messages_of("", "Where?", "Here."), 512)
    asked = prompt_ids(tokenizer, messages_of("", "Where?"))
    assert example.ids[: len(asked)] == asked
    assert example.labels[: len(asked)] == [IGNORED] * len(asked)
    assert example.labels[len(asked)] != IGNORED


def test_a_long_example_is_cut_at_the_end(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    messages = messages_of("", "Where?", "Here. " * 50)
    whole, cut = render(tokenizer, messages, 512), render(tokenizer, messages, 40)
    assert (cut.ids, cut.labels, cut.total) == (whole.ids[:40], whole.labels[:40], whole.total)


def test_a_model_without_a_chat_format_is_refused(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = None
    with pytest.raises(StudioError, match="no chat format"):
        render(tokenizer, messages_of("", "Where?", "Here."), 512)


@pytest.fixture
def xray(workspace: Workspace) -> Iterator[XRay]:
    service = XRay(workspace)
    yield service
    service.close()


def test_the_xray_shows_what_the_trainer_gets(
    workspace: Workspace, xray: XRay, tiny_model: Path, make_csv: Callable[..., Path]
) -> None:
    from studio.methods.reply_trainer import example_rows

    version = prepare(
        workspace,
        add_file(workspace, make_csv(3)),
        chat_steps(system="Be kind.", split={"near_together": False}),
    )
    row = version.texts("train").iloc[0]
    tokenizer = load_tokenizer(tiny_model)
    system, question = row["prompt"].split("\n")
    asked = messages_of(system, question)
    limit = len(prompt_ids(tokenizer, asked)) + 5
    batch = example_rows(tokenizer, version, "train", limit)[0]
    view = xray.show(str(tiny_model), [*asked, {"role": "assistant", "content": row["reply"]}], limit)
    pieces = [piece for segment in view.segments for piece in segment.pieces]
    kinds = ["learn" if label != IGNORED else "read" for label in batch["labels"]]
    assert [piece.kind for piece in pieces[:limit]] == kinds
    assert {piece.kind for piece in pieces[limit:]} == {"cut"}
    assert "".join(piece.text for piece in pieces[:limit]) == tokenizer.decode(batch["input_ids"])
    assert (view.read + view.learn, view.total) == (limit, len(pieces))
    assert view.cut == len(pieces) - limit
    assert [segment.role for segment in view.segments] == ["system", "user", "assistant"]
    lengths = xray.lengths(str(tiny_model), version, limit)
    assert lengths.tokens <= 3 * limit and lengths.cut_rows == 3
    assert sum(rows for _, rows in lengths.counts) == 3


def test_the_xray_says_what_is_wrong_and_goes_on(xray: XRay, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudioError, match="no model called"):
        xray.show("nonsense", messages_of("", "a", "b"), 30)
    dead = xray.child.started()
    dead.kill()
    dead.wait()
    with monkeypatch.context() as patch, pytest.raises(StudioError, match="ended unexpectedly"):
        patch.setattr(xray.child, "started", lambda: dead)  # as if it had died after the question was put
        xray.show(str(tiny_model), messages_of("", "a", "b"), 30)
    assert xray.show(str(tiny_model), messages_of("", "a", "b"), 30).total > 0


TOOLS = [{"type": "function", "function": {"name": "find", "description": "Finds a parcel.", "parameters": {}}}]
CALL = {"type": "function", "function": {"name": "find", "arguments": {"number": 7}}}
TALK = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Where is parcel 7?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "in Leeds"},
    {"role": "assistant", "content": "It is in Leeds."},
    {"role": "user", "content": "Thanks!"},
    {"role": "assistant", "content": "You are welcome."},
]


def test_every_answer_of_a_longer_talk_is_learned_and_tools_are_told(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    example = render(tokenizer, TALK, 4096, TOOLS)
    learned = [token for token, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
    said = tokenizer.decode(learned)
    assert said.count("<|im_end|>") == 3
    assert "<tool_call>" in said and "It is in Leeds." in said and "You are welcome." in said
    assert "in Leeds</tool_response>" not in said and "Thanks!" not in said
    assert "Finds a parcel." in tokenizer.decode(example.ids)


def test_an_answer_of_weight_0_is_read_only(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    talk = [*messages_of("", "A?", "first"), *messages_of("", "B?", "second")]
    talk[1]["weight"] = 0
    example = render(tokenizer, talk, 512)
    learned = [token for token, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(learned) == "second<|im_end|>"


def test_a_talk_with_tools_looks_the_same_in_trainer_and_xray(
    workspace: Workspace, xray: XRay, tiny_model: Path, tmp_path: Path
) -> None:
    import json

    from studio.datasets.shapes import guess
    from studio.datasets.versions import DataSteps
    from studio.methods.reply_trainer import example_rows

    path = tmp_path / "talks.jsonl"
    path.write_text("".join(json.dumps({"messages": TALK, "tools": TOOLS}) + "\n" for _ in range(3)))
    dataset = add_file(workspace, path)
    found = guess(dataset.head(10), dataset.name)
    assert found is not None and found.mapping.shape == "messages"
    version = prepare(
        workspace,
        dataset,
        DataSteps.model_validate({"mapping": found.mapping.model_dump(), "split": {"near_together": False}}),
    )
    tokenizer = load_tokenizer(tiny_model)
    batch = example_rows(tokenizer, version, "train", 4096)[0]
    view = xray.show(str(tiny_model), TALK, 4096, TOOLS)
    pieces = [piece for segment in view.segments for piece in segment.pieces]
    assert [piece.kind for piece in pieces] == ["learn" if label != IGNORED else "read" for label in batch["labels"]]
    assert "".join(piece.text for piece in pieces) == tokenizer.decode(batch["input_ids"])
    assert [segment.role for segment in view.segments].count("assistant") == 3


def test_a_greeting_before_the_first_question_is_only_read(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    talk = [{"role": "assistant", "content": "Welcome!"}, *messages_of("", "Where?", "Here.")]
    example = render(tokenizer, talk, 512)
    learned = [token for token, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(learned) == "Here.<|im_end|>"
    assert "Welcome!" in tokenizer.decode(example.ids)


def test_a_template_that_refuses_a_talk_is_a_sentence(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    tokenizer.chat_template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}x"
    with pytest.raises(StudioError, match="does not take one of the conversations: no system"):
        render(tokenizer, messages_of("Be kind.", "Where?", "Here."), 512)


def test_plain_text_is_learned_whole_with_the_mark_that_ends_it(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(tiny_model)
    rows = new_rows(numpy.array([1]), text=["We are open from 9 to 5."])
    messages, tools = next(conversations(rows, "text"))
    example = render(tokenizer, messages, 512, tools)
    assert example.labels == example.ids
    assert tokenizer.decode(example.ids) == f"We are open from 9 to 5.{tokenizer.eos_token}"
