"""The big chart of Live run, which shows any figure of the run, its controls and downloads, and the cards below it.

Smoothing, scale and zoom are the browser's alone (assets/js/charts.js). Only the figure that is looked at is sent in
full, at most 500 points a curve, and the others as small as their cards show them: a run of 100,000 steps with twelve
metrics would otherwise send a megabyte each second. So the server has to know which figure that is.
"""

from pathlib import Path
from typing import Any

import gradio as gr
import plotly

from components.charts import MOST_POINTS, columns, stretches
from components.figure_cards import cards
from components.figures import LOSS, Figure, best_figure, figures_of
from components.html import hidden, html, moved
from components.page import LATEST, PICKED, Page
from components.runs import digest, find, recipe_of
from components.speak import plain
from studio.datasets.store import slug
from studio.errors import StudioError
from studio.training.curves_csv import write_curves
from studio.training.run import Run, load_run
from studio.training.view import RunView

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
CHART = f"""
<div class="ts-chart-head">
  <div><h2 data-is="title">Loss</h2><p class="ts-help" data-is="help"></p></div>
  <div class="ts-legend" data-is="legend"></div>
</div>
<div class="ts-chart-tools">
  <label><span>Figure</span><select data-is="figure"><option value="loss">Loss</option></select></label>
  <label><span>Smoothing</span><input type="range" min="0" max="100" step="5" data-is="smoothing">
  <output data-is="smoothed"></output></label>
  <label class="ts-log-scale"><input type="checkbox" data-is="log"><span>Log scale</span></label>
  <p class="ts-help" data-is="why"></p>
</div>
<div class="ts-plot" role="img" aria-label="Loss" data-plotly="/gradio_api/file={PLOTLY.as_posix()}"></div>
<div class="ts-chart-foot">
  <span><button type="button" class="ts-link" data-do="closer">Newest half</button>
  <button type="button" class="ts-link" data-do="whole">Whole run</button></span>
  <span><button type="button" class="ts-link" data-do="csv">All figures as a table (CSV)</button>
  <button type="button" class="ts-link" data-do="png">This chart as a picture (PNG)</button></span>
  <p class="ts-help" role="status" data-is="said"></p>
</div>
"""


def build(page: Page) -> None:
    parts = page.parts

    def curves(run_id: str) -> dict[str, str]:
        """For the browser: where the table of all figures is, or what is wrong, in words."""
        try:
            run = load_run(page.workspace, str(run_id))
            folder = page.workspace.scratch / "downloads" / run.id
            path = write_curves(run, folder)
        except StudioError as error:
            return {"problem": error.text}
        page.offer(folder)
        return {"path": path.as_posix(), "name": path.name}

    parts["live.figure"] = hidden("Figure on show")
    parts["live.drawn"] = hidden("Chart as drawn")  # so that nothing is drawn, and sent, when nothing has changed
    parts["live.chart"] = html(
        {},
        elem_id="loss-chart",
        html_template=CHART,
        js_on_load="window.tunesmithChart(element, props, watch, () => trigger('picked'), server);",
        server_functions=[curves],
    )


def build_cards(page: Page) -> None:
    page.parts["live.cards"] = html(elem_id="run-figures")


def wire(page: Page) -> None:
    parts = page.parts
    shown = [parts["live.drawn"], parts["live.chart"], parts["live.cards"]]

    def show(run_id: str, wanted: str, drawn: str) -> Any:
        run = find(page.workspace, run_id)
        if run is None:
            return [gr.skip()] * len(shown)
        view = run.view()
        now = digest([(run.id, wanted, view.status, view.version)])
        if now == drawn:
            return [gr.skip()] * len(shown)
        one = next((one for one in figures_of(view) if one.key == wanted), LOSS)
        return [now, chart(run, view, one), cards(run, view, one.key)]

    gr.on([moved(page.seen, page.run, parts["live.figure"])], plain(show),
          [page.run, parts["live.figure"], parts["live.drawn"]], shown, **LATEST)  # fmt: skip
    parts["live.chart"].picked(None, None, parts["live.figure"], js="() => window.tunesmithFigure", **PICKED)


def chart(run: Run, view: RunView, one: Figure) -> dict[str, Any]:
    """What assets/js/charts.js draws of one figure. `mean`: of each stretch, where not every point is sent."""
    training, mean = thinned(run, view, one.training)
    check, _ = thinned(run, view, one.check)
    name, best = recipe_of(run).name, None
    if one.key == best_figure(view) and view.best_step and view.best_value is not None:  # step 0 is before training
        best = {"x": view.best_step, "y": view.best_value, "words": f"best so far {one.in_words(view.best_value)}"}
    return {
        "run": run.id,
        "name": name,
        "file": slug(name),
        "figure": one.key,
        "figures": [[other.key, other.title] for other in figures_of(view)],
        "title": one.title,
        "help": one.sentence,
        "unit": one.unit,
        "ticks": one.ticks,
        "noisy": one.noisy,
        "steps": view.steps,
        "step": view.step,
        "live": view.live,
        "raw": training,
        "mean": mean,
        "check": check,
        "best": best,
        "sentence": sentence(view, one),
    }


def thinned(run: Run, view: RunView, name: str) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """A curve's points and the means of its stretches, as columns."""
    points, means = stretches(run.folder, name, MOST_POINTS).follow(view.series.get(name, []))
    return columns(points), columns(means)


def sentence(view: RunView, one: Figure) -> str:
    """The chart in words, for those who do not see it."""
    training, check = view.series.get(one.training, []), view.series.get(one.check, [])
    if not training and not check:
        return f"{one.title}: nothing has been measured yet."
    words = [f"{one.title} over {view.steps} steps, now at step {view.step}."]
    for name, points in (("Training rows" if one.check else "", training), ("Check rows", check)):
        if points:
            said = f"{one.in_words(points[0][1])} at first, {one.in_words(points[-1][1])} now."
            words.append(f"{name}: {said}" if name else said)
    if one.key == best_figure(view) and view.best_step and view.best_value is not None:
        words.append(f"Best so far {one.in_words(view.best_value)} at step {view.best_step}.")
    return " ".join(words)
