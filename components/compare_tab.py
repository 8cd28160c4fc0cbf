"""The Compare tab: one question, answered by the base model and the tuned model side by side."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr
import pandas

from components import compare_views as views
from components.compare_runs import SHOTS, follow, offer, on_offer, picker, renamed, shots, test_rows
from components.compare_words import ANSWERS, HEADING, KINDS, fair, kind_of
from components.data_views import problem
from components.html import count, escape, head, hidden, html, moved
from components.page import CALM, LATEST, QUICK, Page
from components.runs import find
from components.speak import plain, say
from studio.errors import StudioError
from studio.training.run import Run, load_run

SUGGESTIONS = 3
MAX_TOKENS = 160
IN_SIGHT = "#tab-compare-button[aria-selected=true]"
Values = dict[Any, Any]


def build(page: Page) -> None:
    parts: dict[str, Any] = {}
    page.parts["compare_tab"] = parts
    parts["head"] = html(head(HEADING, ANSWERS.lead))
    parts["empty"] = html(views.EMPTY)
    # Which runs are on offer. Sending a visibility makes Gradio rebuild the page and report changes that are none, so
    # nothing is sent while this stays the same.
    parts["offered"] = hidden("Runs on offer in Compare")
    with gr.Column(visible=False, elem_classes="ts-found") as parts["body"]:
        with gr.Column(elem_classes=["ts-card", "ts-question"]):
            parts["run"] = picker("compare-run")
            with gr.Row(elem_classes="ts-ask-row"):
                parts["question"] = gr.Textbox(
                    label=ANSWERS.question, lines=1, max_lines=6, interactive=True, elem_id="question", scale=1
                )
                parts["ask"] = gr.Button(ANSWERS.ask, variant="primary", elem_id="ask", elem_classes="ts-fit")
                parts["stop"] = gr.Button(
                    "Stop", variant="stop", visible=False, elem_id="stop-answers", elem_classes="ts-fit"
                )
            parts["to_score"] = gr.Textbox(
                label="An answer to it", lines=2, max_lines=8, visible=False, interactive=True, elem_id="to-score"
            )
            with gr.Row(elem_classes="ts-suggestions") as parts["suggestions"]:
                parts["from"] = html(classes=["ts-fit-html"])
                for number in range(SUGGESTIONS):
                    parts[f"suggestion-{number}"] = gr.Button(
                        "", elem_id=f"suggestion-{number}", elem_classes=["ts-fit", "ts-suggestion"]
                    )
            parts["picture_row"] = hidden("Test row whose picture goes with the question")
            parts["picture"] = html(elem_id="picture")
            parts["examples"] = gr.Checkbox(
                label=f"Give the base {SHOTS} of your examples in its prompt",
                info="Few-shot: sometimes that is all you need, and no training.",
                elem_id="with-examples",
            )
        parts["trouble"] = html(elem_id="ask-problem")
        with gr.Row(elem_classes="ts-panes", equal_height=True):
            parts["base"] = html(elem_id="base-answer", js_on_load=views.COUNT_SECONDS)
            parts["tuned"] = html(elem_id="tuned-answer", classes=["ts-tuned"], js_on_load=views.COUNT_SECONDS)
        parts["spoken"] = html('<p class="ts-sr" role="status"></p>', elem_id="answers-status")
        with gr.Accordion("What your team wrote", open=False, visible=False, elem_classes="ts-team") as parts[
            "team_box"
        ]:
            parts["team"] = html(elem_id="team-answer")
        parts["fair"] = html(elem_id="fair")


def wire(page: Page) -> None:
    parts: dict[str, Any] = page.parts["compare_tab"]
    outputs = list(parts.values())
    quick: dict[str, Any] = {"outputs": outputs, **QUICK}

    def shown(values: Values) -> Values:
        return {parts[name]: value for name, value in values.items()}

    def refresh(finished: str, on_show: str, current: str | None, offered: str, examples: bool) -> Any:
        choices, chosen = offer(page.workspace, finished, on_show, current)
        now = on_offer(page.workspace, choices, chosen)
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
        elif chosen and offered and renamed(offered, now):
            values |= side_by_side(load_run(page.workspace, chosen), examples)
        return shown(values)

    def ask(run: str | None, question: str, to_score: str, examples: bool, row: str) -> Iterator[Values]:
        for values in answers(page, run, question, to_score, examples, row):
            yield shown(values)

    def suggest(number: int, run: str) -> Any:
        rows = test_rows(page.workspace, run)
        if number >= len(rows):
            return gr.skip()
        row = rows.iloc[number]
        chosen = str(row["row"]) if row["picture"] else ""
        return row["prompt"], row["reply"], chosen, views.picture(row["picture"], int(row["row"]))

    def switch(run: str | None, examples: bool) -> Any:
        chosen = find(page.workspace, run)
        return gr.skip() if chosen is None else shown(side_by_side(chosen, examples))

    gr.on(
        [moved(page.finished, page.roster, page.run, where=IN_SIGHT)],
        plain(refresh),
        inputs=[page.finished, page.run, parts["run"], parts["offered"], parts["examples"]],
        **quick | LATEST,
    )
    parts["run"].input(plain(lambda run: shown(present(page, run))), inputs=parts["run"], **quick | LATEST)
    follow(page, parts["run"])
    for number in range(SUGGESTIONS):
        parts[f"suggestion-{number}"].click(
            plain(partial(suggest, number)),
            inputs=parts["run"],
            outputs=[parts["question"], parts["to_score"], parts["picture_row"], parts["picture"]],
            **QUICK,
        )
    parts["examples"].input(plain(switch), inputs=[parts["run"], parts["examples"]], **quick | LATEST)
    # One loaded model answers everybody, so one question at a time over all browser tabs.
    gr.on(
        [parts["ask"].click, parts["question"].submit],
        plain(ask),
        inputs=[parts["run"], parts["question"], parts["to_score"], parts["examples"], parts["picture_row"]],
        outputs=outputs,
        concurrency_limit=1,
        concurrency_id="chat",
        **CALM,
    )
    parts["stop"].click(plain(page.chat.stop), **QUICK)


def present(page: Page, run_id: str) -> Values:
    """A run's empty panes, its test questions, and the words for what it does."""
    run = find(page.workspace, run_id)
    if run is None:
        return {}
    kind = kind_of(run)
    words = KINDS[kind]
    rows = test_rows(page.workspace, run.id)
    noun = "test pair" if kind == "score" else "test row"
    values: Values = {
        "head": head(HEADING, words.lead),
        "question": gr.Textbox(label=words.question),
        "to_score": gr.Textbox(value="", visible=kind == "score"),
        "picture_row": "",
        "picture": "",
        "ask": gr.Button(words.ask),
        # Examples are turns of a talk: a model that writes on has none, and one that predicts is not talked to.
        "examples": gr.Checkbox(value=False, visible=kind == "answers"),
        **side_by_side(run),
        "trouble": "",
        "team_box": gr.Accordion(visible=False),
        "suggestions": gr.Row(visible=len(rows) > 0),
        "from": f'<span class="ts-help">From the {count(len(rows), noun)}:</span>',
    }
    for number in range(SUGGESTIONS):
        known = number < len(rows)
        text = views.clip(rows["prompt"].iloc[number]) if known else ""
        if kind == "picture" and known:  # the questions are often all the same
            text = f"Row {rows['row'].iloc[number]}: {text}"
        values[f"suggestion-{number}"] = gr.Button(text, visible=known)
    return values


