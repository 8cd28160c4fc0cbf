"""Every rule of the proposal: goal × rows × computer → method, model, preset, reason."""

from pathlib import Path
from typing import Any

import pytest

from studio.goals.catalogue import find_goal
from studio.goals.proposal import Facts, Proposal, propose
from studio.models.catalogue import Model
from studio.models.fit import Verdict


def model(name: str, millions: int, family: str = "causal", form: str = "instruct", **more: Any) -> Model:
    facts = {"business": "yes", "download_mb": 2 * millions, "source": "hub", **more}
    source = facts.pop("source")
    return Model(
        name, name, "", source, Path("nowhere") / name, family=family, form=form, parameters=millions * 10**6, **facts
    )


class Here(Model):
    """A model that is on this computer."""

    @property
    def on_disk(self) -> bool:
        return True


def here(name: str, millions: int, family: str = "causal", form: str = "instruct") -> Model:
    return Here(
        name, name, "", "hub", Path("nowhere") / name, family=family, form=form, parameters=millions * 10**6,
        business="yes", download_mb=2 * millions,
    )  # fmt: skip


SMALL, MIDDLE, LARGE = here("small", 135), model("middle", 400), model("large", 3000)
MINI = model("mini", 22, "encoder", "base")
T5 = model("t5", 77, "encoder-decoder")
ALL = (SMALL, MIDDLE, LARGE, MINI, T5)


def fits_below(millions: int, packed: int = 0) -> Any:
    """A computer on which models up to a size fit well, and larger ones in 4-bit numbers."""

    def fits(one: Model, settings: dict[str, Any]) -> Verdict:
        return (
            "fits well"
            if one.parameters <= (packed if settings.get("weights") == "4bit" else millions) * 10**6
            else "too big"
        )

    return fits


def minutes(each: float) -> Any:
    """So many minutes for each 100 million parameters."""
    return lambda one, settings: 60 * each * one.parameters / 10**8


def proposed(goal: str, *models: Model, fits: Any = None, pace: float = 1.0, **facts: Any) -> Proposal:
    return propose(find_goal(goal), Facts(**facts), models or ALL, fits or fits_below(500), minutes(pace))


@pytest.mark.parametrize(
    ("goal", "facts", "method"),
    [
        ("answer", {"kind": "chat"}, "sft"),
        ("sort", {"kind": "label"}, "classification"),
        ("sort", {"kind": "label", "several": True}, "multi_label"),
        ("number", {"kind": "number"}, "regression"),
        ("documents", {"kind": "text"}, "pretraining"),
        ("prefer", {"kind": "preference"}, "dpo"),
        ("prefer", {"kind": "feedback"}, "kto"),
        ("teacher", {"kind": "chat"}, "distillation"),
        ("reward", {"kind": "chat"}, "rlhf"),
        ("reward", {"kind": "preference"}, "reward"),
        ("reward", {"kind": "preference", "judges": True}, "rlhf"),
        ("transform", {"kind": "chat"}, "text_to_text"),
        ("pictures", {"kind": "picture"}, "vision"),
        ("answer", {}, "sft"),
    ],
)
def test_the_rows_decide_the_method(goal: str, facts: dict[str, Any], method: str) -> None:
    found = proposed(goal, rows=200, **facts)
    assert found.method.name == method and found.reasons[0].endswith(".")


def test_a_small_reader_is_trained_whole_and_comes_before_a_writer() -> None:
    found = proposed("sort", kind="label", rows=500)
    assert found.model is MINI and found.settings == {"adapt": "full"}
    assert any("trained whole" in reason for reason in found.reasons)


def test_without_a_network_what_is_here_is_taken_and_the_better_one_named() -> None:
    found = proposed("sort", kind="label", rows=500, offline=True)
    assert found.model is SMALL and found.settings == {}
    found = proposed("answer", kind="chat", rows=500, offline=True)
    assert found.model is SMALL and found.better is MIDDLE


