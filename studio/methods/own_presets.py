"""A person's own presets: HOME/presets/*.toml, of the same form as those that came with the studio."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError

from studio.errors import StudioError
from studio.methods.field_errors import settings_error
from studio.methods.presets import Preset, read, shipped
from studio.methods.registry import find_method
from studio.workspace import Workspace, speaking_of_disk, write_atomic

LONGEST = 40  # characters of a title; with four bytes each and what is written around it a file system takes the name
SENTENCE = "One of your own."
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)  # no names of files on Windows


class Taken(StudioError):
    """The person has a preset of that name already, and may replace it."""


@dataclass(frozen=True)
class Damaged:
    """A file among a person's presets that is none. sentence: what is wrong with it, and what to do."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Own:
    presets: tuple[Preset, ...]
    damaged: tuple[Damaged, ...]


def own_presets(workspace: Workspace) -> Own:
    """The person's presets in this home, and the files there that cannot be used; those are passed over."""
    presets, damaged = [], []
    known = {preset.name for preset in shipped()}
    for file in sorted(folder(workspace).glob("*.toml")):
        try:
            preset = read(file.stem, file.read_text("utf-8"), own=True)
            check_settings(preset)
            if preset.name in known:
                raise ValueError("a preset that came with the studio has the same name")
        except (OSError, ValueError) as error:
            what = f"The preset {file.name} in {file.parent} cannot be used: {str(error).rstrip('.')}."
            damaged.append(Damaged(file.stem, f"{what} Mend the file in a text editor, or delete it."))
        else:
            presets.append(preset)
    return Own(tuple(presets), tuple(damaged))


def check_settings(preset: Preset) -> None:
    """Raises ValueError for a setting that one of its methods does not have, or would refuse."""
    for name in preset.methods:
        try:
            find_method(name).settings.model_validate(preset.settings)
        except ValidationError as error:
            raise ValueError(settings_error(error, find_method(name).settings).message) from error


def save_preset(
    workspace: Workspace,
    title: str,
    method: str,
    settings: dict[str, Any],
    *,
    sentence: str = SENTENCE,
    replace: bool = False,
    after: Preset | None = None,
    rows: int = 0,
) -> Preset:
    """Keep these settings of a method as a preset; what is as the method has it by itself is left out.

    after: the preset that the form was filled from, for so many rows. Passes that are still as it made them for these
    rows follow the rows with the new preset, too.
    Raises StudioError for a title that cannot be used or is taken, unless the person means to replace their own.
    """
    found = find_method(method)
    kept = differences(found.settings, settings)
    whole: dict[str, Any] = {}
    if after is not None and after.rows_read is not None and follows(after, found.settings, settings, rows):
        whole["rows_read"] = after.rows_read.model_dump()
        kept = {name: value for name, value in kept.items() if name != "epochs"}
        kept |= {name: value for name, value in after.settings_of(found.settings).items() if name == "epochs"}
    title = tidy(title)
    preset = Preset(
        name=name_of(title),
        title=title,
        sentence=tidy(sentence, 200),
        order=1,
        settings=kept,
        methods=(found.name,),
        own=True,
        **whole,
    )
    try:
        check_settings(preset)
    except ValueError as error:
        raise StudioError(f"These settings cannot be kept: {str(error).rstrip('.')}.", "Mend them first.") from error
    check_free(workspace, preset, replace)
    write(workspace, preset)
    return preset


def follows(after: Preset, schema: type[BaseModel], settings: dict[str, Any], rows: int) -> bool:
    """Whether the passes among these settings are those that the preset makes of so many rows."""
    usual = schema.model_fields["epochs"].default
    return bool(settings.get("epochs", usual) == after.fitted(schema, rows=rows).settings.get("epochs", usual))


def differences(schema: type[BaseModel], settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of this class that are set, and to something else than they are by themselves."""
    fields = schema.model_fields
    return {
        name: value
        for name, value in settings.items()
        if name in fields and value is not None and value != fields[name].get_default(call_default_factory=True)
    }


def delete_preset(workspace: Workspace, name: str) -> None:
    """Delete one of the person's presets, or a damaged file among them. Raises StudioError when there is none."""
    found = own_presets(workspace)
    if name not in {preset.name for preset in found.presets} | {damaged.name for damaged in found.damaged}:
        raise StudioError(f"There is no preset of your own called “{name}”.", "Those of the studio always stay.")
    with speaking_of_disk(file_of(workspace, name)):
        file_of(workspace, name).unlink(missing_ok=True)


def rename_preset(workspace: Workspace, name: str, title: str) -> Preset:
    """Give one of the person's presets another title, and with it a name. Raises StudioError as save_preset does."""
    old = next((preset for preset in own_presets(workspace).presets if preset.name == name), None)
    if old is None:
        raise StudioError(f"There is no preset of your own called “{name}”.", "Those of the studio keep their names.")
    title = tidy(title)
    new = old.model_copy(update={"title": title, "name": name_of(title)})
    if new.name != old.name:
        check_free(workspace, new, replace=False)
    write(workspace, new)
    if new.name != old.name:
        delete_preset(workspace, old.name)
    return new


def check_free(workspace: Workspace, preset: Preset, replace: bool) -> None:
    """Raises StudioError when the name or title belongs to another preset, unless that is replaced."""
    theirs = [one for one in shipped() if one.name == preset.name or alike(one.title, preset.title)]
    if theirs:
        raise StudioError(
            f"“{theirs[0].title}” is a preset that came with the studio, and it always stays.", "Choose another name."
        )
    if replace:
        return
    if file_of(workspace, preset.name).exists():
        raise Taken(
            f"You already have a preset called “{preset.title}”.", "Choose another name, or replace the old one."
        )


def alike(one: str, other: str) -> bool:
    return name_of(one) == name_of(other)


def write(workspace: Workspace, preset: Preset) -> None:
    document = preset.model_dump(include={"order", "title", "sentence", "methods"}, mode="json")
    if preset.rows_read:
        document["rows_read"] = preset.rows_read.model_dump()
    with speaking_of_disk(folder(workspace)):
        folder(workspace).mkdir(parents=True, exist_ok=True)
    write_atomic(file_of(workspace, preset.name), tomli_w.dumps({**document, "settings": plain(preset.settings)}))


def plain(value: Any) -> Any:
    """As TOML can hold it: documents as tables, and nothing where there is nothing."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if one is not None}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def tidy(text: str, longest: int = LONGEST) -> str:
    """On one line, without marks that steer a screen, and no longer than this."""
    seen = "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in str(text or ""))
    return " ".join(unicodedata.normalize("NFC", seen).split())[:longest].strip()


def name_of(title: str) -> str:
    """The name of a preset with this title, which is that of its file. Raises StudioError for one without letters."""
    plainer = unicodedata.normalize("NFKC", title).casefold()
    name = re.sub(r"[\W_]+", "_", plainer).strip("_")[:LONGEST].rstrip("_")
    if not name:
        raise StudioError("A preset needs a name with at least one letter or number.", "Type a name for it.")
    return f"{name}_preset" if RESERVED.fullmatch(name) else name


def folder(workspace: Workspace) -> Path:
    return workspace.home / "presets"


def file_of(workspace: Workspace, name: str) -> Path:
    return folder(workspace) / f"{name}.toml"