def side_by_side(run: Run, examples: bool = False) -> Values:
    """Empty panes, and how they will be kept alike."""
    base, tuned = views.panes(run, None, examples)
    return {"base": base, "tuned": tuned, "fair": fair(run, MAX_TOKENS, examples)}


def answers(
    page: Page, run_id: str | None, question: str, to_score: str = "", examples: bool = False, picture_row: str = ""
) -> Iterator[Values]:
    """Both answers as they are being written; an error stays on the page, above the panes."""
    idle: Values = {"ask": gr.Button(interactive=True), "stop": gr.Button(visible=False)}
    try:
        if not run_id:
            raise StudioError("No run is chosen.", "Choose one above.")
        run = load_run(page.workspace, run_id)
        examples = examples and kind_of(run) == "answers"
        rows = test_rows(page.workspace, run_id)
        given = pair(rows, question, to_score)
        if picture_row:
            rows = rows[rows["row"] == int(picture_row)]
        picture = str(rows["picture"].iloc[0]) if picture_row and len(rows) else ""
        turns = shots(page.workspace, run_id) if examples else []
        stream = page.chat.ask(run_id, question, MAX_TOKENS, turns, list(given.values()), picture)
        busy: Values = {"trouble": "", "ask": gr.Button(interactive=False), "stop": gr.Button(visible=True)}
        if question.strip():
            base, tuned = views.panes(run, views.STARTING, examples)
            yield {**busy, **what_the_team_wrote(rows, question), "base": base, "tuned": tuned}
        said = ""
        for answer in stream:
            base, tuned = views.panes(run, answer, examples, list(given))
            values: Values = {"base": base, "tuned": tuned}
            if said != (said := views.spoken(answer)):  # told only when it changes, or it chatters
                values["spoken"] = f'<p class="ts-sr" role="status">{escape(said)}</p>'
            if answer.phase in ("Done", "Stopped"):
                values["fair"] = fair(run, MAX_TOKENS, examples, answer.memory_mb)
            yield values
        yield idle
    except Exception as error:
        known = find(page.workspace, run_id)
        values = {**idle, **(side_by_side(known, examples) if known else {})}
        if isinstance(error, StudioError):
            values["trouble"] = problem(error)
        else:
            say(error)
        yield values


def pair(rows: pandas.DataFrame, question: str, answer: str) -> dict[str, str]:
    """The answer to be marked, and the other one of a pair when it is that of a test row; by what they are called."""
    same = rows[(rows["prompt"] == question.strip()) & (rows["rejected"] != "")]
    if not same.empty and answer.strip() == str(same.iloc[0]["reply"]).strip():
        return {"The better answer in your file": answer, "The worse one": str(same.iloc[0]["rejected"])}
    return {"This answer": answer}


def what_the_team_wrote(rows: pandas.DataFrame, question: str) -> Values:
    """The reply in the file, when the question is that of a test row."""
    same = rows[rows["prompt"] == question.strip()]
    if same.empty:
        return {"team_box": gr.Accordion(visible=False)}
    row = same.iloc[0]
    return {"team_box": gr.Accordion(visible=True), "team": views.team(int(row["row"]), row["reply"])}
