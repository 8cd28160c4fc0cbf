"""The top bar: our name, what this computer has, light or dark."""

import threading
import time

import gradio as gr

from components.html import bar, escape, gigabytes, html
from components.icons import icon
from components.page import Page
from studio.models import hardware

LOOK_EVERY = 10.0  # seconds; asking a graphics card takes some tens of milliseconds

BRAND = f'<div class="ts-brand">{icon("fork")}Tunesmith</div>'
COLOURS = (
    '<div class="ts-seg" role="group" aria-label="Colours">'
    f'<button type="button" data-colours="light" aria-label="Light">{icon("sun", "s")}<span>Light</span></button>'
    f'<button type="button" data-colours="dark" aria-label="Dark">{icon("moon", "s")}<span>Dark</span></button></div>'
)

_last: tuple[float, str] = (0.0, "")


def build(page: Page) -> None:
    with gr.Row(elem_id="topbar", equal_height=True):
        html(BRAND, elem_id="brand")
        page.parts["chip"] = html(chip(), elem_id="computer")
        html(COLOURS, elem_id="colours", js_on_load="window.tunesmithColours.mark();")


def chip() -> str:
    """The computer and its free memory, looked at anew at most every LOOK_EVERY seconds, and beside the page."""
    global _last
    if not _last[1]:
        look_anew()
    elif time.monotonic() - _last[0] > LOOK_EVERY:
        _last = (time.monotonic(), _last[1])
        threading.Thread(target=look_anew, daemon=True).start()
    return _last[1]


def look_anew() -> None:
    global _last
    _last = (time.monotonic(), draw(hardware.look()))


def draw(computer: hardware.Hardware) -> str:
    """A graphics card's own memory counts where there is one, because training happens there."""
    total, free = (
        (computer.gpu.total_gb, computer.gpu.free_gb) if computer.gpu else (computer.memory_gb, computer.free_gb)
    )
    used = bar(1 - free / total, f"{gigabytes(total - free)} of {gigabytes(total)} in use")
    return (
        f'<div class="ts-chip" title="This computer">{icon("chip")}<b>{escape(computer.label)}</b>'
        f'<span class="ts-no-phone">{total:.0f} GB memory</span><span class="ts-no-phone">{used}</span>'
        f'<span class="ts-no-phone">{gigabytes(free)} free</span></div>'
    )
