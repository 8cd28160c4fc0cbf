"""What a run will take, worked out from the choices on the page, and why it cannot start when it cannot."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from components import fit_view
from components.data_choice import prepared
from components.html import about, count, escape, title
from components.sizing import Sizes
from studio.datasets.store import load_dataset
from studio.datasets.versions import Version, prepare
from studio.datasets.xray import Lengths, XRay
from studio.errors import StudioError
from studio.methods import Method, find_method
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.checks import check_run, known_of
from studio.methods.field_errors import settings_error
from studio.methods.presets import list_presets
from studio.models.catalogue import Model, find_model
from studio.models.estimate import START_SECONDS, Estimate, estimate
from studio.models.fit import Fit
from studio.training import rate_test
from studio.training.chain import model_under
from studio.training.fit_test import Outcome, key_of, outcome, test_seconds
from studio.training.going_on import begin
from studio.training.make_fit import Plan
from studio.training.rate_pick import STEPS
from studio.training.recipe import DataPart, MethodPart, ModelPart, Recipe
from studio.training.tracking.part import TrackingPart, problems
from studio.workspace import Workspace

MOST_KNOWN = 64  # combinations remembered to be sound
WRITES = (
    "It writes answers while it learns, so nobody knows beforehand how long it takes: several times as long as reading "
    "them. Live run shows the time left after a few steps."
)


@dataclass
class Outlook:
    """`ready` says whether it can start, `why` (message, hint) why not; `seconds` is each preset's time.

    writes: it writes answers of its own while it learns, which takes a time that nobody knows beforehand. fit: whether
    the memory suffices, and changes: what would make it suffice; None while they are not known. untold: only the
    model's download will tell. tested: what a test of just this run found, or how far it is; test_seconds: how long one
    takes, None where that is not known. broken: the memory could not be worked out. rated, rate_seconds: as
    tested and test_seconds, of the test that looks for a learning rate.
    """

    ready: bool = False
    lacks_data: bool = False
    why: tuple[str, str] | None = None
    version: Version | None = None
    lengths: Lengths | None = None
    estimate: Estimate | None = None
    steps: int | None = None
    writes: bool = False
    fit: Fit | None = None
    changes: Plan | None = None
    untold: bool = False
    broken: bool = False
    tested: Outcome | None = None
    test_seconds: float | None = None
    rated: rate_test.Outcome | None = None
    rate_seconds: float | None = None
    settings: AdaptSettings | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def outlook(
    workspace: Workspace,
    xray: XRay,
    sizes: Sizes | None = None,
    *,
    dataset: str,
    data: str,
    model: str,
    method: str,
    settings: dict[str, Any],
    start: str = "",
    preset: str = "",
    run_name: str = "",
    watch: str = "",
    tracking: dict[str, Any] | None = None,
) -> Outlook:
    """Whether a run with these choices can start, and what it will take.

    `preset`, `run_name` and `watch` change nothing.
    """
    found = Outlook()
    if not dataset:
        found.lacks_data = True
        found.why = ("No data yet.", "Bring a file or try the sample, then come back.")
        return found
    if not data:
        found.lacks_data = True
        found.why = ("The data cannot be used yet.", "Say in Data how its rows are read.")
        return found
    try:
        chosen = prepared(data)
        found.version = prepare(workspace, load_dataset(workspace, chosen.dataset), chosen.steps)
        way = find_method(method)
        way.check_kind(found.version.kind)
        going = going_on(workspace, model, start, method, settings)
        model = going.model.name
        checked = check(method, going.settings)
        found.writes = writes(checked)
        found.steps = checked.steps(found.version.rows["train"])
        check_all(workspace, way, checked, found.version, model)
        wrong = problems(TrackingPart.model_validate(tracking or {}))
        found.ready, found.settings = not wrong, checked
        found.why = (wrong[0].message, wrong[0].hint) if wrong else None
        chosen = find_model(workspace, model)
        asked = checked.model_dump(mode="json")
        found.tested = outcome(workspace, key_of(model, start, way.name, asked, found.version.fingerprint))
        found.rated = rate_test.outcome(
            workspace, rate_test.key_of(model, start, way.name, asked, found.version.fingerprint)
        )
        if sizes and not chosen.on_disk:  # without its tokenizer nobody knows the lengths, and the limit counts
            weigh(sizes, chosen, way, checked, found)
        foresee(workspace, xray, model, way, checked, found)
        if sizes:
            weigh(sizes, chosen, way, checked, found)
        known = known_of(chosen)
        for candidate in list_presets(method, workspace):
            try:
                preset = candidate.fitted(
                    way.settings, rows=found.version.rows["train"], context=known.context if known else 0
                )
                values = way.settings.model_validate(preset.settings)
                lengths = measure(xray, model, found.version, way, values.max_length)
                rows = found.version.rows
                guess = estimate(workspace, find_model(workspace, model), values, rows, lengths.tokens)
                if not writes(values):
                    found.seconds[candidate.name] = guess.seconds
            except (ValidationError, StudioError):
                continue  # a preset without a time is still a preset
    except StudioError as error:
        found.why = (error.message, error.hint)
        found.ready = found.ready and found.estimate is None
    return found


def writes(settings: AdaptSettings) -> bool:
    """Whether answers are written in training: policy training, and distillation on the student's own answers."""
    return bool(getattr(settings, "generations", 0) or getattr(settings, "on_policy", 0))


