"""The upper half of the Model tab: the goal, what is proposed for it, and what success is."""

from typing import Any

import gradio as gr

from components import draft, plan
from components import goal_choice as views
from components.data_choice import Prepared, prepared
from components.html import head, hidden, html, moved, title
from components.page import LATEST, PICKED, Page
from components.runs import recipe_of
from components.sizing import checked
from components.speak import plain
from studio.datasets.store import load_dataset
from studio.datasets.versions import Version, prepare
from studio.errors import StudioError
from studio.goals.catalogue import Goal, list_goals
from studio.goals.facts import facts_of
from studio.goals.proposal import Proposal, method_for, propose
from studio.goals.success import Success
from studio.models.catalogue import Model, list_models
from studio.models.estimate import estimate
from studio.models.fit import Verdict
from studio.training.run import list_runs

LEAD = "Pick the goal in your own words. It decides which models, methods and checks make sense, so you do not have to."
# As the methods' cards: our own, so that any choice reaches the server (see page.py).
ON_GOALS = """
element.addEventListener('change', (event) => {
  if (event.target.name === 'goal') trigger('picked', { goal: event.target.value, turn: window.tunesmithTurn() });
});
window.tunesmithChoices(element, watch);
"""
ON_WAY = """
element.addEventListener('click', (event) => {
  const step = event.target.closest('[data-go]');
  if (step) window.tunesmithGo(step.dataset.go);
});
"""


def build(page: Page) -> None:
    html(head("What should the model do for you?", LEAD))
    way = html(views.way("success"), elem_id="way", js_on_load=ON_WAY)
    cards = html(views.cards(None, ""), elem_id="goal", js_on_load=ON_GOALS)
    advice = html(elem_id="advice")
    with gr.Row(elem_classes="ts-take"):
        take = gr.Button("Take this proposal", elem_id="take-proposal", elem_classes="ts-fit", visible=False)
    with gr.Column(elem_classes="ts-card", elem_id="success-card", visible=False) as card:
        html(title("What would be a success?", views.SUCCESS_HELP))
        with gr.Row():
            page.choices["success"] = gr.Dropdown(
                [("I cannot say yet", "")],
                value="",
                label="It is a success when",
                elem_id="success",
                interactive=True,
                allow_custom_value=True,
                scale=3,
            )
            page.choices["success_value"] = gr.Number(
                label="At least, or at most", elem_id="success-value", interactive=True, step=None, visible=False
            )
    taken, frames = hidden("Proposal taken"), hidden("Frames of the goal")
    again = hidden("Goal taken over from a run")
    brought = hidden("Method that a goal brought")  # once more for each pick: a card may have been pressed meanwhile
    page.parts["goals"] = {
        "taken": taken, "again": again, "brought": brought, "frames": frames, "way": way, "cards": cards,
        "advice": advice, "take": take, "card": card,
    }  # fmt: skip


def chosen_goal(page: Page) -> Goal | None:
    """What the person picked; None before that."""
    kept = draft.load(page.workspace).get("goal")
    return next((goal for goal in list_goals() if goal.name == kept), None)


def rows_of(page: Page, data: str) -> tuple[Version | None, str]:
    """The prepared rows, None while they are not there, and their kind."""
    known = Prepared.told(data)
    if known is None:
        return None, ""
    kind = known.steps.mapping.kind
    try:
        chosen = prepared(data)
        return prepare(page.workspace, load_dataset(page.workspace, chosen.dataset), chosen.steps), kind
    except StudioError:
        return None, kind


def proposed(page: Page, goal: Goal, data: str) -> tuple[Proposal, int]:
    """What is proposed, and for how many training rows."""
    version, kind = rows_of(page, data)
    judges = any(run.kept and recipe_of(run).method.name == "reward" for run in list_runs(page.workspace))
    facts = facts_of(version, kind, judges)
    method, _ = method_for(goal, facts)
    lengths = plan.lengths_known(version) if version else None

    def fits(model: Model, settings: dict[str, Any]) -> Verdict | None:
        whole = checked(method, settings)
        found = page.sizes.fit("model", model, method, whole, lengths.longest if lengths else 0) if whole else None
        return found.verdict if found else None

    def seconds(model: Model, settings: dict[str, Any]) -> float | None:
        whole = checked(method, settings)
        if whole is None or version is None or lengths is None or plan.writes(whole):
            return None
        return estimate(page.workspace, model, whole, version.rows, lengths.tokens).seconds

    return propose(goal, facts, list_models(page.workspace), fits, seconds), facts.rows


