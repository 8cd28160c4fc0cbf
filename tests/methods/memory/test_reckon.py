"""The memory of a run, reckoned without weights: every part follows what it should, for every family and every way."""

from typing import Any

import pytest
import torch

from studio.errors import StudioError
from studio.methods import METHODS
from studio.methods.memory.live import Live
from studio.methods.memory.losses import LOSSES, scored
from studio.methods.memory.reckon import reckon
from studio.methods.memory.shape import period, samples
from studio.models.memory import Parts, Question

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 1000,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 10,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "tie_word_embeddings": True,
}
SMALL = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6, "num_attention_heads": 4}
FAMILIES: dict[str, tuple[dict[str, Any], str]] = {
    "llama": (LLAMA, "sft"),
    "qwen2": ({**LLAMA, "model_type": "qwen2"}, "sft"),
    "qwen3": ({**LLAMA, "model_type": "qwen3", "head_dim": 32}, "sft"),
    "gemma": ({**LLAMA, "model_type": "gemma3_text", "head_dim": 32}, "sft"),
    "mistral": ({**LLAMA, "model_type": "mistral"}, "sft"),
    "phi": ({**LLAMA, "model_type": "phi3", "num_key_value_heads": 4, "pad_token_id": 0}, "sft"),
    "gpt2": ({"model_type": "gpt2", "n_embd": 64, "n_layer": 6, "n_head": 4, "vocab_size": 1000}, "sft"),
    "bert": ({"model_type": "bert", "vocab_size": 1000, **SMALL}, "classification"),
    "t5": (
        {
            "model_type": "t5",
            "d_model": 64,
            "d_kv": 16,
            "d_ff": 128,
            "num_layers": 6,
            "num_heads": 4,
            "vocab_size": 1000,
        },
        "text_to_text",
    ),
    "idefics3": (
        {
            "model_type": "idefics3",
            "text_config": {**LLAMA, "pad_token_id": 0},
            "vision_config": {"image_size": 32, "patch_size": 8, **SMALL},
            "scale_factor": 2,
            "image_token_id": 5,
        },
        "vision",
    ),
}
GIB = 1024**3


def parts(
    architecture: dict[str, Any] = LLAMA,
    method: str = "sft",
    tokens: int = 64,
    dtype: str = "float32",
    device: str = "cpu",
    trained: float = 1.0,
    teacher: dict[str, Any] | None = None,
    **settings: Any,
) -> Parts:
    if method == "distillation":
        settings = {"teacher": "one", **settings}
    return reckon(Question(architecture, method, settings, tokens, dtype, device, trained, 8, teacher or {}))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_an_answer(family: str) -> None:
    architecture, method = FAMILIES[family]
    found = parts(architecture, method)
    assert all(value >= 0 for _, value in found.items())
    assert found.weights > 0 and found.adapter > 0 and found.activations > 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_an_answer(method: str) -> None:
    assert method in LOSSES
    architecture = next((a for a, m in FAMILIES.values() if m == method), LLAMA)
    assert parts(architecture, method, teacher=LLAMA).total > 0


@pytest.mark.parametrize("adapt", ["lora", "prompt", "prefix", "ia3", "last_layers", "gradual", "full"])
def test_every_way_of_training_holds_its_own_part(adapt: str) -> None:
    found = parts(adapt=adapt)
    whole = parts(adapt="full")
    assert (found.adapter > 0) == (adapt in ("lora", "prompt", "prefix", "ia3"))
    assert found.optimiser > 0
    if adapt != "full":  # gradual unfreezing never reaches the embeddings
        assert found.optimiser < whole.optimiser
    assert found.weights == pytest.approx(whole.weights, rel=0.01)


def test_the_weights_are_counted_to_the_byte() -> None:
    layer = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128 + 2 * 64
    expected = 4 * (1000 * 64 + 10 * layer + 64)
    assert parts().weights * GIB == pytest.approx(expected, rel=0.002)  # a table for the positions comes to it
    assert parts(dtype="bfloat16").weights < 0.51 * parts().weights
    # Each matrix gets two thin ones: rank x (inputs + outputs).
    ends = (64 + 64) + 2 * (64 + 32) + (64 + 64) + 2 * (64 + 128) + (128 + 64)
    assert parts(rank=16).adapter * GIB == pytest.approx(4 * 10 * 16 * ends)


def test_packed_weights_are_smaller_and_the_embeddings_stay() -> None:
    whole, eight, four = (parts(weights=weights).weights * GIB for weights in ("full", "8bit", "4bit"))
    table = 4 * 1000 * 64
    assert eight - table < 0.3 * (whole - table) and four - table < 0.18 * (whole - table)


def test_more_at_once_needs_more_and_bites_need_less() -> None:
    assert parts(batch_size=8).activations > 1.8 * parts(batch_size=4).activations
    assert parts(tokens=128).activations > 1.8 * parts(tokens=64).activations
    assert parts(batch_size=8, accumulation=8).total < parts(batch_size=8).total


