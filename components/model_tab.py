"""The Model tab: which model learns, and by which method."""

import time
from collections.abc import Mapping
from typing import Any

import gradio as gr

from components import draft, goal_part, method_choice, model_table, plan
from components import model_views as views
from components.data_choice import Prepared
from components.data_views import problem
from components.html import escape, html, moved, title
from components.kept_forms import keep
from components.page import LATEST, PICKED, QUICK, First, Page
from components.runs import digest
from components.sizing import checked
from components.speak import plain
from studio.errors import StudioError
from studio.methods import METHODS, find_method
from studio.models import downloads
from studio.models.catalogue import Model, find_model
from studio.models.download_state import look
from studio.models.fit import Fit
from studio.models.starter import STARTER
from studio.models.states import list_with_states, state_of

# The cards are our own, so that they can stand under headings, and any choice reaches the server (see page.py).
ON_METHODS = """
element.addEventListener('change', (event) => {
  if (event.target.name === 'method') trigger('picked', { method: event.target.value, turn: window.tunesmithTurn() });
});
window.tunesmithChoices(element, watch);
"""
ON_MODELS = """
element.addEventListener('change', (event) => {
  if (event.target.name === 'model') trigger('picked', { model: event.target.value, turn: window.tunesmithTurn() });
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-do]');
  if (button) trigger('asked', { does: button.dataset.do, model: button.dataset.name });
});
window.tunesmithChoices(element, watch);
"""


def build(page: Page) -> None:
    chosen = find_model(page.workspace, STARTER)
    goal_part.build(page)
    html(
        title(
            "Choose a model",
            "An instruct model already knows how to hold a conversation. Bigger ones answer better, and need more "
            "memory and time.",
        ),
        classes=["ts-section"],
    )
    with gr.Column(elem_classes="ts-card"):
        html(model_table.TOOLS, elem_id="model-tools", js_on_load="window.tunesmithModels(element);")
        models = html(elem_id="models", js_on_load=ON_MODELS)
    with gr.Column(elem_classes="ts-card"):
        about = html(views.about(chosen), elem_id="about-model")
    with gr.Column(elem_classes="ts-card"), gr.Row(elem_classes="ts-another"):
        another = gr.Textbox(
            label="Another model",
            info=views.ANOTHER_HELP,
            max_lines=1,
            interactive=True,
            elem_id="another-model",
        )
        use = gr.Button("Use this model", elem_id="use-model", elem_classes="ts-fit")
    trouble = html(elem_id="model-problem")
    html(title("How should it learn?", views.METHODS_HELP), classes=["ts-section"])
    first = METHODS[method_choice.FIRST]
    now = method_choice.Situation.of("", chosen)
    cards = html(method_choice.cards(first, now), elem_id="method", js_on_load=ON_METHODS)
    swapped = html(elem_id="method-note")
    with gr.Row(elem_classes="ts-next"):
        forward = gr.Button("Next: set up training", variant="primary", elem_id="next-train", elem_classes="ts-fit")
        note = html(views.next_note(chosen, first), classes=["ts-next-note"])
    page.parts["model_tab"] = {
        "models": models, "about": about, "another": another, "use": use, "trouble": trouble, "cards": cards,
        "swapped": swapped, "forward": forward, "note": note,
    }  # fmt: skip


def table(page: Page, chosen: str, data: str, way: str) -> str:
    """The models of the catalogue and of the home, and the chosen one when it is another."""
    listing = list_with_states(page.workspace)
    if chosen not in {model.name for model, _ in listing.models}:
        model = find_model(page.workspace, chosen)
        listing.models.insert(0, (model, state_of(model)))
    goal, method = goal_part.chosen_goal(page), find_method(way)
    version, _ = goal_part.rows_of(page, data)
    lengths = plan.lengths_known(version) if version else None

    def fit(model: Model) -> Fit | None:
        """With the method's defaults."""
        if model.family and model.family not in method.families:
            return None
        settings = checked(method, {})
        return page.sizes.fit("model", model, method, settings, lengths.longest if lengths else 0) if settings else None

    return model_table.table(listing, chosen, goal, fit)


