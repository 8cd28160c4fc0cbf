"""The Compare tab: one question, answered by the base model and the tuned model side by side."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr
import pandas

from components import compare_views as views
from components.compare_runs import follow, offer, picker, test_rows
from components.data_views import problem
from components.html import count, head, hidden, html, moved
from components.page import QUICK, Page
from components.runs import find
from components.speak import plain, say
from studio.errors import StudioError
from studio.training.run import load_run

SUGGESTIONS = 3
MAX_TOKENS = 160
Values = dict[Any, Any]


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["compare_tab"] = parts
    html(
        head(
            "Compare: before and after",
            "Ask both models the same thing. Everything is identical but your training.",
        )
    )
    parts["empty"] = html(views.EMPTY)
    # Which runs are on offer. Sending a visibility makes Gradio rebuild the page and report changes that are none, so
    # nothing is sent while this stays the same.
    parts["offered"] = hidden("Runs on offer in Compare")
    with gr.Column(visible=False, elem_classes="ts-found") as parts["body"]:
        with gr.Column(elem_classes=["ts-card", "ts-question"]):
            parts["run"] = picker("compare-run")
            with gr.Row(elem_classes="ts-ask-row"):
                parts["question"] = gr.Textbox(
                    label="Your question", lines=1, max_lines=6, interactive=True, elem_id="question", scale=1
                )
                parts["ask"] = gr.Button("Ask both", variant="primary", elem_id="ask", elem_classes="ts-fit")
                parts["stop"] = gr.Button(
                    "Stop", variant="stop", visible=False, elem_id="stop-answers", elem_classes="ts-fit"
                )
            with gr.Row(elem_classes="ts-suggestions") as parts["suggestions"]:
                parts["from"] = html(classes=["ts-fit-html"])
                for number in range(SUGGESTIONS):
                    parts[f"suggestion-{number}"] = gr.Button(
                        "", elem_id=f"suggestion-{number}", elem_classes=["ts-fit", "ts-suggestion"]
                    )
        parts["trouble"] = html(elem_id="ask-problem")
        with gr.Row(elem_classes="ts-panes", equal_height=True):
            base, tuned = views.panes(("", ""))
            parts["base"] = html(base, elem_id="base-answer", js_on_load=views.COUNT_SECONDS)
            parts["tuned"] = html(tuned, elem_id="tuned-answer", classes=["ts-tuned"], js_on_load=views.COUNT_SECONDS)
        parts["spoken"] = html('<p class="ts-sr" role="status"></p>', elem_id="answers-status")
        with gr.Accordion("What your team wrote", open=False, visible=False, elem_classes="ts-team") as parts[
            "team_box"
        ]:
            parts["team"] = html(elem_id="team-answer")
        html(views.FAIR.format(limit=MAX_TOKENS))


def wire(page: Page) -> None:
    parts: dict[str, Any] = page.parts["compare_tab"]
    outputs = list(parts.values())
    quick: dict[str, Any] = {"outputs": outputs, **QUICK}

    def shown(values: Values) -> Values:
        return {parts[name]: value for name, value in values.items()}

    def refresh(finished: str, on_show: str, current: str | None, offered: str) -> Any:
        choices, chosen = offer(page.workspace, finished, on_show, current)
        now = f"{chosen} of {finished}"
        if now == offered:
            return gr.skip()
        values: Values = {
            "offered": now,
            "empty": gr.HTML(visible=not choices),
            "body": gr.Column(visible=bool(choices)),
            "run": gr.Dropdown(choices=choices, value=chosen),
        }
        if chosen and chosen != current:
            values |= present(page, chosen)
        return shown(values)

    def ask(run: str | None, question: str) -> Iterator[Values]:
        for values in answers(page, run, question):
            yield shown(values)

    def suggest(number: int, run: str) -> Any:
        rows = test_rows(page.workspace, run)
        return rows["prompt"].iloc[number] if number < len(rows) else gr.skip()

    gr.on(
        [moved(page.finished), moved(page.run)],
        plain(refresh),
        inputs=[page.finished, page.run, parts["run"], parts["offered"]],
        **quick,
    )
    parts["run"].input(plain(lambda run: shown(present(page, run))), inputs=parts["run"], **quick)
    follow(page, parts["run"])
    for number in range(SUGGESTIONS):
        parts[f"suggestion-{number}"].click(
            plain(partial(suggest, number)),
            inputs=parts["run"],
            outputs=parts["question"],
            **QUICK,
        )
    # One loaded model answers everybody, so one question at a time over all browser tabs.
    gr.on(
        [parts["ask"].click, parts["question"].submit],
        plain(ask),
        inputs=[parts["run"], parts["question"]],
        outputs=outputs,
        concurrency_limit=1,
        concurrency_id="chat",
        show_progress="hidden",
        api_visibility="private",
    )
    parts["stop"].click(plain(page.chat.stop), **QUICK)


def present(page: Page, run_id: str) -> Values:
    """A run's empty panes and its test questions."""
    run = find(page.workspace, run_id)
    if run is None:
        return {}
    base, tuned = views.panes(views.titles(run))
    rows = test_rows(page.workspace, run.id)
    values: Values = {
        "base": base,
        "tuned": tuned,
        "trouble": "",
        "team_box": gr.Accordion(visible=False),
        "suggestions": gr.Row(visible=len(rows) > 0),
        "from": f'<span class="ts-help">From the {count(len(rows), "test row")}:</span>',
    }
    for number in range(SUGGESTIONS):
        known = number < len(rows)
        text = views.clip(rows["prompt"].iloc[number]) if known else ""
        values[f"suggestion-{number}"] = gr.Button(text, visible=known)
    return values


def answers(page: Page, run_id: str | None, question: str) -> Iterator[Values]:
    """Both answers as they are being written; an error stays on the page, above the panes."""
    idle: Values = {"ask": gr.Button(interactive=True), "stop": gr.Button(visible=False)}
    try:
        if not run_id:
            raise StudioError("No run is chosen.", "Choose one above.")
        run = load_run(page.workspace, run_id)
        names = views.titles(run)
        stream = page.chat.ask(run_id, question, MAX_TOKENS)
        busy: Values = {"trouble": "", "ask": gr.Button(interactive=False), "stop": gr.Button(visible=True)}
        if question.strip():
            base, tuned = views.panes(names, views.STARTING)
            yield {
                **busy,
                **what_the_team_wrote(test_rows(page.workspace, run_id), question),
                "base": base,
                "tuned": tuned,
            }
        said = ""
        for answer in stream:
            base, tuned = views.panes(names, answer)
            values: Values = {"base": base, "tuned": tuned}
            if said != (said := views.spoken(answer)):  # told only when it changes, or it chatters
                values["spoken"] = f'<p class="ts-sr" role="status">{said}</p>'
            yield values
        yield idle
    except Exception as error:
        run = find(page.workspace, run_id)
        base, tuned = views.panes(views.titles(run) if run else ("", ""))
        values = {**idle, "base": base, "tuned": tuned}
        if isinstance(error, StudioError):
            values["trouble"] = problem(error)
        else:
            say(error)
        yield values


def what_the_team_wrote(rows: pandas.DataFrame, question: str) -> Values:
    """The reply in the file, when the question is that of a test row."""
    same = rows[rows["prompt"] == question.strip()]
    if same.empty:
        return {"team_box": gr.Accordion(visible=False)}
    row = same.iloc[0]
    return {"team_box": gr.Accordion(visible=True), "team": views.team(int(row["row"]), row["reply"])}