def test_a_step_that_is_read_in_parts_needs_no_more_than_its_largest_part() -> None:
    large, small = parts(batch_size=16, tokens=512), parts(batch_size=2, tokens=512)
    assert large.activations == pytest.approx(small.activations, rel=0.01)  # 512 tokens at once on a processor
    taught = {"method": "rlhf", "tokens": 512}
    assert parts(**taught, batch_size=16).activations > 4 * parts(**taught, batch_size=2).activations
    for method in ("classification", "multi_label", "regression", "dpo", "orpo", "reward"):
        large, small = (parts(method=method, batch_size=size, tokens=512) for size in (16, 2))
        assert large.activations == pytest.approx(small.activations, rel=0.01)
    whole = (parts(adapt="full", batch_size=size, tokens=512, trained=0.01) for size in (16, 1))
    assert next(whole).gradients > next(whole).gradients  # they wait for those of the other parts


def test_lora_keeps_no_second_copy_of_what_it_reads() -> None:
    plain, dora = (parts(dtype="bfloat16", batch_size=2, tokens=512, dora=dora).activations for dora in (False, True))
    assert plain < 0.6 * dora


def test_checkpoints_keep_far_less() -> None:
    deep = {**LLAMA, "num_hidden_layers": 24}
    plain, saved = parts(deep, tokens=256), parts(deep, tokens=256, checkpointing=True)
    assert saved.activations < 0.3 * plain.activations
    assert saved.weights == plain.weights


def test_the_head_reads_the_learned_positions_only() -> None:
    wide = {**LLAMA, "vocab_size": 10_000}
    few, all_ = parts(wide, tokens=128, trained=0.1), parts(wide, tokens=128)
    assert few.loss < 0.2 * all_.loss


def test_the_scores_of_all_words_never_exist_at_once() -> None:
    wide = {**LLAMA, "vocab_size": 200_000}
    all_scores = 4 * 512 * 200_000 / GIB
    # Two tiles of 64 tokens, which is the fewest that one has.
    assert parts(wide, batch_size=1, tokens=512).loss < 0.27 * all_scores
    trained_head = {**wide, "tie_word_embeddings": False}
    assert parts(trained_head, batch_size=1, tokens=512, adapt="full").loss > all_scores


def test_pairs_need_twice_the_room_of_single_answers() -> None:
    assert parts(method="reward", batch_size=2).activations > 1.8 * parts(method="reward", batch_size=1).activations
    assert parts(method="dpo", batch_size=2).activations > 1.6 * parts(method="kto", batch_size=2).activations


def test_a_teacher_stands_beside_its_student() -> None:
    alone = parts().weights
    both = parts(method="distillation", teacher={**LLAMA, "num_hidden_layers": 20})
    assert both.weights > 2 * alone
    with pytest.raises(StudioError, match="before a teacher is chosen"):
        parts(method="distillation")


def test_a_reference_of_its_own_stands_beside_a_policy_that_changes_the_model() -> None:
    changed, added = (parts(method="rlhf", adapt=adapt) for adapt in ("full", "lora"))
    assert changed.weights == pytest.approx(2 * added.weights, rel=0.02)


def test_mixed_precision_keeps_a_second_copy_of_the_weights() -> None:
    mixed, plain = (parts(adapt="full", dtype=dtype, tokens=16) for dtype in ("bfloat16", "float32"))
    assert mixed.weights == plain.weights
    assert mixed.activations > plain.activations / 2 + 0.4 * mixed.weights


@pytest.mark.parametrize(("architecture", "method"), FAMILIES.values(), ids=FAMILIES)
def test_a_sample_of_the_layers_tells_the_same_as_all_of_them(
    architecture: dict[str, Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampled = parts(architecture, method)
    assert len(samples(architecture)[0]) > 1
    monkeypatch.setattr("studio.methods.memory.reckon.samples", lambda whole, trained: ([whole], [1.0]))
    assert sampled.total == pytest.approx(parts(architecture, method).total, rel=0.01)
    assert sampled.activations == pytest.approx(parts(architecture, method).activations, rel=0.02)


def test_layers_of_different_kinds_are_sampled_by_whole_periods() -> None:
    kinds = ["sliding", "sliding", "full"] * 8
    assert period(kinds, 24) == 3
    architectures, shares = samples({"num_hidden_layers": 24, "layer_types": kinds})
    assert [len(each["layer_types"]) for each in architectures] == [3, 9]
    assert sum(shares) == pytest.approx(1.0)


def test_an_unknown_kind_of_model_is_said_to_be_one() -> None:
    with pytest.raises(StudioError, match="cannot be worked out for this kind of model"):
        parts({"model_type": "no-such-model"})


def test_a_real_step_holds_what_the_one_without_content_says() -> None:
    """The counter is not at home on the meta device alone: real tensors give the same figure."""
    figures = []
    for device in ("cpu", "meta"):
        layers = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, 100)).to(device)
        with Live() as live:
            live.hold(layers)
            live.enter("step")
            out = layers(torch.zeros(16, 32, device=device))
            (scored(out) if device == "meta" else out.logsumexp(-1).sum()).backward()
        figures.append((live.peaks[""].live, live.gradients))
    assert figures[0] == figures[1]
    assert figures[0][1] == 4 * (32 * 64 + 64 + 64 * 100 + 100)