def wire(page: Page) -> None:
    goal_part.wire(page)
    parts: dict[str, Any] = page.parts["model_tab"]
    goals: dict[str, Any] = page.parts["goals"]
    method, choice = page.choices["method"], page.choices["model"]

    def situation(model: str, data: str) -> method_choice.Situation:
        chosen = Prepared.told(data)
        kind = chosen.steps.mapping.kind if chosen else ""
        return method_choice.Situation.of(kind, find_model(page.workspace, model))

    def told(model: str, data: str, brought: str = "") -> dict[Any, Any]:
        """Everything that follows from the model and the rows, and not the model: by now it may be another one.

        brought: the goal's pick that brought the method. The cards carry it, for where they are as they were before
        somebody pressed another, the page would leave that one pressed.
        """
        now, wanted = situation(model, data), lambda: str(draft.load(page.workspace).get("method", ""))
        values = draft.settled(wanted, lambda method: drawn(now, data, method))
        return values | {parts["cards"]: f'{values[parts["cards"]]}<i hidden data-brought="{escape(brought)}"></i>'}

    def drawn(now: method_choice.Situation, data: str, wanted: str) -> dict[Any, Any]:
        found, why = method_choice.settle(wanted, now)
        return {
            method: found.name,
            parts["models"]: table(page, now.model.name, data, found.name),
            parts["cards"]: method_choice.cards(found, now),
            parts["swapped"]: views.swapped(why),
            parts["about"]: views.about(now.model),
            parts["note"]: views.next_note(now.model, found),
        }

    def agreed(model: str, data: str, way: str, brought: str = "") -> dict[Any, Any]:
        """The same where the method is not the chosen one: an answer from before a pick came after the pick's own."""
        wanted = str(draft.load(page.workspace).get("method", ""))
        found, _ = method_choice.settle(wanted, situation(model, data))
        return told(model, data, brought) if found.name == wanted != way else {}

    def with_model(model: str, data: str) -> dict[Any, Any]:
        """The same for a model that a person has just chosen."""
        draft.remember(page.workspace, model=model)
        return shown(model, data)

    def shown(model: str, data: str) -> dict[Any, Any]:
        return {**told(model, data), choice: model, parts["trouble"]: ""}

    def model_picked(event: gr.EventData, data: str) -> dict[Any, Any]:
        picked = find_model(page.workspace, str(event.model)).name
        draft.picked(page.workspace, event.turn, model=picked)
        newest = lambda: str(draft.load(page.workspace).get("model") or picked)  # noqa: E731
        return draft.settled(newest, lambda model: shown(model, data))

    def picked(event: gr.EventData, model: str, data: str) -> dict[Any, Any]:
        """The cards too: an answer from before may have marked the one of then."""
        now = situation(model, data)
        wanted = find_method(str(event.method)).name
        draft.picked(page.workspace, event.turn, method=wanted)

        def marked(name: str) -> dict[Any, Any]:
            found = find_method(name)
            cards, note = method_choice.cards(found, now), views.next_note(now.model, found)
            return {method: found.name, parts["cards"]: cards, parts["note"]: note, parts["swapped"]: ""}

        return draft.settled(lambda: str(draft.load(page.workspace).get("method") or wanted), marked)

    def asked(event: gr.EventData, model: str, data: str, way: str) -> dict[Any, Any]:
        """Start, pause or cancel a download."""
        wanted = find_model(page.workspace, str(event.model))
        try:
            if event.does == "download":
                downloads.start(page.workspace, wanted)
            else:
                {"pause": downloads.pause, "cancel": downloads.cancel}[str(event.does)](wanted)
        except StudioError as error:
            return {parts["trouble"]: problem(error)}
        return {parts["trouble"]: "", parts["models"]: table(page, model, data, way)}

    def loading() -> str:
        """How far every download is; the empty one tells that the last one has ended."""
        return digest([(part.name, look(part)) for part in sorted(page.workspace.models.glob("*.part"))])

    def follow(model: str, data: str, way: str) -> str:
        """The table anew while a download goes on, once more when it has ended, and as memory is worked out."""
        return table(page, model, data, way)

    def take(data: str) -> dict[Any, Any]:
        """Method, model, preset and settings as they are proposed."""
        goal = goal_part.chosen_goal(page)
        assert goal is not None  # the button is not there without one
        found, _ = goal_part.proposed(page, goal, data)
        assert found.model is not None
        keep(page, found.method, found.settings, preset=found.preset)
        draft.remember(page.workspace, method=found.method.name)
        return {**with_model(found.model.name, data), goals["taken"]: f"{found.preset} {time.monotonic()}"}

    def use_another(name: str, data: str) -> dict[Any, Any]:
        try:
            if not name.strip():
                raise StudioError("No model is named yet.", "Type a folder, or owner/name from the Hugging Face hub.")
            found = find_model(page.workspace, name)
        except StudioError as error:
            return {parts["trouble"]: problem(error)}
        return {parts["another"]: "", **with_model(found.name, data)}

    def before(asked: Mapping[str, str]) -> First:
        """What was chosen before the page was loaded again; a model that has gone since is left for the starter."""
        kept = draft.load(page.workspace)
        model, trouble = str(kept.get("model") or STARTER), ""
        try:
            model = find_model(page.workspace, model).name
        except StudioError as error:
            model, trouble = STARTER, problem(error)
        way = kept.get("method")
        values = {choice: model, method: way if way in METHODS else method_choice.FIRST, parts["trouble"]: trouble}
        return {part: {"value": value} for part, value in values.items()}

    listed = ("models", "about", "another", "trouble", "cards", "swapped", "note")
    outputs = [method, choice, *(parts[name] for name in listed)]
    quick: dict[str, Any] = {"outputs": outputs, **QUICK}
    known = {"model": choice, "data": page.choices["data"]}
    again = moved(page.choices["data"], page.choices["goal"], goals["brought"], choice)
    following = known | {"brought": goals["brought"]}
    gr.on([again], plain(told), inputs_kwargs=following, **quick | LATEST)
    gr.on([moved(method)], plain(agreed), inputs_kwargs=following | {"way": method}, **quick | LATEST)
    parts["models"].picked(plain(model_picked), page.choices["data"], **quick | PICKED)
    parts["cards"].picked(
        plain(picked),
        inputs=[choice, page.choices["data"]],
        outputs=[method, parts["cards"], parts["swapped"], parts["note"]],
        **PICKED,
    )
    gr.on(
        [parts["use"].click, parts["another"].submit],
        plain(use_another),
        inputs_kwargs={"name": parts["another"], "data": page.choices["data"]},
        **quick,
    )
    page.first.append(before)
    parts["models"].asked(
        plain(asked), [choice, page.choices["data"], method], [parts["trouble"], parts["models"]], **PICKED
    )
    page.looks["downloads"] = loading
    gr.on([moved(page.news["downloads"], page.news["sizes"], where="#models")], plain(follow),
          [choice, page.choices["data"], method], parts["models"], **LATEST)  # fmt: skip
    goals["take"].click(plain(take), page.choices["data"], [*outputs, goals["taken"]], **QUICK)
    page.go(parts["forward"], "train")
