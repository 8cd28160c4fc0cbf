"""Runs beside one another: their curves in one picture, and the settings in which they differ."""

from typing import Any

import gradio as gr

from components.charts import columns, thin
from components.history_table import MOST_TICKED, Pairs
from components.html import count, escape, hidden, html, moved, title
from components.live_charts import PLOTLY
from components.page import LATEST, PICKED, Page
from components.runs import digest, find, name_of
from components.speak import plain
from studio.training.run import Run
from studio.training.settings_differences import Line, compared
from studio.training.view import Points

POINTS = 300  # that are sent of each curve
FIGURES = {
    "validation": "Loss on check rows",
    "loss": "Loss on training rows",
    "learning_rate": "Learning rate",
    "grad_norm": "Gradient norm",
    "tokens_per_second": "Speed (tokens per second)",
    "memory_gb": "Memory (GB)",
}
WHERE = {"check": "check rows", "train": "training rows"}
CHART = (
    '<div class="ts-plot" role="img" aria-label="Curves" style="height:340px" '
    f'data-plotly="/gradio_api/file={PLOTLY.as_posix()}"></div><ul class="ts-plain ts-overlay-names"></ul>'
)
HELP = f"Their curves in one picture, and the settings in which they differ. At most {MOST_TICKED} runs."


def build(page: Page) -> None:
    parts = page.parts
    for name, words in (("ticked", "Runs that are ticked"), ("overlay_of", "Curves as they were drawn last")):
        parts[f"history.{name}"] = hidden(words)
    with gr.Column(elem_classes="ts-card", elem_id="compare-runs", visible=False) as parts["history.overlay"]:
        with gr.Row(elem_classes="ts-headline"):
            html(title("The ticked runs beside one another", HELP))
            untick = gr.Button("Untick all", size="sm", elem_id="untick-all", elem_classes="ts-linkbutton")
        parts["history.figure"] = gr.Dropdown(
            [],
            label="Figure",
            allow_custom_value=True,
            interactive=True,
            elem_id="overlay-figure",
        )
        parts["history.chart"] = html(
            {},
            elem_id="overlay-chart",
            html_template=CHART,
            js_on_load="window.tunesmithOverlay(element, props, watch);",
        )
        parts["history.differences"] = html(elem_id="setting-differences")
    untick.click(None, js="() => window.tunesmithUntick()", api_visibility="private")


def wire(page: Page) -> None:
    parts = page.parts
    names = ("ticked", "overlay_of", "overlay", "figure", "chart", "differences")
    outputs = [parts[f"history.{name}"] for name in names]
    known = [parts["history.figure"], parts["history.overlay_of"]]

    def shown(ids: str, figure: str | None, drawn: str) -> list[Any]:
        """Updates of `outputs`, each only where it is another one: Gradio makes the page anew at each visibility."""
        runs = [run for id in ids.split(",")[:MOST_TICKED] if (run := find(page.workspace, id))]
        before, _, stamp = drawn.partition(" ")
        if len(runs) < 2:
            hide = gr.skip() if before in ("", "hidden") else gr.Column(visible=False)
            return [ids, "hidden", hide, gr.skip(), gr.skip(), gr.skip()]
        pairs = [(run, run.view()) for run in runs]
        offered = shared(pairs)
        chosen = figure if figure in offered else next(iter(offered), "")
        value = {} if chosen == figure else {"value": chosen}
        lines = compared(runs)
        now = digest([(chosen, *offered), *((run.id, run.about, view.status, view.version) for run, view in pairs)])
        if stamp == now:
            return [gr.skip()] * len(outputs)
        return [
            ids,
            f"shown {now}",
            gr.skip() if before == "shown" else gr.Column(visible=True),
            # No value where it stays: somebody may have picked another meanwhile.
            gr.Dropdown(choices=[(words, name) for name, words in offered.items()], **value),
            chart(pairs, chosen, offered.get(chosen, "")),
            differences(runs, *lines),
        ]

    def ticked(event: gr.EventData, figure: str | None, drawn: str) -> Any:
        return shown(str(event.runs), figure, drawn)

    def picked(ids: str, figure: str | None, drawn: str) -> Any:
        return shown(ids, figure, drawn)

    def follow(ids: str, figure: str | None, drawn: str) -> Any:
        """While one of them learns, its curve grows; when it is renamed, its name is another one.

        And once more after each drawing: an answer from before a pick may have come after the pick's own.
        """
        return shown(ids, figure, drawn) if drawn.startswith("shown") else gr.skip()

    ids = parts["history.ticked"]
    parts["history.table"].ticked(plain(ticked), known, outputs, **PICKED)
    parts["history.figure"].input(plain(picked), [ids, *known], outputs, **PICKED)
    news = moved(page.seen, parts["history.overlay_of"], where="#run-tools")
    gr.on([news], plain(follow), [ids, *known], outputs, **LATEST)


def shared(pairs: Pairs) -> dict[str, str]:
    """The figures that at least two of the runs have, with their titles; the check loss first."""
    titles = dict(FIGURES)
    for _, view in pairs:
        for metric in view.metrics:
            titles |= {f"{key}/{metric['name']}": f"{metric['title']} on {where}" for key, where in WHERE.items()}
    return {name: words for name, words in titles.items() if sum(bool(view.series.get(name)) for _, view in pairs) >= 2}


def chart(pairs: Pairs, figure: str, words: str) -> dict[str, Any]:
    """What assets/js/overlay.js draws; it smooths the curves of each step and not those of checks."""
    checks = figure == "validation" or figure.startswith("check/")
    lines = []
    for run, view in pairs:
        points: Points = view.series.get(figure, [])
        lines.append({"name": name_of(run), "checks": checks, **columns(thin(points, POINTS))})
    return {
        "keep": f"{figure} {' '.join(run.id for run, _ in pairs)}",
        "title": words,
        "lines": lines,
        "sentence": sentence(lines, words),
    }


def sentence(lines: list[dict[str, Any]], words: str) -> str:
    said = [
        f"{line['name']}: {line['y'][0]:.4g} at first, {line['y'][-1]:.4g} at step {line['x'][-1]}."
        if line["y"]
        else f"{line['name']}: not measured."
        for line in lines
    ]
    return " ".join([f"{words or 'No figure'} of {count(len(lines), 'run')}.", *said])


def differences(runs: list[Run], differing: list[Line], same: list[Line]) -> str:
    """The settings that differ as a table, and those that are the same folded away."""
    names = [name_of(run) for run in runs]
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in names)
    cells = [(line.what, "".join(f"<td>{escape(value)}</td>" for value in line.values)) for line in differing]
    rows = "".join(f"<tr><th scope=row>{escape(what)}</th>{values}</tr>" for what, values in cells)
    table = (
        '<div class="ts-scroll" tabindex="0" role="region" aria-label="Settings that differ">'
        f'<table class="ts-before-after"><thead><tr><th scope=col>Setting</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        if rows
        else '<p class="ts-help">No setting differs. Even so, two runs need not learn quite the same.</p>'
    )
    alike = "".join(
        f"<tr><th scope=row>{escape(line.what)}</th><td>{escape(line.values[0])}</td></tr>" for line in same
    )
    folded = (
        f'<details class="ts-others"><summary>{count(len(same), "setting")} the same in all</summary>'
        f'<table class="ts-before-after"><tbody>{alike}</tbody></table></details>'
        if same
        else ""
    )
    return f"<h3>What differs in their settings</h3>{table}{folded}"
