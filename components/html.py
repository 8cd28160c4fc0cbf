"""Small helpers for our own HTML: the gr.HTML part, escaping, and numbers with their units."""

from collections.abc import Iterable
from html import escape as _escape
from typing import Any

import gradio as gr
from gradio.events import EventListener

from components.icons import icon


def html(value: str | dict[str, Any] = "", classes: Iterable[str] = (), **options: Any) -> gr.HTML:
    """Our own HTML on the page. Everything in `value` that a person or a file wrote must have gone through `escape`.

    Gradio's default style for HTML recolours every child, badges and icons too, hence `apply_default_css=False`.
    """
    options.setdefault("js_on_load", None)
    return gr.HTML(value, elem_classes=["ts", *classes], apply_default_css=False, **options)


def hidden(name: str, value: str = "", also: str = "") -> gr.HTML:
    """A text that the page keeps and sends back, but does not show; its event `moved` comes when it is another one.

    also: what else the browser does with it, a statement with `props` and `watch`.
    Hidden by our CSS: with visible=False the browser does not send its value back.
    """
    return gr.HTML(
        value,
        html_template="<i hidden></i>",
        elem_classes="ts-hidden",
        js_on_load=f"window.tunesmithHidden(props, watch, trigger);{also}",
        name=name,
        listeners=[],
    )


def moved(*texts: gr.HTML, where: str = "") -> Any:
    """That one of these hidden texts is another one, as `gr.on` wants its triggers; once when several are.

    where: a selector of what has to be in sight before it is told. See assets/js/moved.js. It is an event of its own
    for each that listens: Gradio 6.31 answers a listener that was busy (`always_last`) by sending the whole event
    again, so that two of them on one event wake each other without end.
    """
    teller = texts[0]
    number = sum(one["teller"] == teller.props["name"] for one in teller.props["listeners"]) + 1
    listener = {"event": f"moved_{number}", "teller": teller.props["name"], "where": where}
    for text in texts:
        text.props["listeners"].append(listener)
    event: Any = EventListener(event_name=listener["event"])
    event.__self__ = teller
    return event


def escape(text: object) -> str:
    """Text made safe for HTML, in attributes too."""
    return _escape(str(text), quote=True)


def head(title: str, lead: str = "") -> str:
    """The heading of a tab, with the sentence that says what it is for. Plain text in, HTML out."""
    lead = f'<p class="ts-lead">{escape(lead)}</p>' if lead else ""
    return f'<div class="ts-page-head"><h1>{escape(title)}</h1>{lead}</div>'


def title(text: str, help: str = "") -> str:
    """The heading of a card or section. Plain text in, HTML out."""
    return f"<h2>{escape(text)}</h2>" + (f'<p class="ts-help">{escape(help)}</p>' if help else "")


def badge(kind: str, text: str) -> str:
    """A rounded label; `kind` is good, warn, bad, info or plain. Icon and word say the same as the colour."""
    sign = {"good": "check", "warn": "warn", "bad": "x", "info": "info"}.get(kind)
    return f'<span class="ts-badge ts-{kind}">{icon(sign, "s") if sign else ""}{escape(text)}</span>'


def bar(share: float, sentence: str, kind: str = "") -> str:
    """A filled bar, `share` from 0 to 1; `sentence` says the same for those who do not see it."""
    width = 100 * min(max(share, 0.0), 1.0)
    fill = f'<i class="{"ts-" + kind if kind else ""}" style="width:{width:.1f}%"></i>'
    return f'<div class="ts-mem" role="img" aria-label="{escape(sentence)}">{fill}</div>'


def notice(kind: str, verdict: str, sentence: str = "", numbers: Iterable[tuple[str, str]] = ()) -> str:
    """A panel with a verdict in bold, a sentence and a few numbers; `kind` is info, good, warn or bad."""
    sign = {"info": "fork", "good": "check", "warn": "warn", "bad": "x"}[kind]
    figures = "".join(f"<span>{escape(name)} <b>{escape(value)}</b></span>" for name, value in numbers)
    figures = f'<p class="ts-nums">{figures}</p>' if figures else ""
    return (
        f'<div class="ts-coach ts-{kind}">{icon(sign, "l")}<div><p><b>{escape(verdict)}</b> {escape(sentence)}</p>'
        f"{figures}</div></div>"
    )


def table(heads: Iterable[str], lines: Iterable[Iterable[str]], named: bool = True) -> str:
    """A small table of plain texts; with `named` the first cell of each line is its name. "" without lines."""
    body = ""
    for first, *rest in lines:
        begin = f"<th scope=row>{escape(first)}</th>" if named else f"<td>{escape(first)}</td>"
        body += f"<tr>{begin}{''.join(f'<td>{escape(cell)}</td>' for cell in rest)}</tr>"
    if not body:
        return ""
    head = "".join(f"<th scope=col>{escape(one)}</th>" for one in heads)
    return f'<table class="ts-before-after"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 row", "1,200 rows"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float | None) -> str:
    """ "40 s", "9 min", "1 h 20 min"; "unknown" for None."""
    if seconds is None:
        return "unknown"
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def about(seconds: float | None) -> str:
    """ "about 9 min"; "time not known yet" for None."""
    return "time not known yet" if seconds is None else f"about {duration(seconds)}"


def megabytes(number: float | None) -> str:
    """ "4.9 MB", "269 MB" or "1.2 GB" from a number of megabytes."""
    if number is None:
        return "unknown"
    if number >= 1000:
        return gigabytes(number / 1000)
    return f"{number:.0f} MB" if number >= 100 else f"{number:.1f} MB"


def gigabytes(number: float | None) -> str:
    """ "1.9 GB" from a number of gigabytes."""
    if number is None:
        return "unknown"
    return f"{number:.1f} GB" if number < 100 else f"{number:,.0f} GB"


def loss(number: float | None) -> str:
    """A loss with two decimals, or "none yet"."""
    return "none yet" if number is None else f"{number:.2f}"


def small_number(number: float) -> str:
    """A learning rate or another number of any size: "0.0002", "0.92", "90"."""
    if number == 0:
        return "0"
    text = f"{number:.2g}" if abs(number) < 10 else f"{number:,.0f}"
    return f"{float(text):.10f}".rstrip("0").rstrip(".") if "e" in text else text
