"""Rows about pictures: recognised, kept under the name of their contents, and left out when the picture is no use."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from studio.datasets.health import CHECKS
from studio.datasets.pictures import FOLDER, picture_file
from studio.datasets.rows import conversations
from studio.datasets.shapes import guess
from studio.datasets.store import Dataset, add_file
from studio.datasets.versions import DataSteps, Version, mapped, prepare
from studio.errors import StudioError
from studio.workspace import Workspace

HEADER = ("image", "question", "answer")


def picture(number: int, format: str = "PNG") -> bytes:
    """A small picture of one colour."""
    target = io.BytesIO()
    Image.new("RGB", (24, 16), (number * 40 % 256, number * 7 % 256, number)).save(target, format)
    return target.getvalue()


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows([header, *rows])
    return target.getvalue().encode()


@pytest.fixture
def add_zip(workspace: Workspace, tmp_path: Path) -> Callable[..., Dataset]:
    """Takes in a .zip of these files, name -> contents."""

    def add(files: dict[str, bytes], name: str = "shop.zip") -> Dataset:
        with ZipFile(tmp_path / name, "w") as archive:
            for inner, content in files.items():
                archive.writestr(inner, content)
        return add_file(workspace, tmp_path / name)

    return add


def steps_of(dataset: Dataset, **more: object) -> DataSteps:
    found = guess(dataset.head(100), dataset.name)
    assert found is not None and found.mapping.kind == "picture"
    return DataSteps(mapping=found.mapping, **more)


def usual(rows: int = 12) -> dict[str, bytes]:
    listed = [(f"photos/{i}.png", "What is it?", ("a cup", "a lamp")[i % 2]) for i in range(rows)]
    return {"rows.csv": table(listed)} | {f"photos/{i}.png": picture(i) for i in range(rows)}


def labels(version: Version) -> list[str]:
    return [name for split in version.rows for name in version.frame(split)["label"]]


def test_a_zip_with_pictures_becomes_rows(workspace: Workspace, add_zip: Callable[..., Dataset]) -> None:
    dataset = add_zip(usual())
    assert "12 pictures in shop.zip can be learned from." in dataset.facts.notes
    version = prepare(workspace, dataset, steps_of(dataset))
    assert sum(version.rows.values()) == 12 and version.left_out == []
    frame = version.frame("train")
    messages, tools = next(conversations(frame, version.kind))
    assert [message["role"] for message in messages] == ["user", "assistant"] and tools == []
    contents = {picture_file(version.folder, name).read_bytes() for name in labels(version)}
    assert contents == {picture(i) for i in range(12)}


def test_the_untouched_file_stays_as_it_was(
    workspace: Workspace, add_zip: Callable[..., Dataset], tmp_path: Path
) -> None:
    dataset = add_zip(usual())
    prepare(workspace, dataset, steps_of(dataset))
    assert dataset.raw.read_bytes() == (tmp_path / "shop.zip").read_bytes()


def test_pictures_that_are_no_use_are_left_out_and_counted(
    workspace: Workspace, add_zip: Callable[..., Dataset]
) -> None:
    listed = [(f"{i}.png", "What?", f"thing {i}") for i in range(8)]
    listed += [("gone.png", "What?", "gone"), ("broken.png", "What?", "broken"), ("cut.png", "What?", "cut")]
    listed += [("page.png", "What?", "page"), ("", "What?", "none"), ("3.png", "What?", "")]
    files = {f"{i}.png": picture(i) for i in range(8)}
    files |= {"broken.png": b"no picture", "cut.png": picture(5, "JPEG")[:-200], "page.png": b"GIF89a" + bytes(40)}
    dataset = add_zip({"rows.csv": table(listed), **files})
    version = prepare(workspace, dataset, steps_of(dataset))
    assert sum(version.rows.values()) == 8
    assert sorted(version.left_out) == [
        (1, "its picture is not in the .zip"),
        (1, "no answer"),
        (1, "no picture"),
        (3, "its picture cannot be read"),
    ]


def test_a_picture_with_too_many_dots_is_left_out(
    workspace: Workspace, add_zip: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.datasets.pictures.MAX_DOTS", 24 * 16)
    target = io.BytesIO()
    Image.new("RGB", (100, 100)).save(target, "PNG")
    dataset = add_zip({**usual(), "photos/3.png": target.getvalue()})
    version = prepare(workspace, dataset, steps_of(dataset))
    assert [count for count, reason in version.left_out if "dots" in reason] == [1]


def test_a_picture_is_found_from_another_folder_and_by_where_it_once_was(
    workspace: Workspace, add_zip: Callable[..., Dataset]
) -> None:
    listed = [
        ("1.png", "What?", "one"),
        ("C:\\photos\\2.png", "What?", "two"),
        ("./photos/3.png", "What?", "three"),
        ("b/4.png", "What?", "four"),
        ("5.png", "What?", "five"),
    ]
    files = {f"shop/photos/{i}.png": picture(i) for i in (1, 2, 3)}
    files |= {"shop/a/4.png": picture(4), "shop/b/4.png": picture(40), "x/5.png": picture(5), "y/5.png": picture(6)}
    dataset = add_zip({"shop/rows.csv": table(listed), **files})
    version = prepare(workspace, dataset, steps_of(dataset))
    assert version.left_out == [(1, "several pictures in the .zip have its name")]
    kept = {picture_file(version.folder, name).read_bytes() for name in labels(version)}
    assert kept == {picture(1), picture(2), picture(3), picture(40)}


def test_pictures_can_lie_on_this_computer(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i in range(6):
        (tmp_path / "photos" / f"{i}.jpg").write_bytes(picture(i, "JPEG"))
    listed = [(str(tmp_path / "photos" / f"{i}.jpg"), "What?", f"thing {i}") for i in range(6)]
    listed += [("photos/1.jpg", "What?", "half a path"), (str(tmp_path / "no.jpg"), "What?", "gone")]
    (tmp_path / "rows.csv").write_bytes(table(listed))
    dataset = add_file(workspace, tmp_path / "rows.csv")
    version = prepare(workspace, dataset, steps_of(dataset))
    assert sum(version.rows.values()) == 6
    assert sorted(reason for _, reason in version.left_out) == [
        "its picture is named without its folder; bring table and pictures in one .zip",
        "its picture is not on this computer",
    ]
    (tmp_path / "photos" / "1.jpg").unlink()  # the studio has its own
    assert all(picture_file(version.folder, name).exists() for name in labels(version))


def test_another_picture_under_the_same_name_is_another_version(workspace: Workspace, tmp_path: Path) -> None:
    def fingerprint(first: int, name: str) -> str:
        (tmp_path / "0.png").write_bytes(picture(first))
        (tmp_path / "1.png").write_bytes(picture(1))
        listed = [(str(tmp_path / f"{i}.png"), "What?", f"thing {i}") for i in range(2)]
        (tmp_path / name).write_bytes(table(listed))
        dataset = add_file(workspace, tmp_path / name)
        return prepare(workspace, dataset, steps_of(dataset, split={"validation": 0, "test": 0})).fingerprint

    assert fingerprint(0, "a.csv") == fingerprint(0, "b.csv")
    assert fingerprint(5, "c.csv") != fingerprint(0, "d.csv")


def test_rows_on_one_picture_stay_together_and_others_do_not(
    workspace: Workspace, add_zip: Callable[..., Dataset]
) -> None:
    listed = [(f"{i // 2}.png", "What is it?", "a cup") for i in range(40)]
    dataset = add_zip({"rows.csv": table(listed)} | {f"{i}.png": picture(i) for i in range(20)})
    version = prepare(workspace, dataset, steps_of(dataset))
    sides = {split: set(version.frame(split)["label"]) for split in version.rows}
    assert all(sides.values())
    assert not sides["train"] & sides["test"] and not sides["train"] & sides["validation"]


def test_the_same_words_about_other_pictures_are_no_copies(add_zip: Callable[..., Dataset]) -> None:
    dataset = add_zip(usual())
    data, _ = mapped(dataset, steps_of(dataset))
    checks = {check.name: check for check in CHECKS}
    assert checks["exact_copies"].find(data) is None
    by_words = ("near_copies", "leaks", "contradictions")
    assert all(checks[name].kinds and "picture" not in checks[name].kinds for name in by_words)


def test_a_table_without_questions_asks_for_a_description(add_zip: Callable[..., Dataset]) -> None:
    listed = [(f"{i}.webp", f"A cup in the colour {i}.") for i in range(4)]
    files = {f"{i}.webp": picture(i, "WEBP") for i in range(4)}
    dataset = add_zip({"rows.csv": table(listed, ("file_name", "caption")), **files})
    data, _ = mapped(dataset, steps_of(dataset))
    messages, _ = next(conversations(data.rows, "picture"))
    assert messages[0]["content"] == "Describe this picture."
    assert messages[1]["content"] == "A cup in the colour 0."


def test_pictures_without_a_table_are_refused(add_zip: Callable[..., Dataset]) -> None:
    with pytest.raises(StudioError, match="pictures alone"):
        add_zip({"1.png": picture(1)})


def test_a_name_cannot_lead_out_of_the_zip(workspace: Workspace, add_zip: Callable[..., Dataset]) -> None:
    listed = [("../../../../etc/0.png", "What?", "zero"), ("/etc/1.png", "What?", "one"), ("2.png", "What?", "two")]
    dataset = add_zip({"rows.csv": table(listed)} | {f"in/{i}.png": picture(i) for i in range(3)})
    version = prepare(workspace, dataset, steps_of(dataset, split={"validation": 0, "test": 0}))
    assert {file.parent for file in dataset.folder.rglob("*.png")} == {dataset.folder / FOLDER}
    assert all("/" not in name for name in labels(version))


def test_rows_of_a_test_file_bring_their_pictures(workspace: Workspace, add_zip: Callable[..., Dataset]) -> None:
    dataset = add_zip(usual())
    listed = [(f"{i}.png", "What is it?", "a rug") for i in range(3)]
    test = add_zip({"t.csv": table(listed)} | {f"{i}.png": picture(100 + i) for i in range(2)}, "test.zip")
    steps = steps_of(dataset, separate_test={"dataset": test.id, "mapping": steps_of(test).mapping.model_dump()})
    version = prepare(workspace, dataset, steps)
    assert version.rows["test"] == 2
    assert (1, "in the test file: its picture is not in the .zip") in version.left_out
    assert all(picture_file(version.folder, name).exists() for name in version.frame("test")["label"])


def test_addresses_of_pictures_beside_other_text_are_read_as_pictures_only_when_all_are(
    add_zip: Callable[..., Dataset],
) -> None:
    listed = [(("a.png", "none")[i % 2], f"Where is my cup {i}?", f"It is on its way {i}.") for i in range(8)]
    dataset = add_zip({"rows.csv": table(listed), "a.png": picture(1)})
    found = guess(dataset.head(100), dataset.name)
    assert found is not None and found.mapping.kind == "chat"
