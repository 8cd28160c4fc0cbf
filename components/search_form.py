"""Search for settings, in Set up: which of the form's settings are varied, how, and for how long."""

from typing import Any

import gradio as gr

from components import plan, search_fields
from components.chosen_recipe import chosen_recipe, split
from components.html import about, count, escape, hidden, html, megabytes, moved, title
from components.page import LATEST, QUICK, Page
from components.preset_form import width_of
from components.runs import digest
from components.settings_fields import RATE, rate_words
from components.speak import plain
from studio.errors import StudioError
from studio.methods import Method, find_method
from studio.methods.adapt_settings import ADAPTERS
from studio.methods.checks import known_of
from studio.models.catalogue import Model, find_model
from studio.search.checks import wrong
from studio.search.space import PRUNINGS, WAYS, Search, grid_size
from studio.sweeps.conductor import start_sweep
from studio.sweeps.sweep import NO_CHECK_ROWS
from studio.workspace import Workspace

OWN = ("over", "ranges", "way", "pruning", "runs", "minutes", "steps")
RUNS = 12
HELP = (
    "The studio trains several runs with other settings, one after another, and tells which came out best on the "
    "check rows. Everything that is not searched stays as it is above. It goes on while the studio is open, and "
    "after a new start where it was."
)
ON_RANGES = "window.tunesmithRanges(element, props, trigger, watch);"
ON_ERRORS = "window.tunesmithFieldErrors({get value() { return props.value?.fields; }}, watch, 'search');"


def build(page: Page) -> None:
    choices, parts = page.choices, page.parts
    parts["search.base"] = hidden("The run that a search would vary")
    with (
        gr.Column(elem_classes="ts-card", elem_id="search"),
        gr.Accordion("Not sure of the settings? Search for good ones", open=False, elem_classes="ts-advanced") as parts[
            "search.fold"
        ],
    ):
        html(f'<p class="ts-help">{escape(HELP)}</p>')
        choices["search_over"] = gr.Dropdown(
            [("Size of each correction (learning rate)", RATE)],
            value=[RATE],
            multiselect=True,
            label="Settings to search",
            info="The learning rate matters most. Each further setting needs more runs.",
            interactive=True,
            allow_custom_value=True,
            elem_id="search-over",
        )
        choices["search_ranges"] = gr.HTML(
            "",
            label="What is tried",
            html_template='<div class="ts-ranges"></div>',
            js_on_load=ON_RANGES,
            elem_classes=["ts"],
            elem_id="search-ranges",
            apply_default_css=False,
        )
        with gr.Row(elem_classes="ts-fields"):
            choices["search_way"] = picker("How the next settings are found", WAYS, "tpe", "search-way")
            choices["search_pruning"] = picker("End hopeless runs early (pruning)", PRUNINGS, "asha", "search-pruning")
            choices["search_runs"] = number("Runs at most", "A grid has as many as it has combinations.", "runs", RUNS)
            choices["search_minutes"] = number(
                "Minutes at most", "That the runs may work, loading included. Empty: no limit.", "minutes", None
            )
            choices["search_steps"] = number(
                "Steps of each run",
                "Short runs mostly tell which settings are best. Empty: as long as the run above.",
                "steps",
                None,
            )
        parts["search.plan"] = html(elem_id="search-plan", js_on_load="element.setAttribute('role', 'status');")
        parts["search.wrong"] = html(
            {"fields": {}}, html_template="<i hidden></i>", classes=["ts-hidden"], js_on_load=ON_ERRORS
        )
        with gr.Row(elem_classes="ts-next"):
            parts["search.start"] = gr.Button(
                "Start the search", variant="primary", interactive=False, elem_id="start-search", elem_classes="ts-fit"
            )


def picker(label: str, words: dict[Any, tuple[str, str]], value: str, id: str) -> gr.Dropdown:
    return gr.Dropdown(
        [(name, one) for one, (name, _) in words.items()],
        value=value,
        label=label,
        info=" ".join(f"{name.split(' (')[0]}: {help}" for name, help in words.values()),
        interactive=True,
        elem_id=id,
    )


def number(label: str, info: str, name: str, value: int | None) -> gr.Number:
    whole = {} if name == "minutes" else {"precision": 0, "step": 1}
    return gr.Number(
        value, label=label, info=info, placeholder="empty", interactive=True, elem_id=f"search-{name}", **whole
    )


