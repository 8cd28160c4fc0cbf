"""The drawn parts of “Copy as Python”: what it is, how far it is, the script, and what the download carries."""

from components.export_views import verdict_line
from components.html import count, escape, megabytes, title
from components.icons import icon
from studio.export.python.bundle import CopyState

ABOUT = (
    "The training of this run as a script of at most 60 lines, with transformers, TRL and PEFT alone: the same rows in "
    "the same order, the same settings and the same beginning. With the same libraries on the same kind of computer, "
    "its losses are those of the run at every step, to within 0.01; at extreme learning rates they can drift apart."
)


def about() -> str:
    return title("Copy as Python", ABOUT)


def status(state: CopyState) -> str:
    """How far it is, in one line; `role=status`, because it changes by itself. Nothing before it was asked for."""
    if state.status == "working":
        return verdict_line(
            '<span class="ts-breathe"></span>', "ts-muted", "<b>Being written.</b> The rows are cut into tokens anew."
        )
    if state.status == "failed":
        said = f"<b>This run cannot be copied.</b> {escape(state.error)} {escape(state.hint)}"
        return verdict_line(icon("x", "s"), "ts-t-bad", said)
    return ""


def shown(state: CopyState) -> str:
    """The script with its button to copy it; what has to be filled in, and what of the person's own goes with it."""
    if state.status != "ready":
        return ""
    return (
        '<div class="ts-row ts-between"><p class="ts-help">Unpack the download into a folder, and run '
        '<span class="ts-mono">python train.py</span> in it.</p>'
        '<button type="button" class="ts-link" data-copy>Copy</button></div>'
        '<pre class="ts-code ts-long" tabindex="0" role="region" aria-label="Training script"><code>'
        f"{escape(state.script)}</code></pre>{places(state)}{private(state)}"
    )


def places(state: CopyState) -> str:
    """What the paths in the script are on this computer."""
    lines = "".join(
        f'<li><span class="ts-mono">{escape(name)}</span> is <span class="ts-mono">{escape(place)}</span></li>'
        for name, place in state.where
    )
    return (
        f'<p class="ts-help ts-after-code">On this computer, fill in:</p><ul class="ts-help ts-places">{lines}</ul>'
        if lines
        else ""
    )


def size(number: float) -> str:
    return megabytes(number) if number >= 0.1 else "less than 0.1 MB"


def private(state: CopyState) -> str:
    also = "".join(f", and {one}" for one in state.carries)
    return (
        f'<p class="ts-help ts-after-code">The download ({size(state.megabytes)}) carries your data: '
        f"{count(state.rows, 'training row')}, as the run read them{escape(also)}. Token numbers hide nothing: with "
        "the model’s tokenizer anybody can read them. Check and test rows are not in it, so the script makes no "
        "checks.</p>"
    )
