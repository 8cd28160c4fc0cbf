"""The X-ray: one example exactly as the model will see it, token by token."""

from components.data_views import problem
from components.html import count, escape
from studio.datasets.xray import Lengths, Piece, Segment, XRayView
from studio.errors import StudioError

SPEAKERS = {
    "opening": ("Opening", "put in front by this model’s own format"),
    "system": ("Instruction", "put in front of every example"),
    "user": ("Question", "from your file"),
    "assistant": ("Answer", "from your file"),
    "text": ("Text", "from your file, learned as it stands"),
}
INVISIBLE = {"\n": "↵\n", "\t": "⇥\t", "\r": "␍"}
PREPARING = (
    '<p class="ts-preparing" role="status"><span class="ts-breathe"></span>'
    "Preparing the tokenizer, about 2 seconds.</p>"
)
SOON = '<h3>This row</h3><p class="ts-help">The figures come with the tokenizer.</p>'
COUNTING = '<h3>All training rows</h3><p class="ts-help">Counting their tokens.</p>'


NOTES = {
    "preference": "This is the better answer. The worse one is read in the same way, by the methods that compare.",
    "feedback": "This is the answer that was judged. Its thumb decides whether it is learned or avoided.",
    "picture": "These are the words. What the picture itself takes besides depends on the model.",
}


def example(view: XRayView, kind: str = "chat") -> str:
    """The tokens of one row, who speaks at the left; learned, read and cut ones marked by more than colour."""
    note = f'<p class="ts-help">{NOTES[kind]}</p>' if kind in NOTES else ""
    return f'{note}{legend(view)}<dl class="ts-xr">{"".join(map(speech, view.segments))}</dl>{warning(view)}'


def legend(view: XRayView) -> str:
    keys = (
        ("ts-learn", "learns", view.learn, "learns to write these"),
        ("", "reads", view.read, "reads, does not learn"),
        ("ts-cut", "cut", view.cut, "cut off, never seen"),
    )
    shown = "".join(
        f'<li><span class="ts-tok {style}">{word}</span> <b>{number:,}</b> {text}</li>'
        for style, word, number, text in keys
        if number or style != "ts-cut"
    )
    return f'<ul class="ts-xr-legend">{shown}</ul>'


def speech(segment: Segment) -> str:
    name, note = SPEAKERS.get(segment.role, (segment.role, ""))
    return f"<dt><b>{escape(name)}</b><span>{note}</span></dt><dd>{''.join(map(token, segment.pieces))}</dd>"


def token(piece: Piece) -> str:
    """One token; format marks are boxed, line ends made visible."""
    style = {"learn": " ts-learn", "cut": " ts-cut", "read": ""}[piece.kind]
    text = escape(piece.text)
    for hidden, sign in INVISIBLE.items():
        text = text.replace(hidden, sign)
    return f'<span class="ts-tok{style}{" ts-mark" if piece.mark else ""}">{text}</span>'


def warning(view: XRayView) -> str:
    if not view.cut:
        return ""
    raise_it = "Raise “Longest example” in Set up training."
    if view.learn == 0:
        return problem(
            StudioError(
                f"The question alone fills the limit of {view.limit:,} tokens, so nothing of this answer is learned.",
                raise_it,
            )
        )
    what = "text" if view.segments[-1].role == "text" else "answer"
    return problem(
        StudioError(
            f"The last {count(view.cut, 'token')} do not fit, and with them the mark that ends the {what}.",
            f"From such a row the model learns to stop in mid-sentence. {raise_it}",
        )
    )


def this_row(view: XRayView) -> str:
    """The side card: the row's tokens against the limit."""
    parts = (("read", "Reads only", view.read), ("learn", "Learns", view.learn), ("cut", "Cut off", view.cut))
    shown = [(key, name, number) for key, name, number in parts if number or key != "cut"]
    bar = "".join(f'<i class="ts-tok-{key}" style="flex:{number} 1 0"></i>' for key, _, number in shown if number)
    rows = "".join(
        f'<li><span class="ts-key ts-tok-{key}"></span><span>{name}</span><b>{number:,}</b></li>'
        for key, name, number in shown
    )
    return (
        f'<h3>This row</h3><p><span class="ts-big-n">{view.total:,}</span> tokens, limit {view.limit:,}</p>'
        f'<div class="ts-tok-bar" aria-hidden="true">{bar}</div><ul class="ts-parts">{rows}</ul>'
    )


def all_rows(lengths: Lengths, limit: int) -> str:
    """The side card: all training rows, with the histogram of their lengths."""
    share = lengths.trained / lengths.tokens if lengths.tokens else 0
    cut = (
        f'<p class="ts-t-warn"><b>{count(lengths.cut_rows, "row")}</b> would be cut at the limit.</p>'
        if lengths.cut_rows
        else "<p>None is cut at the limit.</p>"
    )
    sampled = (
        f'<p class="ts-help">Counted on {lengths.sampled:,} of {lengths.rows:,} rows, spread over all.</p>'
        if lengths.sampled < lengths.rows
        else ""
    )
    return (
        f"<h3>All training rows</h3>{histogram(lengths, limit)}<p>The middle one has {lengths.median:,} tokens, the "
        f"longest {lengths.longest:,}.</p>{cut}<p>In one pass the model reads {lengths.tokens:,} tokens and learns "
        f"from {lengths.trained:,} of them, {share:.0%}.</p>{sampled}"
    )


def histogram(lengths: Lengths, limit: int) -> str:
    """How many rows have how many tokens, as bars, and the limit as a line where it falls among them."""
    most = max((rows for _, rows in lengths.counts), default=0)
    last = lengths.counts[-1][0] if lengths.counts else 0
    if not most:
        return ""
    bars = "".join(
        f'<i style="height:{100 * rows / most:.0f}%"{" class=ts-over" if edge > limit else ""}></i>'
        for edge, rows in lengths.counts
    )
    line = f'<b style="left:{100 * limit / last:.1f}%"></b>' if limit < last else ""
    words = f"Histogram of lengths from 0 to {last:,} tokens; the limit is {limit:,}"
    return (
        f'<div class="ts-histogram" role="img" aria-label="{words}">{bars}{line}</div>'
        f'<p class="ts-help ts-axis"><span>0</span><span>{last:,} tokens</span></p>'
    )