def wire(page: Page, everything: dict[str, Any]) -> None:
    """everything: the choices of Set up that make a run."""
    parts, choices = page.parts, page.choices
    own = page.inputs(*(f"search_{name}" for name in OWN))

    def offer(search_over: list[str], search_ranges: str, search_way: str, **chosen: Any) -> Any:
        """The settings that can be searched now, a row for each that is chosen, and emptiness where nothing stands."""
        method, settings = filled(page.workspace, chosen)
        found = search_fields.offered(method, settings)
        names = [name for _, name in found]
        kept = [name for name in search_over or [] if name in names]
        value = search_fields.rows(method, settings, kept, search_way == "grid", search_ranges)
        changed = gr.Dropdown(choices=found, value=kept) if kept != search_over else gr.Dropdown(choices=found)
        # Gradio shows 0 for a number that was never said to be empty.
        empty = [gr.skip() if chosen[name] else gr.Number(value=None) for name in ("search_minutes", "search_steps")]
        return changed, gr.skip() if value == search_ranges else value, *empty

    def look(**chosen: Any) -> Any:
        said, fields, ready = preview(page, chosen)
        return said, {"fields": fields}, gr.Button(interactive=ready)

    def start(**chosen: Any) -> Any:
        recipe = chosen_recipe(page, run_of(chosen))
        sweep = start_sweep(page.workspace, search_fields.asked(chosen), recipe)
        return sweep.id, gr.Tabs(selected="searches")

    asked = [choices[f"search_{name}"] for name in ("over", "way")]
    gr.on(
        [parts["search.fold"].expand, *(one.input for one in asked), moved(choices["method"], page.parts["filled"])],
        plain(offer),
        inputs_kwargs=everything | own,
        outputs=[choices[f"search_{name}"] for name in ("over", "ranges", "minutes", "steps")],
        **LATEST,
    )
    gr.on(
        [
            *(choice.change for choice in own.values()),
            moved(parts["search.base"], where="#search-plan"),
        ],
        plain(look),
        inputs_kwargs=everything | own,
        outputs=[parts["search.plan"], parts["search.wrong"], parts["search.start"]],
        **LATEST,
    )
    gr.on(
        [parts["search.start"].click],
        plain(start),
        inputs_kwargs=everything | own,
        outputs=[parts["searches.shown"], parts["train_tabs"]],
        **QUICK,
    )


def base_of(chosen: dict[str, Any], ready: bool) -> str:
    """Another text when the run that would be varied is another one."""
    return digest([(ready, *sorted((name, repr(value)) for name, value in chosen.items()))])


def run_of(chosen: dict[str, Any]) -> dict[str, Any]:
    """The choices of the run that is varied."""
    return {name: value for name, value in chosen.items() if not name.startswith("search_")}


def filled(workspace: Workspace, chosen: dict[str, Any]) -> tuple[Method, dict[str, Any]]:
    """The method and the settings of the form, with the learning rate that an empty field means."""
    asked = split(run_of(chosen))
    method, settings = find_method(asked["method"]), asked["settings"]
    if RATE in method.settings.model_fields and not settings.get(RATE):
        adapt = settings.get("adapt") or method.settings.model_fields["adapt"].default
        hidden = width_of(workspace, asked["model"])
        settings = settings | {RATE: float(rate_words(method.settings, adapt, hidden)[1])}
    return method, settings


def preview(page: Page, chosen: dict[str, Any]) -> tuple[str, dict[str, str], bool]:
    """What the search would be, as HTML; what is wrong with its fields, by their ids; and whether it can start."""
    method, settings = filled(page.workspace, chosen)
    asked = split(run_of(chosen))
    try:
        search = search_fields.asked(chosen)
        model = find_model(page.workspace, asked["model"])
    except StudioError as error:
        return "", {place(error.field): error.text}, False
    known = known_of(model)
    errors = wrong(search, method, settings, known.context if known else 0, model.title)
    if errors:
        return "", {place(name): error.text for name, error in errors.items()}, False
    asked["settings"] = settings | ({"max_steps": search.steps} if search.steps else {})
    outlook = plan.outlook(page.workspace, page.xray, None, **asked)
    if not outlook.ready:
        return whynot(*(outlook.why or ("The run above cannot start yet.", ""))), {}, False
    if outlook.version and not outlook.version.rows["validation"]:
        return whynot(*NO_CHECK_ROWS), {}, False
    return words(search, method, outlook, kept(search, settings, model)), {}, True


def place(field: str) -> str:
    """The id on the page of what an error is about."""
    return f"search-{field}" if field in OWN else f"range-{field}"


def whynot(message: str, hint: str) -> str:
    return f'<p class="ts-whynot"><b>{escape(message)}</b> {escape(hint)}</p>'


def words(search: Search, method: Method, outlook: plan.Outlook, kept: str) -> str:
    """How many runs, of how many steps, how long at most, and what each leaves on the disk."""
    runs = grid_size(search, method.settings) if search.way == "grid" else search.runs
    steps = f" of {outlook.steps:,} steps" if outlook.steps and "epochs" not in search.over else ""
    said = f"{count(runs, 'run')}{steps}" if runs else f"Runs{steps}, as many as there is time for"
    times = []
    if runs and outlook.estimate and not outlook.writes:
        times.append(runs * outlook.estimate.seconds)
    if search.minutes:
        times.append(60 * search.minutes)
    longest = f", at most {about(min(times))}" if times else ""
    early = "" if search.pruning == "none" else " Runs that fall behind end early, which saves a part of that."
    rates = ""
    if "adapt" in search.over and RATE not in search.over:
        rates = " The ways of training want different learning rates: search that, too, or one of them has it easier."
    return title("What it takes", f"{said}{longest}, one after another.{early}{rates} {kept}")


def kept(search: Search, settings: dict[str, Any], model: Model) -> str:
    ways = search.over["adapt"].values if "adapt" in search.over else [settings.get("adapt", ADAPTERS[0])]
    whole = f", of a whole model about {megabytes(model.disk_mb)}" if set(ways) - set(ADAPTERS) else ""
    return f"Each that comes to its end keeps what it learned{whole}, until you delete it."
