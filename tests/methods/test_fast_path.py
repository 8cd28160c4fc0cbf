"""The fast path comes to what the plain way comes to: the same losses, gradients and counts, for every shape."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.datasets.examples import IGNORED
from studio.datasets.store import add_file
from studio.datasets.versions import Version, prepare
from studio.methods import Job, find_method
from studio.methods.fast_path.budget import MOST, rows_at_once, token_budget
from studio.methods.fast_path.low_rank import LowRank
from studio.methods.fast_path.parts import WHOLE, Row, divided, in_parts, padded, read_length
from studio.methods.fast_path.scores import without_adapter
from studio.methods.fast_path.short_rows import ShortRows
from studio.methods.fast_path.tiles import TILE, is_frozen, tiled_loss
from studio.methods.reply_trainer import ReplyTrainer
from studio.workspace import Workspace
from tests.conftest import chat_steps
from tests.methods.fast_paths import SHAPES, assert_alike, made_plain, model, steps_of

NO_START = 0  # tokens that a further part costs


@pytest.fixture
def version(workspace: Workspace, tmp_path: Path) -> Version:
    """Questions and answers of very uneven length."""
    lines = [
        f'"Where is my order number {i}?{" Please look." * (i * i % 17)}","It is on its way{", soon" * (i % 11)}."'
        for i in range(30)
    ]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["question,answer", *lines]))
    return prepare(workspace, add_file(workspace, path), chat_steps(split={"near_together": False}))


@pytest.fixture
def build(version: Version, tmp_path: Path) -> Callable[..., ReplyTrainer]:
    def make(shape: str = "Llama", dtype: str = "float32", **settings: object) -> ReplyTrainer:
        method = find_method("sft")
        given = {"max_steps": 4, "learning_rate": 0.005, "batch_size": 8, "checks": 1, **settings}
        job = Job(model(tmp_path, shape), version, method.settings.model_validate(given), tmp_path, "cpu", dtype)
        trainer: ReplyTrainer = method.build(job)
        return trainer

    return make


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_learns_as_by_the_plain_way(build: Callable[..., ReplyTrainer], shape: str) -> None:
    fast = build(shape)
    fast.budget = 256  # so small that a step has several parts
    assert_alike(fast, build(shape))


@pytest.mark.parametrize("shape", ["Llama", "GPT2"])
def test_bfloat16_learns_as_by_the_plain_way(build: Callable[..., ReplyTrainer], shape: str) -> None:
    assert_alike(build(shape, "bfloat16"), build(shape, "bfloat16"))


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulation": 4},
        {"packing": True, "max_length": 256, "batch_size": 4},
        {"adapt": "full", "learning_rate": 0.0005},
        {"adapt": "prompt"},
        {"weights": "4bit"},
        {"dora": True},
        {"checkpointing": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_every_way_learns_as_by_the_plain_way(build: Callable[..., ReplyTrainer], settings: dict[str, Any]) -> None:
    fast = build(**settings)
    fast.budget = 256
    assert_alike(fast, build(**settings))


def test_all_rows_of_a_step_come_to_its_parts(build: Callable[..., ReplyTrainer]) -> None:
    trainer = build(batch_size=8)
    rows = [trainer.train_dataset[index] for index in range(8)]
    bites = [trainer.data_collator(rows[begin : begin + 4]) for begin in (0, 4)]
    budget = 2 * max(len(row["input_ids"]) for row in rows)
    found = [row for bite in bites for row in trainer.rows_in(bite)]
    parts = in_parts(found, trainer.blanks, budget, NO_START)
    assert len(parts) > 1 and all(part["input_ids"].numel() <= budget for part in parts)
    lines = [line for part in parts for line in zip(part["input_ids"].tolist(), part["labels"].tolist(), strict=True)]
    for row in rows:
        ids, labels = row["input_ids"], row["labels"]
        assert any(read[: len(ids)] == ids and learned[: len(ids)] == labels for read, learned in lines)
    assert len(lines) == len(rows)
    assert sum(label != IGNORED for _, labels in lines for label in labels) == sum(
        label != IGNORED for row in rows for label in row["labels"]
    )  # none of the padding is learned
    whole = in_parts(found, trainer.blanks, 10**6, 10**6)  # in one, where another part costs more
    assert [len(part["input_ids"]) for part in whole] == [8]


def test_a_check_reads_no_more_at_once_than_a_step_and_finds_the_same(build: Callable[..., ReplyTrainer]) -> None:
    trainer, read = build(batch_size=8), []
    trainer.budget = 256
    collate = trainer.data_collator
    trainer.data_collator = lambda rows: read.append([len(row["input_ids"]) for row in rows]) or collate(rows)
    ours = trainer.judge(trainer.train_dataset)
    assert len(read) > 1 and sum(map(len, read)) == len(trainer.train_dataset)
    assert all(len(lengths) == 1 or len(lengths) * max(lengths) <= 256 for lengths in read)
    assert ours == pytest.approx(made_plain(trainer).judge(trainer.train_dataset), rel=1e-5)


def test_a_division_costs_no_more_than_any_other() -> None:
    assert divided([128, 64, 16, 16], 1000, NO_START) == [1, 2, 4]
    assert divided([128, 64, 16, 16], 1000, 80) == [2, 4] and divided([128, 64, 16, 16], 1000, 500) == [4]
    assert divided([128, 128, 16, 16], 150, 500) == [1, 2, 4]
    assert divided([300, 300], 100, 500) == [1, 2]  # a row is never cut
    assert divided([], 100, NO_START) == []
    assert divided([64, 64], 256, 500, texts=2) == [2] and divided([64, 64], 255, 500, texts=2) == [1, 2]


def test_the_tokens_of_a_part_are_a_multiple_that_is_met_again_and_again() -> None:
    assert [rows * read_length(100, rows) for rows in (1, 2, 3, 4, 8)] == [128, 224, 384, 416, 800]
    assert {rows * read_length(length, rows) % WHOLE for rows in range(1, 9) for length in range(1, 99)} == {0}
    rows = [Row(length, {"input_ids": torch.ones(1, length), "share": torch.ones(1)}) for length in (5, 3)]
    part = padded(rows, {"input_ids": 0})
    assert part["input_ids"].shape == (2, 16) and part["input_ids"].sum() == 8 and part["share"].shape == (2,)


def test_the_budget_is_no_more_than_a_bite() -> None:
    assert token_budget("cpu", 4, 100) == 400
    assert token_budget("cpu", 64, 1000) == MOST["cpu"]
    assert token_budget("cuda", 64, 1000) == MOST["cuda"]
    assert rows_at_once(256, 4, 100) == 2
    assert rows_at_once(256, 4, 1000) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bias", [False, True])
def test_tiles_come_to_the_loss_and_the_gradient_of_all_at_once(
    dtype: torch.dtype, bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TILE, "cpu", 4 * 50 * 7)  # seven tokens at a time
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 50, bias=bias).to(dtype).requires_grad_(False)
    hidden, weights = torch.randn(30, 16, dtype=dtype, requires_grad=True), torch.rand(30)
    targets = torch.randint(50, (30,))
    losses = tiled_loss(hidden, head, targets, "cpu")
    (ours,) = torch.autograd.grad((losses * weights).sum(), hidden)
    expected = torch.nn.functional.cross_entropy(head(hidden).float(), targets, reduction="none")
    (theirs,) = torch.autograd.grad((expected * weights).sum(), hidden)
    close = 1e-6 if dtype == torch.float32 else 1e-2
    torch.testing.assert_close(losses, expected, rtol=close, atol=close)
    torch.testing.assert_close(ours, theirs, rtol=close, atol=close)
    assert float(ours.float().norm()) > 0
    with torch.no_grad():
        torch.testing.assert_close(tiled_loss(hidden, head, targets, "cpu"), losses)


def test_a_head_that_learns_is_read_as_it_always_was(build: Callable[..., ReplyTrainer]) -> None:
    assert is_frozen(build().model.get_output_embeddings())
    assert not is_frozen(build(adapt="full").model.get_output_embeddings())
    assert any("never kept" in note for note in build().notes)
    assert not any("never kept" in note for note in build(adapt="full").notes + build(adapt="prompt").notes)


def test_what_is_judged_goes_by_the_adapters_own_forward(
    build: Callable[..., ReplyTrainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, taken = build(), []
    apply = LowRank.apply
    monkeypatch.setattr(LowRank, "apply", lambda *given: taken.append(1) or apply(*given))
    trainer.judge(trainer.test_dataset)
    with trainer.model.disable_adapter():
        trainer.model.train()
        trainer.compute_loss(trainer.model, trainer.data_collator([trainer.train_dataset[0]]))
    assert not taken
    trainer.train()
    assert taken


def test_only_plain_lora_is_taken_in_one_step(build: Callable[..., ReplyTrainer]) -> None:
    assert any("LoRA is added to 14 layers" in note for note in build().notes)
    for settings in ({"dora": True}, {"adapt": "ia3"}, {"adapt": "full"}):
        assert not any("LoRA is added" in note for note in build(**settings).notes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lora_in_one_step_has_the_gradients_of_three(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    first, second = torch.randn(4, 16, requires_grad=True), torch.randn(8, 4, requires_grad=True)
    base, read = (torch.randn(3, 5, size, dtype=dtype, requires_grad=True) for size in (8, 16))
    ours = LowRank.apply(base, read, first, second, 0.5)
    theirs = base + ((read.float() @ first.t() @ second.t()) * 0.5).to(dtype)
    close = 1e-5 if dtype == torch.float32 else 0.05
    torch.testing.assert_close(ours, theirs, rtol=close, atol=2 * close)
    wanted = torch.randn_like(ours)
    learns = (base, read, first, second)
    for one, other in zip(
        torch.autograd.grad(ours, learns, wanted), torch.autograd.grad(theirs, learns, wanted), strict=True
    ):
        assert one.dtype == other.dtype
        assert float((one - other).float().norm()) <= close * float(other.float().norm())


def test_a_run_says_what_makes_it_fast(build: Callable[..., ReplyTrainer]) -> None:
    trainer = build()
    assert any(f"about {trainer.budget:,} tokens at once" in note for note in trainer.notes)


@pytest.mark.parametrize("shape", SHAPES)
def test_short_rows_are_read_so_in_bfloat16_and_learned_from_the_same(
    build: Callable[..., ReplyTrainer], shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []
    backward = ShortRows.backward
    monkeypatch.setattr(ShortRows, "backward", staticmethod(lambda *given: taken.append(1) or backward(*given)))
    fast = build(shape, dtype="bfloat16")
    assert any("attention" in note for note in fast.notes)
    slow = build(shape, dtype="bfloat16")
    without_adapter(slow.model).set_attn_implementation("sdpa")
    ours = steps_of(fast)
    assert taken
    taken.clear()
    theirs = steps_of(slow)
    assert not taken
    for one, other in zip(ours, theirs, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=1e-2)
        assert one["grad_norm"] == pytest.approx(other["grad_norm"], rel=0.05)