def going_on(workspace: Workspace, model: str, start: str, method: str, settings: dict[str, Any]) -> Recipe:
    """A recipe with the model and settings that a run takes over from the one it starts from, if any."""
    recipe = Recipe(
        data=DataPart(),
        model=ModelPart(name=model_under(workspace, model, start), start=start or None),
        method=MethodPart(name=method),
        settings=dict(settings),
    )
    begin(workspace, recipe)
    return recipe


def check(method: str, settings: dict[str, Any]) -> AdaptSettings:
    """The settings as the engine takes them. Raises StudioError naming the field that is wrong."""
    schema = find_method(method).settings
    try:
        return schema.model_validate(settings)
    except ValidationError as error:
        raise settings_error(error, schema) from error


_sound: dict[tuple[str, ...], None] = {}  # what was found to fit together


def check_all(workspace: Workspace, method: Method, settings: AdaptSettings, version: Version, model: str) -> None:
    """`check_run`, which may read all rows, once for the same choices; at the start it is asked again anyway."""
    key = (str(workspace.home), method.name, model, version.fingerprint, settings.model_dump_json())
    if key not in _sound:
        check_run(workspace, method, settings, version, find_model(workspace, model))
        while len(_sound) >= MOST_KNOWN:
            _sound.pop(next(iter(_sound)))
        _sound[key] = None


def foresee(
    workspace: Workspace, xray: XRay, model: str, method: Method, settings: AdaptSettings, found: Outlook
) -> None:
    """Lengths and estimate. Without the model's tokenizer, as another model counts them, if one has done so."""
    assert found.version is not None
    chosen = find_model(workspace, model)
    try:
        found.lengths = measure(xray, model, found.version, method, settings.max_length)
    except StudioError as error:
        known = lengths_known(found.version)
        if known is None or chosen.on_disk:
            raise
        found.estimate = estimate(workspace, chosen, settings, found.version.rows, known.tokens)
        found.why = (error.message, error.hint)
        return
    found.estimate = estimate(workspace, chosen, settings, found.version.rows, found.lengths.tokens)
    if not writes(settings):
        found.test_seconds = test_seconds(workspace, chosen, settings, found.lengths.longest)
        found.rate_seconds = START_SECONDS + STEPS * found.estimate.seconds / max(1, found.steps or 1)