def test_the_largest_that_fits_and_is_soon_done_is_taken() -> None:
    assert proposed("answer", kind="chat", rows=500).model is MIDDLE
    assert proposed("answer", kind="chat", rows=500, fits=fits_below(200)).model is SMALL
    slow = proposed("answer", kind="chat", rows=500, pace=10)
    assert slow.model is SMALL and any("14 min" in reason for reason in slow.reasons)


def test_of_models_that_all_take_too_long_the_quickest_is_taken() -> None:
    assert proposed("answer", kind="chat", rows=9000, pace=1000).model is SMALL


def test_a_large_download_is_named_and_not_taken() -> None:
    found = proposed("answer", kind="chat", rows=500, fits=fits_below(5000), pace=0.1)
    assert found.model is MIDDLE and found.better is LARGE


def test_what_only_fits_in_4_bit_numbers_is_packed_and_says_so() -> None:
    found = proposed("answer", SMALL, fits=fits_below(100, packed=200), kind="chat", rows=500)
    assert found.settings == {"adapt": "lora", "weights": "4bit"}
    assert any("QLoRA" in reason for reason in found.reasons)


@pytest.mark.parametrize("more", [{"gated": True}, {"business": "no"}])
def test_a_model_with_strings_attached_is_not_proposed(more: dict[str, Any]) -> None:
    assert proposed("answer", SMALL, model("tied", 400, **more), kind="chat", rows=500).model is SMALL


def test_a_base_model_is_taken_for_documents_and_an_instruct_model_for_answers() -> None:
    base, taught = here("base", 300, form="base"), here("taught", 300)
    assert proposed("documents", base, taught, kind="text", rows=900).model is base
    assert proposed("answer", base, taught, kind="chat", rows=900).model is taught
    assert proposed("prefer", base, kind="preference", rows=900).model is None


def test_when_nothing_fits_it_says_so() -> None:
    found = proposed("answer", kind="chat", rows=500, fits=fits_below(10))
    assert found.model is None and any("No model" in caution for caution in found.cautions)


@pytest.mark.parametrize(
    ("rows", "preset"), [(50, "thorough"), (500, "balanced"), (30_000, "quick_taste"), (0, "balanced")]
)
def test_the_number_of_rows_decides_the_preset(rows: int, preset: str) -> None:
    assert proposed("answer", kind="chat", rows=rows).preset == preset


def test_tight_memory_asks_for_smaller_bites_and_a_method_may_have_a_preset_of_its_own() -> None:
    tight = proposed("answer", fits=lambda one, settings: "tight", kind="chat", rows=500)
    assert tight.preset == "low_memory" and "tight" in tight.reasons[-1]
    assert proposed("prefer", kind="preference", rows=500).preset == "dpo"


def test_ten_examples_belong_into_a_prompt() -> None:
    assert "prompt" in proposed("answer", kind="chat", rows=10).cautions[0]
    few = proposed("answer", kind="chat", rows=30).cautions[0]
    assert "30 rows are few" in few and "below about 40" in few
    assert len(proposed("answer", kind="chat", rows=40).cautions) == 1


def test_rows_for_another_goal_are_named_with_it() -> None:
    found = proposed("answer", kind="label", rows=300)
    assert "“Sort text into groups”" in found.cautions[0]


def test_a_rare_group_is_counted() -> None:
    assert any("3 rows" in one for one in proposed("sort", kind="label", rows=300, groups=9, rarest=3).cautions)
    assert len(proposed("sort", kind="label", rows=300, groups=9, rarest=8).cautions) == 1


@pytest.mark.parametrize("goal", ["answer", "documents"])
def test_facts_that_change_belong_into_documents(goal: str) -> None:
    assert "documents" in proposed(goal, rows=500).cautions[-1]


def test_a_model_whose_fit_is_not_known_is_proposed_all_the_same() -> None:
    found = propose(find_goal("answer"), Facts("chat", 500), (SMALL, LARGE), lambda *_: None, lambda *_: None)
    assert found.model is SMALL and found.better is None and "min" not in found.reasons[1]
