"""The recipe: one document that says what to train on what, how. The page fills it, the worker obeys it."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from studio.datasets.augment import Augmentation
from studio.datasets.dividing import SeparateTest
from studio.datasets.hand import Edit
from studio.datasets.shapes import Mapping
from studio.datasets.splits import SplitPlan
from studio.datasets.store import Dataset, is_there, load_dataset
from studio.datasets.versions import DataSteps, Version, prepare
from studio.datasets.weights import Weights
from studio.errors import StudioError
from studio.goals.success import Success
from studio.methods import find_method
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.checks import check_run, known_of
from studio.methods.field_errors import settings_error
from studio.methods.presets import Fitted, find_preset
from studio.models.blueprint import hidden_size
from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.training.going_on import begin
from studio.training.recipe_checks import check_goal, check_sources
from studio.training.sources import (
    FilePart,
    HubPart,
    MergePart,
    RecipePart,
    bring,
    bring_hub,
    bring_test,
    mapping_of,
    merge_files,
    short_mapping,
    spell_out,
    where_from,
)
from studio.training.tracking.part import TrackingPart, check_tracking
from studio.workspace import Workspace, speaking_of_disk

MOST_WATCHED = 5
LONGEST_WATCHED = 1_000  # characters
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_WATCHED)]


class DataPart(FilePart):
    """`file`, `merge` or `hub`. `validation`, `test`, `split_seed` are a short form of `split`.

    `test_file` and `test_mapping` are a short form of `separate_test`, as each `weight` in `merge` is of `weights`.
    """

    hub: HubPart | None = Field(
        None, description="In place of `file`: a dataset of the Hugging Face hub, owner/name, or its parts in a table."
    )
    merge: list[MergePart] = Field(
        default_factory=list, description="In place of `file`: several files to learn from, each with its weight."
    )
    validation: float | None = Field(
        None, ge=0, le=1e9, description="Check rows, a share below 1 or a number; a tenth."
    )
    test: float | None = Field(None, ge=0, le=1e9, description="Test rows, a share below 1 or a number; a sixth.")
    split_seed: int = Field(42, description="Decides which rows go into which split.")
    left_out: list[int] = Field(default_factory=list, description="Rows of the file taken out by hand.")
    edits: list[Edit] = Field(default_factory=list, description="Texts changed by hand.")
    augment: Augmentation | None = Field(None, description="Rows made out of others, to learn from only.")
    split: SplitPlan | None = Field(None, description="How the rows are split, whole.")
    test_file: str | None = Field(
        None, description="File whose rows are the test rows, absolute or relative to the recipe's folder."
    )
    test_mapping: Mapping | None = Field(
        None, description="How a row of the test file is read; like a row of the file when left out."
    )
    separate_test: SeparateTest | None = Field(None, description="The test file, whole: its dataset and its mapping.")
    weights: Weights | None = Field(None, description="How often training rows are trained on, by a column's values.")
    dataset: str | None = Field(None, description="Written by the studio: id of the dataset in its home.")
    fingerprint: str | None = Field(None, description="SHA-256 of the prepared rows; a run refuses others.")


class ModelPart(RecipePart):
    name: str = Field(STARTER, description="Catalogue name, folder, or owner/name on the Hugging Face hub.")
    start: str | None = Field(
        None,
        description="Id of an earlier run whose result is trained further. What it could do is “before” in the result.",
    )


class MethodPart(RecipePart):
    name: str = Field("sft", description="Training method.")


class TrialPart(RecipePart):
    sweep: str = Field(description="Id of the search.")
    number: int = Field(ge=0, description="Which of its runs this is, from 0.")


class Recipe(RecipePart):
    """`settings` are checked against the method's own settings model."""

    name: str = Field("", description="Shown in the history; made up from the data when left out.")
    goal: str = Field("", description="What the model should do for a person, as in presets/goals; changes nothing.")
    success: Success | None = Field(None, description="What the person said success is; the run is held to it.")
    preset: str = Field("", description="Settings to start from; those below overrule it.")
    notes: list[str] = Field(
        default_factory=list, description="Written by the studio: what it changed of the preset, and why."
    )
    watch: list[ShortText] = Field(
        default_factory=list,
        max_length=MOST_WATCHED,
        title="Questions to watch",
        description="Asked at every check, so that the answers can be watched as they change; three check rows when "
        "left out.",
    )
    tracking: TrackingPart | None = Field(
        None, description="Trackers that the run is told to beside its TensorBoard files, each a table."
    )
    trial: TrialPart | None = Field(None, description="Written by the studio: the search that this run is part of.")
    data: DataPart
    model: ModelPart = ModelPart()
    method: MethodPart = MethodPart()
    settings: dict[str, Any] = Field(default_factory=dict)

    def fitted(self, workspace: Workspace | None = None, rows: int = 0, context: int = 0) -> Fitted:
        """The preset's settings for so many training rows and a model that reads so many tokens, 0: not known yet.

        Raises StudioError when there is no such preset, or when it is for another method.
        """
        if not self.preset:
            return Fitted({}, {})
        method = find_method(self.method.name)
        preset = find_preset(self.preset, method.name, workspace)
        return preset.fitted(method.settings, rows=rows, context=context, given=self.settings)

    def checked_settings(self, preset: Fitted | None = None) -> AdaptSettings:
        """The method's settings: defaults, then the preset, then what the recipe says.

        preset: as `fitted` has it, where rows and model are known. Raises StudioError naming the field that is wrong.
        """
        schema = find_method(self.method.name).settings
        try:
            return schema.model_validate({**(preset or self.fitted()).settings, **self.settings})
        except ValidationError as error:
            raise settings_error(error, schema) from error

    def steps(self) -> DataSteps:
        """What is done to the file. Raises StudioError while it is not known how a row is read."""
        data = self.data
        mapping = data.mapping or short_mapping(data)
        split = data.split or SplitPlan(validation=data.validation, test=data.test, seed=data.split_seed)
        return DataSteps(
            mapping=mapping,
            left_out=data.left_out,
            edits=data.edits,
            fixes=data.fixes,
            augment=data.augment,
            split=split,
            separate_test=data.separate_test,
            weights=data.weights,
        )

    def version(self, workspace: Workspace) -> Version:
        """The prepared rows of a resolved recipe.

        Raises StudioError when they are not those that the fingerprint names.
        """
        version = prepare(workspace, load_dataset(workspace, self.data.dataset or ""), self.steps())
        if self.data.fingerprint and version.fingerprint != self.data.fingerprint:
            raise StudioError(
                "The data is no longer what this recipe was made for: its fingerprint differs.",
                "Take `fingerprint` out of the recipe if you mean to train on the new rows.",
                cause="data_changed",
                evidence=f"The recipe names {self.data.fingerprint[:12]}…, and the rows there now have "
                f"{version.fingerprint[:12]}….",
            )
        return version


