"""A person's own presets: kept, found, replaced, renamed and deleted; a damaged file is named and passed over."""

import tomllib
from typing import Any

import pytest

from studio.errors import StudioError
from studio.methods import METHODS
from studio.methods.own_presets import delete_preset, name_of, own_presets, rename_preset, save_preset
from studio.methods.presets import find_preset, list_presets
from studio.workspace import Workspace


def values(method: str = "sft", **changed: Any) -> dict[str, Any]:
    """All values of a form, as the page has them."""
    return {**METHODS[method].settings().model_dump(), "learning_rate": None, **changed}


def test_only_the_differences_are_kept_and_the_preset_is_found_again(workspace: Workspace) -> None:
    saved = save_preset(workspace, "  Shop \n answers ", "sft", values(epochs=6, rank=32))
    text = (workspace.home / "presets" / "shop_answers.toml").read_text("utf-8")
    assert tomllib.loads(text) == {
        "order": 1,
        "title": "Shop answers",
        "sentence": "One of your own.",
        "methods": ["sft"],
        "settings": {"epochs": 6, "rank": 32},
    }
    assert find_preset("shop_answers", "sft", workspace) == saved
    assert list_presets("sft", workspace)[-1] == saved, "behind those of the studio"
    assert saved not in list_presets("dpo", workspace) and saved not in list_presets("sft")
    assert saved.own and not saved.usual


def test_another_home_has_others(workspace: Workspace, tmp_path: Any) -> None:
    save_preset(workspace, "Mine", "sft", values(epochs=6))
    assert own_presets(Workspace(tmp_path / "elsewhere")).presets == ()


def test_rules_without_a_minimum_are_kept(workspace: Workspace) -> None:
    rules = METHODS["rlhf"].settings(rules=[{"kind": "length", "max": 30}, {"kind": "json", "weight": 2}]).rules
    save_preset(workspace, "Short", "rlhf", values("rlhf", rules=rules))
    found = find_preset("short", "rlhf", workspace)
    assert METHODS["rlhf"].settings.model_validate(found.settings).rules == rules


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_have_one_of_its_own(workspace: Workspace, method: str) -> None:
    save_preset(workspace, "Mine", method, values(method, seed=7, learning_rate=0.003))
    assert find_preset("mine", method, workspace).settings == {"seed": 7, "learning_rate": 0.003}


def test_passes_that_followed_the_rows_go_on_following_them(workspace: Workspace) -> None:
    balanced = find_preset("balanced")
    form = values(epochs=balanced.fitted(METHODS["sft"].settings, rows=8).settings["epochs"], rank=8)
    follows = save_preset(workspace, "Follows", "sft", form, after=balanced, rows=8)
    assert follows.settings == {"rank": 8} and follows.rows_read == balanced.rows_read
    assert follows.fitted(METHODS["sft"].settings, rows=100_000).settings["epochs"] == 0.4
    fixed = save_preset(workspace, "Fixed", "sft", values(epochs=6), after=balanced, rows=8)
    assert fixed.settings == {"epochs": 6} and fixed.rows_read is None
    assert find_preset("follows", "sft", workspace) == follows


def test_an_own_preset_is_replaced_only_on_request(workspace: Workspace) -> None:
    save_preset(workspace, "Mine", "sft", values(epochs=6))
    with pytest.raises(StudioError, match="already have a preset called “MINE”") as refused:
        save_preset(workspace, "MINE", "sft", values(epochs=7))
    assert "replace" in refused.value.hint
    assert find_preset("mine", None, workspace).settings == {"epochs": 6}
    save_preset(workspace, "Mine", "sft", values(epochs=7), replace=True)
    assert find_preset("mine", None, workspace).settings == {"epochs": 7}


@pytest.mark.parametrize("title", ["Balanced", "quick taste", "Quick  Taste!", "LOW MEMORY", "dpo"])
@pytest.mark.parametrize("replace", [True, False])
def test_those_of_the_studio_are_never_replaced(workspace: Workspace, title: str, replace: bool) -> None:
    with pytest.raises(StudioError, match="came with the studio"):
        save_preset(workspace, title, "sft", values(epochs=6), replace=replace)
    assert not list((workspace.home).glob("presets/*"))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("C:\\Windows\\x", "c_windows_x"),
        ("Größe 2.0", "grösse_2_0"),
        ("客服回答", "客服回答"),
        ("CON", "con_preset"),
        (".hidden", "hidden"),
        ("a" * 300, "a" * 40),
        ("ﷺ" * 40, None),
    ],
)
def test_file_names_are_safe(workspace: Workspace, title: str, name: str | None) -> None:
    saved = save_preset(workspace, title, "sft", values(epochs=6))
    files = list((workspace.home / "presets").iterdir())
    assert [file.stem for file in files] == [saved.name] and len(saved.title) <= 40
    assert name is None or saved.name == name
    assert find_preset(saved.name, "sft", workspace) == saved


