"""Recipes: short to write, whole when saved, and wrong ones are refused with the field's name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.methods.own_presets import save_preset
from studio.methods.presets import list_presets
from studio.training.recipe import Recipe, load_recipe, new_recipe, resolve, save_recipe
from studio.workspace import Workspace


def test_the_shortest_recipe_is_enough(workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path) -> None:
    make_csv(24)
    path = tmp_path / "short.toml"
    path.write_text('[data]\nfile = "rows.csv"\n')
    recipe = resolve(workspace, load_recipe(path))
    assert recipe.data.mapping is not None
    assert recipe.data.mapping.columns == {"prompt": "question", "reply": "answer"}
    assert recipe.model.name == "smollm2-135m-instruct"
    assert recipe.method.name == "sft"
    assert recipe.settings["epochs"] == 4


def test_a_saved_recipe_says_everything_and_repeats_the_run(
    workspace: Workspace, make_recipe: Callable[..., Path], tmp_path: Path
) -> None:
    recipe = resolve(workspace, load_recipe(make_recipe()))
    again = tmp_path / "again.toml"
    again.write_text(save_recipe(recipe))
    assert resolve(workspace, load_recipe(again)) == recipe
    assert len(recipe.data.fingerprint or "") == 64


def test_other_rows_than_the_fingerprint_names_are_refused(
    workspace: Workspace, make_recipe: Callable[..., Path], make_csv: Callable[..., Path]
) -> None:
    recipe = resolve(workspace, load_recipe(make_recipe()))
    recipe.data.dataset = None
    recipe.data.file = str(make_csv(25))
    with pytest.raises(StudioError, match="no longer what this recipe was made for"):
        resolve(workspace, recipe)


@pytest.mark.parametrize(("given", "passes", "notes"), [("", 12.5, 1), ("epochs = 3", 3, 0)])
def test_a_preset_follows_the_rows_and_says_so(
    workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path, given: str, passes: float, notes: int
) -> None:
    make_csv(24)
    path = tmp_path / "recipe.toml"
    path.write_text(f'preset = "balanced"\n[data]\nfile = "rows.csv"\nvalidation = 4\ntest = 4\n[settings]\n{given}\n')
    recipe = resolve(workspace, load_recipe(path))
    assert recipe.settings["epochs"] == passes
    assert len(recipe.notes) == notes and all("With 16 rows" in note for note in recipe.notes)
    again = tmp_path / "again.toml"
    again.write_text(save_recipe(recipe))
    assert resolve(workspace, load_recipe(again)) == recipe, "it is written out, and follows nothing any more"


@pytest.mark.parametrize(("given", "rate"), [("", 5e-4), ('adapt = "full"', 2e-5), ("learning_rate = 3e-3", 3e-3)])
def test_the_learning_rate_left_out_is_what_suits_the_model(
    workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path, tiny_model: Path, given: str, rate: float
) -> None:
    make_csv(24)
    path = tmp_path / "rate.toml"
    path.write_text(
        f'[data]\nfile = "rows.csv"\n[model]\nname = "{tiny_model}"\n[settings]\nmax_length = 64\n{given}\n'
    )
    assert resolve(workspace, load_recipe(path)).settings["learning_rate"] == rate


def test_a_preset_keeps_to_what_the_model_reads(
    workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path, tiny_model: Path
) -> None:
    make_csv(24)
    path = tmp_path / "recipe.toml"
    path.write_text(f'preset = "long_texts"\n[data]\nfile = "rows.csv"\n[model]\nname = "{tiny_model}"\n')
    recipe = resolve(workspace, load_recipe(path))
    assert recipe.settings["max_length"] == 512
    assert any("reads 512 tokens" in note for note in recipe.notes)


def test_a_recipe_may_name_a_preset_of_ones_own(
    workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path
) -> None:
    make_csv(24)
    save_preset(workspace, "Shop answers", "sft", {"epochs": 6, "seed": 7})
    path = tmp_path / "recipe.toml"
    path.write_text('preset = "shop_answers"\n[data]\nfile = "rows.csv"\n')
    recipe = resolve(workspace, load_recipe(path))
    assert (recipe.settings["epochs"], recipe.settings["seed"], recipe.preset, recipe.notes) == (6, 7, "", [])
    path.write_text('preset = "shop_answers"\n[data]\nfile = "rows.csv"\n[method]\nname = "dpo"\n')
    with pytest.raises(StudioError, match="not made for"):
        resolve(workspace, load_recipe(path))


def test_a_preset_is_overruled_by_the_recipe() -> None:
    recipe = Recipe.model_validate({"preset": "thorough", "data": {"file": "x"}, "settings": {"epochs": 2}})
    settings = recipe.checked_settings()
    assert (settings.epochs, settings.warmup) == (2, 0.1)


@pytest.mark.parametrize("preset", list_presets("sft"), ids=lambda preset: preset.name)
def test_every_preset_holds_only_valid_differences(preset) -> None:
    recipe = Recipe.model_validate({"preset": preset.name, "data": {"file": "x"}})
    defaults = type(recipe.checked_settings())().model_dump()
    assert recipe.checked_settings().model_dump() == {**defaults, **preset.settings}
    assert all(defaults[name] != value for name, value in preset.settings.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[data\n", "not valid TOML"),
        ("[model]\nname = 'x'\n", "lacks “data”"),
        ("[data]\nfile = 'gone.csv'\n", "is not there"),
        ("[data]\nfile = 'rows.csv'\nprompt = 'nope'\n", "no column called “nope”"),
        ("[data]\nfile = 'rows.csv'\n[settings]\nlearning_rate = 1\n", "learning rate"),
        ("[data]\nfile = 'rows.csv'\n[settings]\nepochs = 0\n", "epochs"),
        ("[data]\nfile = 'rows.csv'\n[settings]\nrnak = 4\n", "“rnak”"),
        ("[data]\nfile = 'rows.csv'\ncolour = 'red'\n", "“data.colour”"),
        ("[data]\nfile = 'rows.csv'\n[method]\nname = 'magic'\n", "no method called “magic”"),
        ("[data]\nfile = 'rows.csv'\n[model]\nname = 'magic'\n", "no model called “magic”"),
        ("preset = 'magic'\n[data]\nfile = 'rows.csv'\n", "no preset called “magic”"),
    ],
)
def test_a_wrong_recipe_is_refused_in_words(
    workspace: Workspace, make_csv: Callable[..., Path], tmp_path: Path, text: str, words: str
) -> None:
    make_csv(24)
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(StudioError) as caught:
        resolve(workspace, load_recipe(path))
    assert words in caught.value.text
    assert caught.value.hint


def test_the_page_makes_the_same_document(workspace: Workspace, make_recipe: Callable[..., Path]) -> None:
    by_hand = resolve(workspace, load_recipe(make_recipe()))
    by_page = new_recipe(
        workspace,
        name="Rows",
        dataset_id=by_hand.data.dataset or "",
        steps=by_hand.steps(),
        model=by_hand.model.name,
        settings={"max_steps": 4, "learning_rate": 0.005, "checks": 2},
    )
    by_page.data.file = by_hand.data.file
    assert by_page == by_hand


def test_rows_that_a_method_cannot_learn_from_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text("Once upon a time there was a lamp.\n\n" * 20)
    path = tmp_path / "recipe.toml"
    path.write_text('[data]\nfile = "story.txt"\n')
    with pytest.raises(StudioError, match="cannot learn from “plain text”"):
        resolve(workspace, load_recipe(path))


def test_a_recipe_takes_a_mapping_fixes_and_edits(workspace: Workspace, tmp_path: Path) -> None:
    rows = "".join(f"Ticket {i},The lamp number {i} broke,{'lamp' if i % 2 else 'other'}\n" for i in range(40))
    (tmp_path / "tickets.csv").write_text("title,body,topic\n" + rows + "Ticket 1,The lamp number 1 broke,lamp\n")
    path = tmp_path / "recipe.toml"
    path.write_text(
        '[data]\nfile = "tickets.csv"\nfixes = ["exact_copies"]\nleft_out = [3]\n'
        '[[data.edits]]\nrow = 1\nprompt = "Another text"\n'
        '[data.mapping]\nkind = "label"\nshape = "text_label"\n'
        'columns = { text = "About {title}: {body}", label = "topic" }\n'
    )
    recipe = resolve(workspace, load_recipe(path))
    version = recipe.version(workspace)
    assert sum(version.rows.values()) == 39
    assert [(done.name, done.removed) for done in version.fixed] == [("exact_copies", 1)]
    assert version.left_out == [(1, "taken out by hand")]
    assert version.row(1)["text"].iloc[0] == "Another text"
    assert version.row(2)["text"].iloc[0] == "About Ticket 1: The lamp number 1 broke"
    again = tmp_path / "again.toml"
    again.write_text(save_recipe(recipe))
    assert resolve(workspace, load_recipe(again)) == recipe
