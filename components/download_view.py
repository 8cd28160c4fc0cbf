"""Where a model is, how far its download is, and the buttons that change that."""

from components.html import about, bar, escape
from components.icons import icon
from studio.models.catalogue import Model
from studio.models.download_state import Download
from studio.models.states import State


def state_cell(model: Model, state: State, reachable: bool = True) -> str:
    """Where the model is, how far its download is, and the buttons that change that, if the hub is reachable."""
    if state.kind == "too_new":
        return f'<span class="ts-what">{escape(state.reason)}</span>'
    if state.kind == "here":
        return yes("On this computer")
    if model.source != "hub":
        return (
            f'<span class="ts-yes">{icon("check", "s")}Came with the studio</span>'
            if model.bundled
            else "Fetched when it starts"
        )
    asks = '<span class="ts-what">asks for a free account</span>' if model.gated else ""
    if state.download is None and not reachable:
        return '<span class="ts-what">not on this computer</span>' + asks
    if state.download is None:
        return button("download", "Download", model) + asks
    return progress(model, state.download)


def progress(model: Model, download: Download) -> str:
    """A download that has begun: how far it is, how long it still takes, and what can be done."""
    share = f"{download.share:.0%}"
    size = f"{download.done / 1e6:,.0f} of {download.total / 1e6:,.0f} MB" if download.total else "size not known yet"
    words = {
        "running": f"Downloading, {share}" if not download.checking else "Checking what arrived",
        "pausing": "Pausing",
        "cancelling": "Stopping",
        "paused": f"Paused at {share}",
        "failed": f"Broke off at {share}",
    }[download.state]
    left = f", {about(download.seconds_left)} left" if download.seconds_left else ""
    why = f'<span class="ts-what">{escape(download.message)} {escape(download.hint)}</span>' if download.message else ""
    stands = download.state in ("paused", "failed")
    buttons = button("download", "Continue", model) if stands else button("pause", "Pause", model)
    buttons += " " + button("cancel", "Cancel", model)
    live = buttons if download.state in ("running", "paused", "failed") else ""
    filled = bar(download.share, f"{share} of {model.title} is here")
    return f'{words}{left}{filled}<span class="ts-what">{size}</span>{why}{live}'


def button(does: str, title: str, model: Model) -> str:
    whose = f"{title} {model.title}"
    return (
        f'<button type="button" class="ts-link" data-do="{does}" data-name="{escape(model.name)}" '
        f'aria-label="{escape(whose)}">{title}</button>'
    )


def yes(words: str) -> str:
    return f'<span class="ts-yes">{icon("check", "s")}{words}</span>'