def weigh(sizes: Sizes, model: Model, method: Method, settings: AdaptSettings, found: Outlook) -> None:
    """Whether it fits the memory, and if not, what would make it fit."""
    found.untold = not sizes.can_tell(model)
    found.broken = sizes.broken
    found.fit = sizes.fit(
        "train",
        model,
        method,
        settings,
        found.lengths.longest if found.lengths else 0,
        found.tested.memory_gb if found.tested else None,
    )
    if found.fit and not found.fit.fits:
        found.changes = sizes.plan(model, method, settings, found.lengths)


_known: dict[tuple[str, str, int, bool], Lengths] = {}


def measure(xray: XRay, model: str, version: Version, method: Method, max_length: int) -> Lengths:
    """Token lengths, remembered for as long as the server runs: the same rows always give the same."""
    plain = method.families[0] != "causal" or method.task == "seq2seq"  # its models have no chat format
    key = (model, version.fingerprint, max_length, plain)
    if key not in _known:
        _known[key] = xray.lengths(model, version, max_length, plain)
    return _known[key]


def lengths_known(version: Version) -> Lengths | None:
    """Token lengths of these rows as far as they are known, by whichever model: they differ little between models."""
    return next((lengths for key, lengths in _known.items() if key[1] == version.fingerprint), None)


def preset_cards(seconds: dict[str, float], workspace: Workspace | None = None) -> list[tuple[str, str]]:
    """Choices for the preset radio: title, sentence, and the time where it is known."""
    return [
        ("\n".join([p.title, p.sentence, *([about(seconds[p.name])] if p.name in seconds else [])]), p.name)
        for p in list_presets(None, workspace)
    ]


def draw(found: Outlook) -> str:
    """The panel beside the settings."""
    if found.version is None:
        return title("Will it fit?") + '<p class="ts-help">Memory, steps and time appear here once there is data.</p>'
    figures = [("Steps", f"{found.steps:,}" if found.steps else "unknown")]
    basis = ""
    if found.estimate:
        if not found.writes:
            figures.insert(0, ("Time", about(found.estimate.seconds)))
        basis = f'<p class="ts-help">{escape(WRITES if found.writes else sentence(found.estimate.basis))}</p>'
    cut = ""
    if found.lengths and found.lengths.cut_rows:
        cut = f'<p class="ts-help">{count(found.lengths.cut_rows, "row")} longer than the limit will be cut.</p>'
    listed = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in figures)
    fits = fit_view.draw(found.fit, found.changes, found.untold, found.tested, found.broken)
    figured = f'<hr><dl class="ts-figures">{listed}</dl>{basis}'
    return f'<div class="ts-stack ts-plan">{fits}{figured}{rows(found.version.rows, found.settings)}{cut}</div>'


def rows(number: dict[str, int], settings: AdaptSettings | None = None) -> str:
    """How many rows go where."""
    there, checked = number.get("validation", 0), "looked at during training"
    if settings and settings.rows_checked(there) < there:
        checked += f", the same {settings.rows_checked(there)} at each check"
    kinds = [
        ("train", "p1", "Training", "the model practises on these"),
        ("validation", "accent-line", "Check", checked),
        ("test", "accent-soft", "Test", "untouched until the end"),
    ]
    lines = "".join(
        f'<li><span class="ts-key" style="background:var(--ts-{colour})"></span><span>{name} rows'
        f'<span class="ts-help">, {words}</span></span><b>{number.get(key, 0):,}</b></li>'
        for key, colour, name, words in kinds
    )
    return f'<ul class="ts-parts">{lines}</ul>'


def draw_why(found: Outlook) -> str:
    """Why it cannot start, or, when it can, what stays unknown; empty when all is well."""
    if not found.why:
        return ""
    message, hint = found.why
    calm = " ts-calm" if found.ready else ""
    return f'<p class="ts-whynot{calm}"><b>{escape(message)}</b> {escape(hint)}</p>'


def sentence(text: str) -> str:
    """With a capital at the start and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…")) or not text else ".")
