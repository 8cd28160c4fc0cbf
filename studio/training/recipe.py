"""The recipe: one document that says what to train on what, how. The page fills it, the worker obeys it."""

import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from studio.datasets.fixing import Fix
from studio.datasets.hand import Edit
from studio.datasets.shapes import Mapping, guess
from studio.datasets.splits import SplitPlan
from studio.datasets.store import Dataset, add_file, load_dataset
from studio.datasets.versions import DataSteps, Version, prepare
from studio.errors import StudioError
from studio.methods import find_method
from studio.methods.settings import CommonSettings
from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.training.presets import find_preset
from studio.workspace import Workspace, speaking_of_disk

GUESSED_FROM = 500  # rows from which the shape of a file is told


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DataPart(Part):
    """`prompt`, `reply`, `system` are a short form of `mapping`; `validation`, `test`, `split_seed` of `split`."""

    file: str = Field(description="Any file that the Data tab takes, absolute or relative to the recipe's folder.")
    sheet: str | None = Field(None, description="Sheet of an Excel file; the first when left out.")
    prompt: str | None = Field(None, description="Column that holds the question; guessed when left out.")
    reply: str | None = Field(None, description="Column that holds the answer; guessed when left out.")
    system: str = Field("", description="Instruction in front of every example; empty: the model's own.")
    validation: float | None = Field(
        None, ge=0, le=1e9, description="Check rows, a share below 1 or a number; a tenth."
    )
    test: float | None = Field(None, ge=0, le=1e9, description="Test rows, a share below 1 or a number; a sixth.")
    split_seed: int = Field(42, description="Decides which rows go into which split.")
    mapping: Mapping | None = Field(None, description="How a row is read, whole; guessed when left out.")
    left_out: list[int] = Field(default_factory=list, description="Rows of the file taken out by hand.")
    edits: list[Edit] = Field(default_factory=list, description="Texts changed by hand.")
    fixes: list[Fix] = Field(default_factory=list, description="Fixes that are switched on.")
    split: SplitPlan | None = Field(None, description="How the rows are split, whole.")
    dataset: str | None = Field(None, description="Written by the studio: id of the dataset in its home.")
    fingerprint: str | None = Field(None, description="SHA-256 of the prepared rows; a run refuses others.")

    @field_validator("fixes", mode="before")
    @classmethod
    def names_will_do(cls, fixes: Any) -> Any:
        """`fixes = ["exact_copies"]` is the same as a table with that name."""
        return [{"name": fix} if isinstance(fix, str) else fix for fix in fixes] if isinstance(fixes, list) else fixes


class ModelPart(Part):
    name: str = Field(STARTER, description="Catalogue name, folder, or owner/name on the Hugging Face hub.")


class MethodPart(Part):
    name: str = Field("lora", description="Training method.")


class Recipe(Part):
    """`settings` are checked against the method's own settings model."""

    name: str = Field("", description="Shown in the history; made up from the data when left out.")
    preset: str = Field("", description="Settings to start from; those below overrule it.")
    data: DataPart
    model: ModelPart = ModelPart()
    method: MethodPart = MethodPart()
    settings: dict[str, Any] = Field(default_factory=dict)

    def checked_settings(self) -> CommonSettings:
        """The method's settings: defaults, then the preset, then what the recipe says.

        Raises StudioError naming the field that is wrong.
        """
        preset = find_preset(self.preset).settings if self.preset else {}
        method = find_method(self.method.name)
        try:
            return method.settings.model_validate({**preset, **self.settings})
        except ValidationError as error:
            raise in_words(error, "settings", method.settings) from error

    def steps(self) -> DataSteps:
        """What is done to the file. Raises StudioError while it is not known how a row is read."""
        data = self.data
        mapping = data.mapping or short_mapping(data)
        split = data.split or SplitPlan(validation=data.validation, test=data.test, seed=data.split_seed)
        return DataSteps(mapping=mapping, left_out=data.left_out, edits=data.edits, fixes=data.fixes, split=split)

    def version(self, workspace: Workspace) -> Version:
        """The prepared rows of a resolved recipe.

        Raises StudioError when they are not those that the fingerprint names.
        """
        version = prepare(workspace, load_dataset(workspace, self.data.dataset or ""), self.steps())
        if self.data.fingerprint and version.fingerprint != self.data.fingerprint:
            raise StudioError(
                "The data is no longer what this recipe was made for: its fingerprint differs.",
                "Take `fingerprint` out of the recipe if you mean to train on the new rows.",
            )
        return version


