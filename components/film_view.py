"""The film below the loss chart: what the model answered to the same questions at every check, with a slider."""

import re
from difflib import SequenceMatcher
from typing import Any

import gradio as gr
import numpy

from components.html import hidden, html, moved, title
from components.live_metrics import watched, watched_title
from components.live_parts import shown
from components.page import LATEST, Page
from components.runs import digest, find
from components.speak import plain
from studio.training.film import FILM, Answer, Frame, read_film
from studio.training.run import Run
from studio.training.view import RunView

MOST_FRAMES = 100
HELP = "The same questions at every check, answered by the model as it was then."
TEMPLATE = f"""
{title("How its answers change", HELP)}
<p class="ts-film-words ts-help"></p>
<div class="ts-film-controls" hidden>
  <button type="button" class="ts-button ts-film-play" aria-pressed="false">Play</button>
  <label><span class="ts-sr">Check</span><input type="range" min="0" max="0" step="1" value="0"></label>
  <output></output>
</div>
<ul class="ts-film-answers"></ul>
<p class="ts-film-key ts-help" hidden>Since the check before: <ins>new words</ins> <del>words that are gone</del></p>
"""
NO_CHECKS = "This run has no check rows, so there is no check at which it could be asked."
SOON = "The first answers come with the first check, before it has learned anything."
NEVER = "Nothing was asked in this run."


def build(page: Page) -> None:
    page.parts["film.mark"] = hidden("Film on show")
    with gr.Column(elem_classes="ts-card"):
        page.parts["film"] = html(
            {},
            elem_id="film",
            html_template=TEMPLATE,
            js_on_load="window.tunesmithFilm(element, props, watch);",
        )


def wire(page: Page) -> None:
    parts = page.parts

    def show(run_id: str, mark: str) -> Any:
        """The film is read and sent only when there is more of it: a tick costs one look at the file."""
        run = find(page.workspace, run_id)
        if run is None:
            return gr.skip(), gr.skip()
        view = run.view()
        now = mark_of(run, view)
        return (gr.skip(), gr.skip()) if now == mark else (now, film(run, view))

    gr.on([moved(page.seen, page.run)], plain(show), [page.run, parts["film.mark"]],
          [parts["film.mark"], parts["film"]], **LATEST)  # fmt: skip


def mark_of(run: Run, view: RunView) -> str:
    """Another text when there is another film to be shown."""
    file = run.folder / FILM
    size = file.stat().st_size if file.exists() else 0
    return digest([(run.id, size, view.resumed_at, missing(view), watched(view))])


def film(run: Run, view: RunView) -> dict[str, Any]:
    """What assets/js/film.js shows: `questions`, and for each of `frames` the answers to them in pieces.

    A piece is [kind, text]: "" as at the check before, "+" new, "-" gone. `words` are there in place of frames.
    """
    frames = thinned([frame for frame in read_film(run.folder) if frame.step <= view.step])
    asked = list(dict.fromkeys((one.prompt, one.expected) for frame in frames for one in frame.answers))
    told: list[dict[str, Any]] = []
    before: dict[tuple[str, str], Answer] = {}
    figures = dict(watched(view))
    for frame in frames:
        answers = {(one.prompt, one.expected): one for one in frame.answers}
        told.append({**heading(frame, view, figures), "answers": [said(answers.get(k), before.get(k)) for k in asked]})
        before = answers
    return {
        "run": run.id,
        "words": "" if frames else missing(view),
        "questions": [{"prompt": prompt, "expected": expected} for prompt, expected in asked],
        "frames": told,
    }


def thinned(frames: list[Frame]) -> list[Frame]:
    """At most MOST_FRAMES of them, evenly, first and last among them."""
    if len(frames) <= MOST_FRAMES:
        return frames
    return [frames[place] for place in numpy.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)]


def missing(view: RunView) -> str:
    """Why there is no film, for as long as there is none."""
    if view.rows and not view.rows.get("check"):
        return NO_CHECKS
    return SOON if view.live or view.status == "waiting" else NEVER


def heading(frame: Frame, view: RunView, figures: dict[int, float]) -> dict[str, Any]:
    where = f"Step {frame.step:,}" if frame.step else "Before training"
    figure = figures.get(frame.step)
    return {
        "step": frame.step,
        "where": where,
        "figure": "" if figure is None else f"{watched_title(view)} on check rows {shown(view, figure)}",
    }


def said(now: Answer | None, before: Answer | None) -> dict[str, Any] | None:
    """None where the question was not asked at this check."""
    return None if now is None else {"cut": now.cut, "pieces": changes(now, before)}


def changes(now: Answer, before: Answer | None) -> list[list[str]]:
    """The answer in pieces, word by word against the one before. That more or less of it was cut off is no change."""
    if before is None:
        return [["", now.answer]]
    old, new = words(before.answer), words(now.answer)
    matched = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    pieces: list[list[str]] = []
    for kind, old_from, old_to, new_from, new_to in matched.get_opcodes():
        gone, come = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        if kind == "equal" or (kind == "insert" and new_to == len(new) and before.cut):
            pieces.append(["", come])
            continue
        if gone and not (kind == "delete" and old_to == len(old) and now.cut):
            apart = pieces and not pieces[-1][1][-1:].isspace()
            pieces.append(["-", (" " if apart else "") + gone.rstrip() + " "])
        if come:
            pieces.append(["+", come])
    return pieces


def words(text: str) -> list[str]:
    """Words, each with the space behind it."""
    return re.findall(r"\S+\s*|\s+", text)
