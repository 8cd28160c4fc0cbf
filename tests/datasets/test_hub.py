"""A dataset of the Hugging Face hub, brought by the helper from a small hub on this computer, or not at all."""

import gzip
import json
import os
import re
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from huggingface_hub import constants

from studio.child import Reply
from studio.datasets import hub_download
from studio.datasets.hub import described, hub_name, readable
from studio.datasets.hub_download import add_hub
from studio.datasets.hub_labels import named_in_parquet
from studio.datasets.reading import Reading
from studio.datasets.store import add_file, list_datasets, load_dataset
from studio.datasets.table_file import clear_left, scratch_prefix
from studio.errors import StudioError
from studio.training.recipe import load_recipe, new_recipe, resolve, save_recipe
from studio.training.sources import HubPart
from studio.workspace import Workspace, open_workspace
from tests.conftest import chat_steps
from tests.datasets.hub import DatasetHub
from tests.models.hub import COMMIT

NAME = "someone/shop-letters"
CARD = {
    "license": "mit",
    "configs": [
        {"config_name": "en", "data_files": [{"split": "train", "path": "en/*.parquet"}], "default": True},
        {
            "config_name": "de",
            "data_files": [{"split": "test", "path": "de/test.csv"}, {"split": "train", "path": "de/train.csv"}],
        },
    ],
    "dataset_info": [{"config_name": "en", "splits": [{"name": "train", "num_bytes": 9, "num_examples": 6000}]}],
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A dataset in two languages: Parquet in two parts for one, CSV files for the other."""
    folder = tmp_path / "files"
    (folder / "en").mkdir(parents=True)
    (folder / "de").mkdir()
    for part in (0, 1):
        rows = [(f"Question {i} of part {part}?", f"Answer {i * 2**61 % 10**18 + 7}.") for i in range(3000)]
        pandas.DataFrame(rows, columns=["question", "answer"]).to_parquet(folder / "en" / f"{part}.parquet")
    (folder / "de" / "train.csv").write_text("frage;antwort\nWo ist er?;Dort.\nWann?;Morgen, früh.\n", "utf-8")
    (folder / "de" / "test.csv").write_text("frage;antwort\nWarum?;Darum.\nWer?;Wir.\n")
    (folder / "README.md").write_text("# Letters")
    return folder


@pytest.fixture
def reading(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    service = Reading(workspace)
    yield service
    service.close()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the helper take this hub for the real one."""

    def use(hub: DatasetHub) -> DatasetHub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        return hub

    return use


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this process take a hub for the real one."""

    def use(hub: DatasetHub) -> DatasetHub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        return hub

    return use


def bring(reading: Reading, *what: str) -> list[Reply]:
    reading.start_hub(*what)
    return list(reading)


def nothing_left(workspace: Workspace) -> bool:
    return not list(workspace.datasets.iterdir()) and not list(workspace.scratch.iterdir())


def test_a_dataset_of_the_hub_is_one_like_any_other(
    workspace: Workspace, reading: Reading, at: Any, files: Path
) -> None:
    at(DatasetHub(NAME, files, CARD))
    replies = bring(reading, f"https://huggingface.co/datasets/{NAME}")
    dataset = load_dataset(workspace, replies[-1]["dataset"])
    assert dataset.name == "someone-shop-letters-en-train.parquet" and dataset.facts.rows == 6000
    assert list(dataset.frame()["question"])[2999:3001] == ["Question 2999 of part 0?", "Question 0 of part 1?"]
    assert dataset.facts.notes == ["Of its 2 configurations (en, de) this is “en”."]
    origin = dataset.facts.origin
    assert origin is not None
    assert (origin.hub, origin.revision, origin.licence) == (NAME, COMMIT, "mit")
    assert (origin.configuration, origin.split) == ("en", "train")
    assert "Asking the Hugging Face hub" in replies[0]["note"] and replies[0]["head"] == {}
    again = load_dataset(workspace, bring(reading, NAME, "en", "train", COMMIT)[-1]["dataset"])
    assert again.id == dataset.id and again.facts == dataset.facts
    assert list(workspace.scratch.iterdir()) == []


def test_what_there_is_can_be_listed_and_chosen(workspace: Workspace, reading: Reading, at: Any, files: Path) -> None:
    hub = at(DatasetHub(NAME, files, CARD))
    reading.look_hub(NAME)
    found = list(reading)[-1]["found"]
    size = sum(file.stat().st_size for file in (files / "en").iterdir())
    assert found["configurations"][0] == {"name": "en", "splits": [{"name": "train", "rows": 6000, "bytes": size}]}
    assert [split["name"] for split in found["configurations"][1]["splits"]] == ["test", "train"]
    assert (found["configuration"], found["split"], found["licence"]) == ("en", "train", "mit")
    assert not any("resolve" in path for path in hub.asked)  # nothing was downloaded for it
    dataset = load_dataset(workspace, bring(reading, NAME, "de")[-1]["dataset"])
    assert list(dataset.frame()["antwort"]) == ["Dort.", "Morgen, früh."]
    assert dataset.facts.notes[0] == "Of 2 splits (test, train) this is “train”."


def test_a_slow_download_shows_how_far_it_is_and_can_be_cancelled(
    workspace: Workspace, reading: Reading, at: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "big"
    folder.mkdir()
    (folder / "train.csv").write_text("question,answer\n" + "Where is my lamp?,It is on its way.\n" * 680_000)
    hub = at(DatasetHub(NAME, folder, halts=True))
    reading.start_hub(NAME)
    for reply in reading:
        if re.fullmatch(r"Downloading: 1\d\.\d of 24\.5 MB so far\.", reply.get("note", "")):
            assert 0.2 < reply["share"] < 0.5
            reading.cancel()
    assert reading.latest() == {"cancelled": True} and nothing_left(workspace)
    hub.go_on.set()


def test_a_download_that_breaks_off_leaves_nothing(
    workspace: Workspace, reading: Reading, at: Any, files: Path
) -> None:
    at(DatasetHub(NAME, files, CARD, breaks_off=True))
    with pytest.raises(StudioError, match="could not be reached"):
        bring(reading, NAME)
    assert nothing_left(workspace)


def test_what_cannot_be_had_is_a_sentence(
    workspace: Workspace, here: Any, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(DatasetHub(NAME, files, CARD, gated=True))
    for words, what in (
        ("accept its conditions", (NAME,)),
        ("no dataset called someone/else", ("someone/else",)),
        ("no such revision", (NAME, "", "", "0" * 40)),
        ("no configuration called “fr”", (NAME, "fr")),
        ("no split called “dev”", (NAME, "de", "dev")),
    ):
        with pytest.raises(StudioError, match=words) as caught:
            add_hub(workspace, *what)
        assert caught.value.hint
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StudioError, match="could not be reached"):
        add_hub(workspace, NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(StudioError, match="stay offline"):
        add_hub(workspace, NAME)
    assert nothing_left(workspace) and list_datasets(workspace) == []


def test_packed_lines_and_numbers_that_stand_for_names(workspace: Workspace, here: Any, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    folder.mkdir()
    rows = [{"text": "It is late", "label": 1, "tags": [0, 1]}, {"text": "Thanks", "label": -1, "tags": []}]
    (folder / "train.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, [*rows, [1]])).encode()))
    names = {"class_label": {"names": {"0": "good", "1": "bad"}}}
    features = [
        {"name": "text", "dtype": "string"},
        {"name": "label", "dtype": names},
        {"name": "tags", "list": names},
        {"name": "elsewhere", "dtype": names},
    ]
    here(DatasetHub(NAME, folder, {"dataset_info": {"features": features}}))
    with pytest.raises(StudioError, match=r"Line 3 of .*train\.jsonl is not a row"):
        add_hub(workspace, NAME)  # one line of three is too many
    (folder / "train.jsonl.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, [*rows * 20, [1]])).encode()))
    dataset = add_hub(workspace, NAME)
    assert dataset.frame().head(2).to_dict("list") == {
        "text": ["It is late", "Thanks"],
        "label": ["bad", ""],
        "tags": ['["good","bad"]', "[]"],
    }
    assert dataset.facts.dropped == 1 and dataset.dropped is not None
    assert [note.partition(" stand")[0] for note in dataset.facts.notes if "names" in note] == [
        "The numbers in “label”",
        "The numbers in “tags”",
    ]


def test_the_names_inside_a_parquet_file_are_found_too(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, List, Value

    feature = ClassLabel(names=["good", "bad"])
    features = Features({"text": Value("string"), "label": feature, "tags": List(feature)})
    data = Dataset.from_dict({"text": ["a"], "label": [1], "tags": [[0]]}, features=features)
    data.to_parquet(str(tmp_path / "a.parquet"))
    found = named_in_parquet(tmp_path / "a.parquet")
    assert found == {"label": ["good", "bad"], "tags": ["good", "bad"]}
    pandas.DataFrame({"label": [1]}).to_parquet(tmp_path / "b.parquet")
    assert named_in_parquet(tmp_path / "b.parquet") == {}


@pytest.mark.parametrize(
    ("files", "splits"),
    [
        (["rows.csv"], {"train": ["rows.csv"]}),
        (["train.jsonl", "dev.jsonl", "notes.md"], {"train": ["train.jsonl"], "validation": ["dev.jsonl"]}),
        (
            ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "requirements.txt"],
            {"train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]},
        ),
        (["a/train.jsonl.gz", "a/test.jsonl.gz"], {"train": ["a/train.jsonl.gz"], "test": ["a/test.jsonl.gz"]}),
    ],
)
def test_without_a_description_the_file_names_tell_the_splits(
    files: list[str], splits: dict[str, list[str]], tmp_path: Path
) -> None:
    found, default = described(NAME, {}, {file: 10 for file in files if readable(file)}, tmp_path)
    assert [each.name for each in found] == [default]
    assert {split.name: [file for file, _ in split.files] for split in found[0].splits} == splits


def test_a_description_tells_configurations_by_folder_and_those_without_readable_files_are_passed_over(
    tmp_path: Path,
) -> None:
    configs = [
        {"config_name": "letters", "data_dir": "letters"},
        {"config_name": "pictures", "data_files": "pictures/*.png"},
        {"config_name": "calls", "data_files": [{"split": "all", "path": ["calls/*.csv"]}]},
    ]
    sizes = {"letters/train.csv": 5, "letters/test.csv": 6, "calls/a.csv": 7, "calls/b.csv": 8}
    found, default = described(NAME, {"configs": configs}, sizes, tmp_path)
    assert default == "letters"
    assert {each.name: [(split.name, split.bytes) for split in each.splits] for each in found} == {
        "letters": [("train", 5), ("test", 6)],
        "calls": [("all", 15)],
    }


@pytest.mark.parametrize("pattern", ["/etc/*", "../*.csv", "https://example.com/a.csv", "zip://a.csv::b.zip", "~/x"])
def test_a_description_cannot_name_files_elsewhere(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="not inside it"):
        described(NAME, {"configs": [{"config_name": "default", "data_files": pattern}]}, {"a.csv": 1}, tmp_path)


def test_a_description_that_makes_no_sense_is_a_sentence(tmp_path: Path) -> None:
    for configs in ([{"data_files": 3}], "x", [{"config_name": "default", "data_files": "nothing.csv"}]):
        with pytest.raises(StudioError, match=f"what the files of {NAME} are"):
            described(NAME, {"configs": configs}, {"a.csv": 1}, tmp_path)


def test_a_description_is_read_in_a_folder_that_is_cleared_when_the_helper_is_ended(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def looked_at(root: str) -> None:
        seen.append(Path(root))
        raise KeyboardInterrupt  # no error of ours

    monkeypatch.setattr("datasets.load.dataset_module_factory", looked_at)
    with pytest.raises(KeyboardInterrupt):
        described(NAME, {}, {"a.csv": 1}, workspace.scratch)
    assert seen[0].parent == workspace.scratch and seen[0].name.startswith(scratch_prefix(os.getpid()))
    seen[0].mkdir()
    clear_left(workspace, os.getpid())
    assert list(workspace.scratch.iterdir()) == []


def test_a_home_with_brackets_in_its_name_will_do(tmp_path: Path) -> None:
    scratch = tmp_path / "my [data]"
    scratch.mkdir()
    found, _ = described(NAME, {}, {"train.csv": 5, "test.csv": 6}, scratch)
    assert [split.name for split in found[0].splits] == ["train", "test"]


def test_the_page_makes_a_recipe_that_brings_the_dataset_again(
    workspace: Workspace, here: Any, files: Path, tmp_path: Path
) -> None:
    hub = here(DatasetHub(NAME, files, CARD))
    dataset = add_hub(workspace, NAME)
    recipe = new_recipe(workspace, name="x", dataset_id=dataset.id, steps=chat_steps())
    assert recipe.data.file is None and recipe.data.hub == HubPart(
        name=NAME, configuration="en", split="train", revision=COMMIT
    )
    path = tmp_path / "recipe.toml"
    path.write_text(save_recipe(recipe))
    number = len(hub.sent)
    assert resolve(workspace, load_recipe(path)) == recipe and len(hub.sent) == number
    # On another computer it is brought from there, and the fingerprint says that the rows are the same.
    assert resolve(open_workspace(tmp_path / "elsewhere"), load_recipe(path)) == recipe and len(hub.sent) > number


@pytest.mark.parametrize("path", ["../a.csv", "/a.csv", "a/../../b.json", "..\\a.csv", "model.bin", "load.py", "a.pkl"])
def test_only_data_files_inside_the_dataset_are_taken(path: str) -> None:
    assert not readable(path) and readable("a/b.csv")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (" owner/name ", "owner/name"),
        ("squad", "squad"),
        ("https://huggingface.co/datasets/owner/na.me-1?row=3", "owner/na.me-1"),
        ("huggingface.co/datasets/owner/name/viewer/default/train", "owner/name"),
        ("https://huggingface.co/datasets/squad/tree/main", "squad"),
        ("hf://datasets/owner/name", "owner/name"),
        ("datasets/owner/name/", "owner/name"),
        ("https://huggingface.co/owner/model", None),
        ("a/b/c", None),
        ("../secret", None),
        ("", None),
    ],
)
def test_a_name_or_the_address_of_its_page(typed: str, name: str | None) -> None:
    if name is not None:
        assert hub_name(typed) == name
        return
    with pytest.raises(StudioError, match="not the name of a dataset"):
        hub_name(typed)


def test_too_little_room_is_said_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = namedtuple("free", "total used free")(10**12, 0, 2 * 10**9)
    monkeypatch.setattr(hub_download.shutil, "disk_usage", lambda place: free)
    hub_download.check_room(tmp_path, NAME, 400_000_000)
    with pytest.raises(StudioError, match=r"about 3\.5 GB .* 2\.0 GB are free"):
        hub_download.check_room(tmp_path, NAME, 1_000_000_000)


def test_a_packed_file_that_grows_without_end_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\n" * 60_000_000))
    with pytest.raises(StudioError, match="grows to more than 200 times"):
        list(hub_download.unpack(tmp_path / "bomb.gz", tmp_path / "bomb", "bomb.gz of it"))
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8bnothing")
    with pytest.raises(StudioError, match="is damaged"):
        list(hub_download.unpack(tmp_path / "bad.gz", tmp_path / "bad", "bad.gz of it"))


def test_a_dataset_of_an_older_studio_names_no_origin(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("q,a\n1,2\n")
    dataset = add_file(workspace, tmp_path / "a.csv")
    document = json.loads((dataset.folder / "dataset.json").read_text())
    assert document["facts"].pop("origin") is None
    (dataset.folder / "dataset.json").write_text(json.dumps(document))
    assert load_dataset(workspace, dataset.id) == dataset


def test_a_recipe_can_name_a_dataset_of_the_hub(workspace: Workspace, here: Any, files: Path, tmp_path: Path) -> None:
    hub = here(DatasetHub(NAME, files, CARD))
    path = tmp_path / "recipe.toml"
    path.write_text(f'[data]\nhub = "{NAME}"\n')
    recipe = resolve(workspace, load_recipe(path))
    assert recipe.data.hub is not None and recipe.data.mapping is not None
    assert (recipe.data.hub.configuration, recipe.data.hub.split, recipe.data.hub.revision) == ("en", "train", COMMIT)
    assert recipe.data.mapping.columns == {"prompt": "question", "reply": "answer"}
    path.write_text(save_recipe(recipe))
    number = len(hub.sent)
    assert resolve(workspace, load_recipe(path)) == recipe and len(hub.sent) == number
    path.write_text(f'[data]\nhub = {{ name = "{NAME}", configuration = "fr" }}\n')
    with pytest.raises(StudioError, match="no configuration called “fr”"):
        resolve(workspace, load_recipe(path))
    path.write_text(f'[data]\nhub = "{NAME}"\nfile = "a.csv"\n')
    with pytest.raises(StudioError, match="both `hub` and `file`"):
        resolve(workspace, load_recipe(path))