def load_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file; the data file's path becomes absolute.

    Raises StudioError naming the line or the field that is wrong.
    """
    with speaking_of_disk(path):
        text = path.read_bytes()
    try:
        document = tomllib.loads(text.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudioError(f"{path.name} is not valid TOML: {error}.", "Mend that line and start again.") from error
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        raise in_words(error, path.name, Recipe) from error
    recipe.data.file = str((path.parent / Path(recipe.data.file).expanduser()).resolve())
    return recipe


def resolve(workspace: Workspace, recipe: Recipe) -> Recipe:
    """A recipe with nothing left open: columns chosen, data taken in and fingerprinted, all settings written out.

    Raises StudioError for whatever would make the run fail before its first step.
    """
    recipe = recipe.model_copy(deep=True)
    find_model(workspace, recipe.model.name)
    settings = recipe.checked_settings()
    dataset = load_dataset(workspace, recipe.data.dataset) if recipe.data.dataset else bring(workspace, recipe)
    recipe.data.dataset = dataset.id
    unfold(recipe.data, dataset)
    find_method(recipe.method.name).check_kind(recipe.steps().mapping.kind)
    recipe.data.fingerprint = recipe.version(workspace).fingerprint
    # All settings are written out, so that a preset that changes later does not change this recipe.
    recipe.settings, recipe.preset = settings.model_dump(exclude_none=True), ""
    recipe.name = recipe.name or Path(dataset.name).stem.replace("_", " ").replace("-", " ").capitalize()
    return recipe


def bring(workspace: Workspace, recipe: Recipe) -> Dataset:
    path = Path(recipe.data.file)
    if not path.is_file():
        raise StudioError(f"The data file {path} is not there.", "Check `file` in the recipe.")
    return add_file(workspace, path, sheet=recipe.data.sheet)


def short_mapping(data: DataPart) -> Mapping:
    """The mapping that `prompt`, `reply` and `system` stand for. Raises StudioError when one column is missing."""
    if not data.prompt or not data.reply:
        raise StudioError("We could not tell which columns hold the questions and the answers.", "Name them in [data].")
    columns = {"prompt": data.prompt, "reply": data.reply}
    return Mapping(kind="chat", shape="prompt_reply", columns=columns, system=data.system)


def unfold(data: DataPart, dataset: Dataset) -> None:
    """Write the short forms out into `mapping` and `split`; what is left open is guessed from the first rows.

    Raises StudioError when that cannot be told.
    """
    if data.mapping is None and not (data.prompt and data.reply):
        guessed = guess(dataset.head(GUESSED_FROM), dataset.name)
        named = data.prompt or data.reply
        if guessed is None or (named and guessed.mapping.shape != "prompt_reply"):
            raise StudioError(
                f"We could not tell how the rows of {dataset.name} are meant.",
                f"Name the columns in [data]: they are {', '.join(dataset.facts.columns)}.",
            )
        data.mapping = guessed.mapping.model_copy(update={"system": data.system})
        data.mapping.columns.update({k: v for k, v in (("prompt", data.prompt), ("reply", data.reply)) if v})
    data.mapping = data.mapping or short_mapping(data)
    data.split = data.split or SplitPlan(validation=data.validation, test=data.test, seed=data.split_seed)
    for name in ("prompt", "reply", "system", "validation", "test", "split_seed"):
        setattr(data, name, DataPart.model_fields[name].default)


def new_recipe(
    workspace: Workspace,
    *,
    name: str,
    dataset_id: str,
    steps: DataSteps,
    model: str = STARTER,
    method: str = "lora",
    settings: dict[str, Any] | None = None,
    preset: str = "",
) -> Recipe:
    """A resolved recipe from what was chosen on the page. Raises StudioError naming the field that is wrong."""
    dataset = load_dataset(workspace, dataset_id)
    try:
        recipe = Recipe(
            name=str(name or "").strip()[:80],
            preset=preset,
            data=DataPart(file=str(dataset.raw), sheet=dataset.facts.sheet or None, dataset=dataset.id, **dict(steps)),
            model=ModelPart(name=model),
            method=MethodPart(name=method),
            settings=settings or {},
        )
    except ValidationError as error:
        raise in_words(error, "the form", Recipe) from error
    return resolve(workspace, recipe)


def save_recipe(recipe: Recipe) -> str:
    """The recipe as TOML text."""
    return tomli_w.dumps(recipe.model_dump(exclude_none=True))


def in_words(error: ValidationError, place: str, schema: type[BaseModel]) -> StudioError:
    """The first thing that pydantic found wrong, as a sentence with the field's own title."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    field = schema.model_fields.get(path[0]) if path else None
    label = (field.title if field else None) or ".".join(path) or place
    if first["type"] == "extra_forbidden":
        known = ", ".join(schema.model_fields) if len(path) == 1 else "see the README's recipe table"
        return StudioError(f"{place} has a field that is not known: “{'.'.join(path)}”.", f"Known here: {known}.")
    if first["type"] == "missing":
        return StudioError(f"{place} lacks “{'.'.join(path)}”.", "Add it and start again.")
    reason = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return StudioError(f"{label}: {first['input']!r} will not do, it should be {reason}.", "Change it and start again.")
