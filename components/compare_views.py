"""The written parts of the Compare tab: two answers side by side, and what the team wrote."""

import json
from collections.abc import Sequence
from pathlib import Path

from components import compare_predictions as predictions
from components.compare_runs import SHOTS
from components.compare_words import KINDS, kind_of
from components.html import count, escape
from components.picture_view import small_picture
from components.runs import name_of
from studio.chat.client import Answers
from studio.chat.ways import PREDICTS
from studio.export.origin import base_title
from studio.training.run import Run

Marked = Sequence[str]

EMPTY = (
    '<div class="ts-empty"><p><b>Nothing to compare yet.</b> Train a model first; then ask it and the original the '
    "same question here.</p></div>"
)
BADGES = {"Loading the model": "loading", "Writing": "writing", "Stopped": "stopped"}
WAITING = (
    '<p class="ts-preparing"><span class="ts-breathe"></span><span>Loading the model, '
    "<span data-waiting>0 s</span></span></p>"
)
# Shown from the click on; the chat process itself speaks only once it has started, which takes seconds.
STARTING = Answers("", "", 0, 0, False, False, 0.0, "Loading the model")
# Counts the seconds of a wait in the page itself: the chat process has nothing to say while it loads.
COUNT_SECONDS = """
let began = 0;
setInterval(() => {
  const node = element.querySelector('[data-waiting]');
  if (!node) { began = 0; return; }
  began = began || performance.now();
  node.textContent = Math.round((performance.now() - began) / 1000) + ' s';
}, 500);
"""


def titles(run: Run, with_examples: bool = False) -> tuple[str, str]:
    """What stands behind "Base" and "Tuned": the model's title, and the run's name with the point kept."""
    kept = run.glance().result.get("kept_step")
    point = f", step {kept}" if kept else ""
    state = f"with {SHOTS} of your examples in its prompt" if with_examples else "untouched"
    return f"{base_title(run)}, {state}", f"{name_of(run)}{point}"


def panes(
    run: Run, answers: Answers | None = None, with_examples: bool = False, marked: Marked = ()
) -> tuple[str, str]:
    """The base pane and the tuned pane; without answers they wait for a question.

    marked: what the answers are called that are given marks.
    """
    base, tuned = titles(run, with_examples)
    kind = kind_of(run)
    if kind in predictions.LACKS:
        return predicting_panes(run, (base, tuned), answers, list(marked))
    if answers is None:
        waiting = f'<p class="ts-help">{KINDS[kind].waiting}</p>'
        return frame("Base", base, waiting, NO_TOKENS), frame("Tuned", tuned, waiting, NO_TOKENS)
    seconds, phase = answers.seconds, answers.phase
    return (
        pane("Base", base, answers.base, answers.base_tokens, answers.base_done, seconds, phase),
        pane("Tuned", tuned, answers.tuned, answers.tuned_tokens, answers.tuned_done, seconds, phase),
    )


def predicting_panes(run: Run, names: tuple[str, str], answers: Answers | None, marked: list[str]) -> tuple[str, str]:
    """The same for a run that predicts: the base has nothing to say, and it is told why."""
    base = frame("Base", names[0], predictions.without(run), '<span class="ts-subtle">predicts nothing</span>')
    loading = answers is not None and answers.phase == "Loading the model"
    body = WAITING if loading else predictions.said(run, answers, marked)
    done = answers is not None and answers.predictions is not None
    foot = f"<span><b>{answers.seconds:.1f}</b> s</span>" if answers is not None and done else NO_PREDICTION
    return base, frame("Tuned", names[1], body, foot, "loading" if loading else "")


def pane(
    heading: str,
    name: str,
    text: str = "",
    tokens: int = 0,
    done: bool = False,
    seconds: float = 0.0,
    phase: str = "",
) -> str:
    ended = done or phase in ("Done", "Stopped")
    state = "Stopped" if phase == "Stopped" else "" if ended else phase
    if phase == "Loading the model":
        body = WAITING
    else:
        caret = "" if ended else '<span class="ts-caret"></span>'
        body = f'<p class="ts-said">{escape(text)}{caret}</p>' if text or not ended else NOTHING
    return frame(heading, name, body, foot(tokens, seconds, ended, phase), BADGES.get(state, ""))


def frame(heading: str, name: str, body: str, foot: str, state: str = "") -> str:
    """One pane. `name` is plain text, `body` and `foot` are HTML; state: a word in a badge."""
    mark = f'<span class="ts-badge ts-state">{state}</span>' if state else ""
    return (
        f'<div class="ts-pane"><header><h2>{heading}</h2><span class="ts-help">{escape(name)}</span>{mark}</header>'
        f'<div class="ts-body">{body}</div><footer>{foot}</footer></div>'
    )


NO_TOKENS = '<span class="ts-subtle">no tokens yet</span>'
NO_PREDICTION = '<span class="ts-subtle">no prediction yet</span>'
NOTHING = '<p class="ts-help">It ended its answer without a word.</p>'


def foot(tokens: int, seconds: float, ended: bool, phase: str) -> str:
    """Tokens and seconds. The time is that of both together: they are written at the same time."""
    if phase == "Loading the model":
        return NO_TOKENS
    so_far = "" if ended else " so far"
    noun = "token" if tokens == 1 else "tokens"
    return f"<span><b>{tokens:,}</b> {noun}{so_far}</span><span><b>{seconds:.1f}</b> s for both</span>"


def spoken(answers: Answers) -> str:
    """One sentence for screen readers, once both answers are there."""
    if answers.way == PREDICTS:
        return predictions.spoken(answers)
    if answers.phase not in ("Done", "Stopped"):
        return answers.phase
    ending = "Both answers are ready" if answers.phase == "Done" else "Stopped"
    base, tuned = count(answers.base_tokens, "token"), count(answers.tuned_tokens, "token")
    return f"{ending}: base {base}, tuned {tuned}, {answers.seconds:.1f} seconds."


def team(row: int, reply: str) -> str:
    """A test row's own answer, its group or its number; several groups stand in one line."""
    if reply.startswith("[") and (groups := unpack_groups(reply)):
        reply = ", ".join(groups)
    return (
        f'<p class="ts-help">Row {row:,} of your file, one of the test rows: the model never practised on it.</p>'
        + (f'<p class="ts-said ts-gap-top">{escape(reply)}</p>')
    )


def clip(text: str, most: int = 40) -> str:
    """A text short enough for a button, cut at a word."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def unpack_groups(reply: str) -> list[str]:
    """The groups of a row that has several; [] for another text that begins like a list."""
    try:
        found = json.loads(reply)
    except ValueError:
        return []
    return [str(name) for name in found] if isinstance(found, list) else []


def picture(file: str, row: int) -> str:
    """The picture that goes with the question; "" without one."""
    drawn = small_picture(Path(file), f"The picture of row {row:,}") if file else ""
    said = f"The picture of row {row:,} of your file goes with your question."
    return f'<figure class="ts-about">{drawn}<figcaption class="ts-help">{said}</figcaption></figure>' if drawn else ""
