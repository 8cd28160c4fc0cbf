"""The methods on the Model tab: those that suit rows and model as cards, the others below with the reason."""

from pathlib import Path

import pytest

from components.method_choice import Situation, cards, refusal, settle, suggested, suiting
from studio.datasets.rows import KINDS
from studio.methods import METHODS
from studio.models.catalogue import find_model
from studio.models.family import FAMILIES
from studio.workspace import Workspace

STARTER = "smollm2-135m-instruct"


def now(workspace: Workspace, kind: str, model: object = STARTER) -> Situation:
    return Situation.of(kind, find_model(workspace, str(model)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rows_has_a_method_that_names_it_first(workspace: Workspace, kind: str) -> None:
    family = "vision" if kind == "picture" else "causal"
    best = suggested(Situation(kind, family, find_model(workspace, STARTER)))
    assert best is not None and best.kinds[0] == kind


def test_rows_and_model_decide_which_methods_suit(workspace: Workspace, tiny_encoder: Path) -> None:
    suited = {method.name for method in suiting(now(workspace, "label"))}
    assert "sft" in suited and "classification" in suited and "dpo" not in suited
    for method in suiting(now(workspace, "label", tiny_encoder)):
        assert "encoder" in method.families and "label" in method.kinds
    assert suiting(now(workspace, "preference", tiny_encoder)) == []


def test_a_model_of_the_catalogue_is_known_before_its_files_are_here(workspace: Workspace) -> None:
    why = refusal(METHODS["sft"], now(workspace, "chat", "all-minilm-l6-v2"))
    assert why is not None and FAMILIES["encoder"] in why.message


def test_a_choice_stays_while_it_suits_and_returns_when_it_does_again(workspace: Workspace) -> None:
    assert settle("dpo", now(workspace, "preference"))[0].name == "dpo"
    other, why = settle("dpo", now(workspace, "label"))
    assert other.name == "classification"
    assert "cannot learn from" in why and f"“{other.title}” is chosen instead" in why
    assert settle("dpo", now(workspace, "preference")) == (METHODS["dpo"], "")


def test_without_a_wish_the_rows_decide(workspace: Workspace) -> None:
    assert settle("", now(workspace, "chat")) == (METHODS["sft"], "")
    assert settle("", now(workspace, "label"))[0].name == "classification"
    assert settle("a method of another studio", now(workspace, "text"))[0].name == "pretraining"


def test_where_nothing_suits_it_says_so(workspace: Workspace, tiny_encoder: Path) -> None:
    method, why = settle("sft", now(workspace, "preference", tiny_encoder))
    assert method.name == "sft" and "cannot train it" in why
    assert "No method suits" in cards(method, now(workspace, "preference", tiny_encoder))


def test_the_cards_hold_every_method_once(workspace: Workspace) -> None:
    drawn = cards(METHODS["classification"], now(workspace, "label"))
    assert drawn.count(" checked>") == 1 and 'value="classification" checked' in drawn
    for method in METHODS.values():
        offered = f'value="{method.name}"' in drawn
        assert offered == (method in suiting(now(workspace, "label")))
        assert drawn.count(f"<b>{method.title}</b>") == 1
    assert "Learns from better and worse answers." in drawn


def test_before_there_is_data_only_the_model_decides(workspace: Workspace) -> None:
    names = {method.name for method in suiting(now(workspace, ""))}
    assert names == {method.name for method in METHODS.values() if "causal" in method.families}