def wire(page: Page) -> None:
    parts: dict[str, Any] = page.parts["goals"]
    method, success, value = (page.choices[name] for name in ("method", "success", "success_value"))

    def drawn(goal: Goal | None, data: str, frames: str) -> dict[Any, Any]:
        """Everything that follows from the goal and the rows, save what success is.

        frames: what is shown now. A visibility is only sent where it is another one: Gradio makes the parts anew at
        each, and closes a list that somebody has just opened in them.
        """
        known = Prepared.told(data)
        kind = known.steps.mapping.kind if known else ""
        found, rows = proposed(page, goal, data) if goal else (None, 0)
        suited = not kind or (goal is not None and kind in goal.kinds)
        take, card = bool(found and found.model and suited), goal is not None
        now = f"{take} {card}"
        visible = {parts["frames"]: now, parts["take"]: gr.Button(visible=take), parts["card"]: gr.Column(visible=card)}
        return {
            parts["cards"]: views.cards(goal, kind),
            parts["advice"]: views.advice(goal, found, rows if suited else 0),
            parts["way"]: views.way(stage(page, goal)),
            **({} if now == frames else visible),
        }

    def measures(goal: Goal | None, way: str) -> dict[Any, Any]:
        """The ways to say what success is for this method, with the one that was chosen for it before."""
        kept = draft.load(page.workspace).get("success", {})
        kept = kept.get(goal.name, {}) if isinstance(kept, dict) and goal else {}
        offered = [("I cannot say yet", ""), *views.success_choices(goal, way)]
        picked = str(kept.get("chosen", "")) if kept.get("method") == way else ""
        return {success: gr.Dropdown(choices=offered, value=picked), value: limit(goal, way, picked, kept.get("value"))}

    def limit(goal: Goal | None, way: str, picked: str, kept: Any = None) -> Any:
        """The field of the value, where what was chosen asks for one."""
        asked = views.success_of(goal, way, picked, None)
        if asked is None or asked.against != "value":
            return gr.Number(visible=False)
        return gr.Number(value=kept if isinstance(kept, (int, float)) else asked.value, visible=True)

    def told(data: str, frames: str) -> dict[Any, Any]:
        return draft.settled(lambda: chosen_goal(page), lambda goal: drawn(goal, data, frames))

    def told_by_method(data: str, frames: str, way: str) -> dict[Any, Any]:
        return draft.settled(lambda: chosen_goal(page), lambda goal: drawn(goal, data, frames) | measures(goal, way))

    def picked(event: gr.EventData, data: str, frames: str) -> dict[Any, Any]:
        """Another goal brings the method with it that suits it best with these rows."""
        goal = next(goal for goal in list_goals() if goal.name == str(event.goal))
        draft.picked(page.workspace, event.turn, goal=goal.name)
        found, _ = proposed(page, goal, data)
        draft.picked(page.workspace, event.turn, method=found.method.name)

        def now(chosen: tuple[Goal | None, str]) -> dict[Any, Any]:
            goal, way = chosen
            brought = f"{way} {event.turn}"
            known = {method: way, page.choices["goal"]: goal.name, parts["brought"]: brought} if goal else {}
            return {**known, **drawn(goal, data, frames), **measures(goal, way)}

        def newest() -> tuple[Goal | None, str]:
            return chosen_goal(page), str(draft.load(page.workspace).get("method") or found.method.name)

        return draft.settled(newest, now)

    def agreed(goal: str, method: str, data: str, frames: str) -> dict[Any, Any]:
        """The goal that was chosen, where the page shows another: an answer from before a pick came after its own."""
        chosen = chosen_goal(page)
        if chosen is None or chosen.name == goal:
            return {}
        return {page.choices["goal"]: chosen.name, **drawn(chosen, data, frames), **measures(chosen, method)}

    def measured(chosen: str, number: float | None, way: str) -> dict[Any, Any]:
        goal = chosen_goal(page)
        field = limit(goal, way, chosen, number)
        keep_success(page, goal, way, chosen, number)
        return {value: field, parts["way"]: views.way(stage(page, goal))}

    def valued(chosen: str, number: float | None, way: str) -> None:
        keep_success(page, chosen_goal(page), way, chosen, number)

    shown = [parts[name] for name in ("cards", "advice", "take", "card", "way", "frames")]
    outputs = [*shown, success, value]
    known = {"data": page.choices["data"], "frames": parts["frames"]}
    news = moved(page.choices["data"], page.roster, page.news["sizes"])
    gr.on([news], plain(told), inputs_kwargs=known, outputs=shown, **LATEST)
    gr.on([moved(method, parts["again"])], plain(told_by_method), inputs_kwargs=known | {"way": method},
          outputs=outputs, **LATEST)  # fmt: skip
    gr.on([moved(page.choices["goal"])], plain(agreed), inputs_kwargs=known | page.inputs("goal", "method"),
          outputs=[page.choices["goal"], *outputs], **LATEST)  # fmt: skip
    parts["cards"].picked(
        plain(picked), list(known.values()), [method, page.choices["goal"], parts["brought"], *outputs], **PICKED
    )
    asked = {"chosen": success, "number": value, "way": method}
    gr.on([success.input], plain(measured), inputs_kwargs=asked, outputs=[value, parts["way"]], **LATEST)
    gr.on([value.input], plain(valued), inputs_kwargs=asked, **LATEST)


def keep_success(page: Page, goal: Goal | None, method: str, chosen: str, value: float | None) -> None:
    """Remember what success is, for each goal."""
    if goal is None:
        return
    entry = {"method": method, "chosen": chosen, "value": value}

    def newer(known: dict[str, Any]) -> dict[str, Any]:
        kept = known.get("success")
        return {"success": {**(kept if isinstance(kept, dict) else {}), goal.name: entry}}

    draft.change(page.workspace, newer)


def success_for(page: Page, goal: Goal | None, method: str) -> Success | None:
    """What the person said success is, for a run of this method."""
    kept = draft.load(page.workspace).get("success", {})
    kept = kept.get(goal.name, {}) if isinstance(kept, dict) and goal else {}
    if kept.get("method") != method:
        return None
    return views.success_of(goal, method, str(kept.get("chosen", "")), kept.get("value"))


def stage(page: Page, goal: Goal | None) -> str:
    """Where on the way a person is with this goal: the name of a part of goal_choice.WAY."""
    if goal is None:
        return "success"
    runs = [run for run in list_runs(page.workspace) if recipe_of(run).goal == goal.name]
    if any(run.glance().live for run in runs):
        return "tune"
    known = draft.load(page.workspace)
    if known.get("taken") in {run.id for run in runs}:
        return "use"
    if any(run.kept for run in runs):
        return "judge"
    kept = known.get("success", {})
    return "choose" if isinstance(kept, dict) and kept.get(goal.name, {}).get("chosen") else "success"