def load_recipe(path: Path) -> Recipe:
    """A recipe from a TOML file; the paths of data files become absolute.

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
    data = recipe.data
    data.file, data.test_file = (whole and absolute(path, whole) for whole in (data.file, data.test_file))
    for part in data.merge:
        part.file = absolute(path, part.file)
    return recipe


def absolute(recipe: Path, file: str) -> str:
    return str((recipe.parent / Path(file).expanduser()).resolve())


def resolve(workspace: Workspace, recipe: Recipe) -> Recipe:
    """A recipe with nothing left open: columns chosen, data taken in and fingerprinted, all settings written out.

    Raises StudioError for whatever would make the run fail before its first step.
    """
    recipe = recipe.model_copy(deep=True)
    recipe.trial = None  # who repeats a run of a search makes one of his own
    recipe.method.name = find_method(recipe.method.name).name
    begin(workspace, recipe)
    model = find_model(workspace, recipe.model.name)
    recipe.checked_settings(recipe.fitted(workspace))  # before all rows are read
    check_tracking(recipe.tracking)
    check_sources(recipe.data)
    dataset = take_in(workspace, recipe.data)
    recipe.data.dataset = dataset.id
    unfold(workspace, recipe.data, dataset)
    method = find_method(recipe.method.name)
    check_goal(recipe, method)
    method.check_kind(recipe.steps().mapping.kind)
    version = recipe.version(workspace)
    known = known_of(model)
    preset = recipe.fitted(workspace, version.rows["train"], known.context if known else 0)
    fill_rate(recipe, preset, hidden_size(model))
    settings = recipe.checked_settings(preset)
    check_run(workspace, method, settings, version, model)
    recipe.data.fingerprint = version.fingerprint
    # All settings are written out, so that a preset that changes later does not change this recipe.
    recipe.notes += [note for name, note in preset.notes.items() if name not in recipe.settings]
    recipe.settings, recipe.preset = settings.model_dump(exclude_none=True), ""
    recipe.name = recipe.name or Path(dataset.name).stem.replace("_", " ").replace("-", " ").capitalize()
    return recipe


def fill_rate(recipe: Recipe, preset: Fitted, hidden: int) -> None:
    """Where no learning rate is given, write down the one that suits the model."""
    schema, given = find_method(recipe.method.name).settings, {**preset.settings, **recipe.settings}
    if given.get("learning_rate") is None:
        adapt = given.get("adapt", schema.model_fields["adapt"].default)
        recipe.settings["learning_rate"] = schema.rate_for(adapt, hidden)


def take_in(workspace: Workspace, data: DataPart) -> Dataset:
    """What is learned from, taken into the home if it is not there; merged files bring mapping and weights along."""
    if data.dataset and is_there(workspace, data.dataset):
        return load_dataset(workspace, data.dataset)
    if data.hub:
        return bring_hub(workspace, data.hub)
    if data.file:
        return bring(workspace, data.file, data.sheet)
    dataset, steps = merge_files(workspace, data.merge)
    data.mapping = data.mapping or steps.mapping.model_copy(update={"system": data.system})
    data.weights = data.weights or steps.weights
    return dataset


def unfold(workspace: Workspace, data: DataPart, dataset: Dataset) -> None:
    """Write all short forms out; what is left open is guessed from the first rows.

    Raises StudioError when that cannot be told.
    """
    mapping = mapping_of(data, dataset)
    spell_out(data, mapping)
    data.split = data.split or SplitPlan(validation=data.validation, test=data.test, seed=data.split_seed)
    if data.test_file and data.separate_test is None:
        alike = [mapping, *(part.mapping for part in data.merge if part.mapping)]
        data.separate_test = bring_test(workspace, data.test_file, data.test_mapping, alike)
    for name in ("validation", "test", "split_seed", "test_mapping"):
        setattr(data, name, DataPart.model_fields[name].default)


def new_recipe(
    workspace: Workspace,
    *,
    name: str,
    dataset_id: str,
    steps: DataSteps,
    model: str = STARTER,
    method: str = "sft",
    settings: dict[str, Any] | None = None,
    preset: str = "",
    start: str = "",
    goal: str = "",
    success: Success | None = None,
    watch: list[str] | None = None,
    tracking: dict[str, Any] | None = None,
) -> Recipe:
    """A resolved recipe from what was chosen on the page. Raises StudioError naming the field that is wrong."""
    dataset = load_dataset(workspace, dataset_id)
    try:
        recipe = Recipe(
            name=str(name or "").strip()[:80],
            goal=goal,
            success=success,
            preset=preset,
            watch=watch or [],
            tracking=TrackingPart.model_validate(tracking) if tracking else None,
            data=DataPart(**where_from(dataset), dataset=dataset.id, **dict(steps)),
            model=ModelPart(name=model, start=start or None),
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
    if first["type"] == "value_error" and not path:  # a document's own validator speaks in whole sentences
        return StudioError(first["msg"].removeprefix("Value error, "), "Change it and start again.")
    if first["type"] == "missing":
        return StudioError(f"{place} lacks “{'.'.join(path)}”.", "Add it and start again.")
    reason = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return StudioError(f"{label}: {first['input']!r} will not do, it should be {reason}.", "Change it and start again.")
