"""The written parts of the Compare tab: two answers side by side, and what the team wrote."""

from components.html import count, escape
from components.runs import recipe_of
from studio.chat.client import Answers
from studio.models.catalogue import find_model
from studio.training.run import Run

EMPTY = (
    '<div class="ts-empty"><p><b>Nothing to compare yet.</b> Train a model first; then ask it and the original the '
    "same question here.</p></div>"
)
NO_QUESTION = "Ask a question, and both answers are written here at the same time."
FAIR = (
    '<p class="ts-help"><b>How we keep this fair:</b> both answers come from one loaded model and are written in one '
    "batch, with your adapter switched off for the base answer. Both get the same question and the same limit of "
    "{limit} tokens, and both always take the likeliest word (temperature 0), so the same question gives the same "
    "answers again.</p>"
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


def titles(run: Run) -> tuple[str, str]:
    """What stands behind "Base" and "Tuned": the model's title, and the run's name with the point kept."""
    kept = run.view().result.get("kept_step")
    point = f", step {kept}" if kept else ""
    return (
        f"{find_model(run.workspace, recipe_of(run).model.name).title}, untouched",
        f"{recipe_of(run).name}{point}",
    )


def panes(names: tuple[str, str], answers: Answers | None = None) -> tuple[str, str]:
    """The base pane and the tuned pane; without answers they wait for a question."""
    if answers is None:
        return pane("Base", names[0]), pane("Tuned", names[1])
    seconds, phase = answers.seconds, answers.phase
    return (
        pane("Base", names[0], answers.base, answers.base_tokens, answers.base_done, seconds, phase),
        pane("Tuned", names[1], answers.tuned, answers.tuned_tokens, answers.tuned_done, seconds, phase),
    )


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
    mark = f'<span class="ts-badge ts-state">{BADGES[state]}</span>' if state else ""
    if not phase:
        body = f'<p class="ts-help">{NO_QUESTION}</p>'
    elif phase == "Loading the model":
        body = WAITING
    else:
        caret = "" if ended else '<span class="ts-caret"></span>'
        body = f'<p class="ts-said">{escape(text)}{caret}</p>' if text or not ended else NOTHING
    return (
        f'<div class="ts-pane"><header><h2>{heading}</h2><span class="ts-help">{escape(name)}</span>{mark}</header>'
        f'<div class="ts-body">{body}</div><footer>{foot(tokens, seconds, ended, phase)}</footer></div>'
    )


NOTHING = '<p class="ts-help">It ended its answer without a word.</p>'


def foot(tokens: int, seconds: float, ended: bool, phase: str) -> str:
    """Tokens and seconds. The time is that of both together: they are written in one batch."""
    if phase in ("", "Loading the model"):
        return '<span class="ts-subtle">no tokens yet</span>'
    so_far = "" if ended else " so far"
    noun = "token" if tokens == 1 else "tokens"
    return f"<span><b>{tokens:,}</b> {noun}{so_far}</span><span><b>{seconds:.1f}</b> s for both</span>"


def spoken(answers: Answers) -> str:
    """One sentence for screen readers, once both answers are there."""
    if answers.phase not in ("Done", "Stopped"):
        return answers.phase
    ending = "Both answers are ready" if answers.phase == "Done" else "Stopped"
    base, tuned = count(answers.base_tokens, "token"), count(answers.tuned_tokens, "token")
    return f"{ending}: base {base}, tuned {tuned}, {answers.seconds:.1f} seconds."


def team(row: int, reply: str) -> str:
    return (
        f'<p class="ts-help">Row {row:,} of your file, one of the test rows: the model never practised on it.</p>'
        + (f'<p class="ts-said ts-gap-top">{escape(reply)}</p>')
    )


def clip(text: str, most: int = 40) -> str:
    """A text short enough for a button, cut at a word."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"