@pytest.mark.parametrize("title", ["", "   ", "!?", "🙂", "\x00\n"])
def test_a_title_needs_a_letter(workspace: Workspace, title: str) -> None:
    with pytest.raises(StudioError, match="at least one letter"):
        save_preset(workspace, title, "sft", values())


def test_settings_that_the_method_refuses_are_not_kept(workspace: Workspace) -> None:
    for wrong in ({"epochs": 0}, {"learning_rate": 1}, {"adapt": "full", "weights": "4bit"}):
        with pytest.raises(StudioError, match="cannot be kept"):
            save_preset(workspace, "Mine", "sft", values(**wrong))
    assert own_presets(workspace).presets == ()


def test_a_preset_is_renamed_and_deleted(workspace: Workspace) -> None:
    save_preset(workspace, "Mine", "sft", values(epochs=6))
    save_preset(workspace, "Other", "sft", values(epochs=7))
    with pytest.raises(StudioError, match="already have"):
        rename_preset(workspace, "mine", "Other")
    renamed = rename_preset(workspace, "mine", "Ours")
    assert (renamed.name, renamed.title, renamed.settings) == ("ours", "Ours", {"epochs": 6})
    assert rename_preset(workspace, "ours", "OURS").title == "OURS"
    assert {preset.name for preset in own_presets(workspace).presets} == {"ours", "other"}
    delete_preset(workspace, "ours")
    assert {preset.name for preset in own_presets(workspace).presets} == {"other"}


@pytest.mark.parametrize("name", ["balanced", "gone", "../draft", "", "../presets/other"])
def test_what_is_not_ones_own_is_neither_deleted_nor_renamed(workspace: Workspace, name: str) -> None:
    save_preset(workspace, "Other", "sft", values(epochs=7))
    (workspace.home / "draft.toml").write_text("")
    for change in (lambda: delete_preset(workspace, name), lambda: rename_preset(workspace, name, "New")):
        with pytest.raises(StudioError, match="no preset of your own"):
            change()
    assert (workspace.home / "draft.toml").exists() and len(own_presets(workspace).presets) == 1


DAMAGED = {
    "no TOML": b"order = ",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "an unknown key": b'order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["sft"]\ncolour = 1\n[settings]\n',
    "an unknown method": b'order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["magic"]\n[settings]\n',
    "a value out of range": b'order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["sft"]\n[settings]\nepochs = 0\n',
    "a setting of another method": b'order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["sft"]\n[settings]\nbeta = 1\n',
    "what does not fit together": b'order = 1\ntitle = "X"\nsentence = "x"\nmethods = ["sft"]\n[settings]\n'
    b'adapt = "full"\nweights = "4bit"\n',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=list(DAMAGED))
def test_a_damaged_file_is_named_and_passed_over(workspace: Workspace, text: bytes) -> None:
    save_preset(workspace, "Good", "sft", values(epochs=7))
    (workspace.home / "presets" / "broken.toml").write_bytes(text)
    found = own_presets(workspace)
    assert [preset.name for preset in found.presets] == ["good"]
    assert [one.name for one in found.damaged] == ["broken"]
    assert "broken.toml" in found.damaged[0].sentence and "or delete it" in found.damaged[0].sentence
    assert find_preset("good", "sft", workspace)
    with pytest.raises(StudioError, match="no preset called “broken”"):
        find_preset("broken", "sft", workspace)
    delete_preset(workspace, "broken")
    assert own_presets(workspace).damaged == ()


def test_a_file_with_a_name_of_the_studios_does_not_hide_that(workspace: Workspace) -> None:
    save_preset(workspace, "Good", "sft", values(epochs=7))
    (workspace.home / "presets" / "good.toml").rename(workspace.home / "presets" / "balanced.toml")
    assert not find_preset("balanced", "sft", workspace).own
    assert "came with the studio" in own_presets(workspace).damaged[0].sentence


def test_names_and_titles_go_together() -> None:
    assert name_of("Shop  answers") == name_of("shop-answers") == "shop_answers"
