"""The files that a recipe names: each is taken into the home, and how it is read is guessed where it is not said."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from studio.datasets import merging
from studio.datasets.dividing import SeparateTest, mapping_for
from studio.datasets.fixing import Fix
from studio.datasets.hub_download import add_hub
from studio.datasets.readers.table import unique_names
from studio.datasets.shapes import GUESSED_FROM, Mapping, guess
from studio.datasets.store import Dataset, add_file, clean_name
from studio.datasets.versions import DataSteps
from studio.datasets.weights import Weight, Weights
from studio.errors import StudioError
from studio.workspace import Workspace


class RecipePart(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FilePart(RecipePart):
    """A file and how it is read. `prompt`, `reply` and `system` are a short form of `mapping`."""

    file: str | None = Field(
        None, description="Any file that the Data tab takes, absolute or relative to the recipe's folder."
    )
    sheet: str | None = Field(None, description="Sheet of an Excel file; the first when left out.")
    prompt: str | None = Field(None, description="Column that holds the question; guessed when left out.")
    reply: str | None = Field(None, description="Column that holds the answer; guessed when left out.")
    system: str = Field("", description="Instruction in front of every example; empty: the model's own.")
    mapping: Mapping | None = Field(None, description="How a row is read, whole; guessed when left out.")
    fixes: list[Fix] = Field(default_factory=list, description="Fixes that are switched on.")

    @field_validator("fixes", mode="before")
    @classmethod
    def names_will_do(cls, fixes: Any) -> Any:
        """`fixes = ["exact_copies"]` is the same as a table with that name."""
        return [{"name": fix} if isinstance(fix, str) else fix for fix in fixes] if isinstance(fixes, list) else fixes


class MergePart(FilePart):
    """One of several files that are learned from together."""

    file: str = Field(description="Any file that the Data tab takes, absolute or relative to the recipe's folder.")
    weight: Weight = Field(1, description="How often its training rows are trained on: 2 is twice, 0.5 half of them.")


class HubPart(RecipePart):
    """A dataset of the Hugging Face hub. `hub = "owner/name"` is the same as a table with that name."""

    name: str = Field(description="owner/name, or the address of its page.")
    configuration: str = Field("", description="One of its configurations; the usual one when left out.")
    split: str = Field("", description="One of its splits; “train” when left out.")
    revision: str = Field("", description="Commit; the newest when left out, and written into the saved recipe.")

    @model_validator(mode="before")
    @classmethod
    def name_will_do(cls, hub: Any) -> Any:
        return {"name": hub} if isinstance(hub, str) else hub


def check_weights(weights: Weights | None, files: list[MergePart]) -> None:
    """Raises StudioError when [data.weights] and the `weight` of a file say different things."""
    if weights is None:
        return
    sources = unique_names([clean_name(Path(part.file).name) for part in files])
    values = weights.values if weights.column == merging.SOURCE else {}
    for source, part in zip(sources, files, strict=True):
        # A saved recipe has both, and then they agree.
        if "weight" in part.model_fields_set and part.weight != values.get(source, 1):
            raise StudioError(
                f"`weight` in [[data.merge]] says {part.weight:g} for {source}, but [data.weights] says "
                f"{values.get(source, 1):g}.",
                "Write weights in one of the two, and leave the other out.",
            )


def where_from(dataset: Dataset) -> dict[str, Any]:
    """The fields of [data] that bring a dataset again: its place on the hub, else its file in the home."""
    origin = dataset.facts.origin
    if origin is None:
        return {"file": str(dataset.raw), "sheet": dataset.facts.sheet or None}
    place = {"configuration": origin.configuration, "split": origin.split, "revision": origin.revision}
    return {"hub": HubPart(name=origin.hub, **place)}


def bring_hub(workspace: Workspace, hub: HubPart) -> Dataset:
    """Take a dataset of the hub into the home; writes out which one it was. Raises StudioError as `add_hub` does."""
    dataset = add_hub(workspace, hub.name, hub.configuration, hub.split, hub.revision)
    origin = dataset.facts.origin
    assert origin is not None
    hub.name, hub.revision = origin.hub, origin.revision
    hub.configuration, hub.split = origin.configuration, origin.split
    return dataset


def bring(workspace: Workspace, file: str, sheet: str | None = None, field: str = "file") -> Dataset:
    """Take a file into the home. Raises StudioError naming the recipe's `field` when it is not there."""
    path = Path(file)
    if not path.is_file():
        what = "test file" if field == "test_file" else "data file"
        raise StudioError(f"The {what} {path} is not there.", f"Check `{field}` in the recipe.")
    return add_file(workspace, path, sheet=sheet)


def mapping_of(part: FilePart, dataset: Dataset, place: str = "[data]") -> Mapping:
    """How the rows of a file are read; what the recipe leaves open is guessed from the first of them.

    Raises StudioError when that cannot be told.
    """
    if part.mapping is not None:
        return part.mapping
    if part.prompt and part.reply:
        return short_mapping(part)
    guessed = guess(dataset.head(GUESSED_FROM), dataset.name)
    named = part.prompt or part.reply
    if guessed is None or (named and guessed.mapping.shape != "prompt_reply"):
        raise StudioError(
            f"We could not tell how the rows of {dataset.name} are meant.",
            f"Name the columns in {place}: they are {', '.join(dataset.facts.columns)}.",
        )
    mapping = guessed.mapping.model_copy(update={"system": part.system})
    mapping.columns.update({k: v for k, v in (("prompt", part.prompt), ("reply", part.reply)) if v})
    return mapping


def short_mapping(part: FilePart) -> Mapping:
    """The mapping that `prompt`, `reply` and `system` stand for. Raises StudioError when one column is missing."""
    if not part.prompt or not part.reply:
        raise StudioError("We could not tell which columns hold the questions and the answers.", "Name them in [data].")
    columns = {"prompt": part.prompt, "reply": part.reply}
    return Mapping(kind="chat", shape="prompt_reply", columns=columns, system=part.system)


def spell_out(part: FilePart, mapping: Mapping) -> None:
    """Write the short forms out into `mapping`."""
    part.mapping, part.prompt, part.reply, part.system = mapping, None, None, ""


def merge_files(workspace: Workspace, files: list[MergePart]) -> tuple[Dataset, DataSteps]:
    """The files as one dataset, and the steps that read it; writes each part's mapping out."""
    parts = []
    for part in files:
        dataset = bring(workspace, part.file, part.sheet, "data.merge.file")
        spell_out(part, mapping_of(part, dataset, "[[data.merge]]"))
        assert part.mapping is not None
        parts.append(merging.Part(dataset.id, DataSteps(mapping=part.mapping, fixes=part.fixes), part.weight))
    return merging.merge(workspace, parts)


def bring_test(workspace: Workspace, file: str, given: Mapping | None, alike: list[Mapping]) -> SeparateTest:
    """The test file, read as given, or like one of the files that are learned from, whose mappings are `alike`.

    Raises StudioError when it cannot be told how it is read.
    """
    test = bring(workspace, file, field="test_file")
    read = given or mapping_for(alike[0], test, alike[1:])
    if read is None:
        raise StudioError(
            f"We could not tell how the rows of the test file {test.name} are meant.",
            f"Say it in [data.test_mapping]; its columns are {', '.join(test.facts.columns)}.",
        )
    return SeparateTest(dataset=test.id, mapping=read)
