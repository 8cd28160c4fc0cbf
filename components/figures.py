"""Every figure of a run that has a curve: the loss, what its method measures, and how the training runs."""

from collections.abc import Callable
from dataclasses import dataclass

from components.html import gigabytes, loss, small_number
from components.live_metrics import figure
from studio.training.view import RunView


@dataclass(frozen=True)
class Figure:
    """training, check: names of its curves in RunView.series, "" for none. ticks: how its axis is written (d3-format).
    unit: behind the number. in_words: a value as it is written on the page. noisy: whether smoothing says anything.
    """

    key: str
    title: str
    sentence: str
    training: str
    check: str = ""
    unit: str = ""
    ticks: str = ",.3~r"
    in_words: Callable[[float], str] = figure
    noisy: bool = True


LOSS = Figure(
    "loss",
    "Loss",
    "How far it is from what the rows ask of it. Lower is better.",
    "loss",
    "validation",
    ticks=".3~r",
    in_words=loss,
)
COURSE = (
    Figure(
        "learning_rate",
        "Learning rate",
        "The size of each correction. It falls as planned.",
        "learning_rate",
        in_words=small_number,
        noisy=False,
    ),
    Figure(
        "grad_norm",
        "Gradient norm",
        "How hard each batch pulls on the weights. Calm is good.",
        "grad_norm",
        in_words=lambda value: f"{value:.2f}",
    ),
    Figure(
        "tokens_per_second",
        "Speed",
        "How much text it reads in a second.",
        "tokens_per_second",
        unit="tokens per second",
        in_words=lambda value: f"{value:,.0f}",
    ),
    Figure("memory_gb", "Memory", "What the training program holds.", "memory_gb", unit="GB", in_words=gigabytes),
    Figure(
        "gpu_use",
        "GPU use",
        "How much of the time the graphics card was busy.",
        "gpu_use",
        unit="%",
        in_words=lambda value: f"{value:.0f} %",
    ),
)


def figures_of(view: RunView) -> list[Figure]:
    """Those with a value: the loss, the metrics of the method, then the course. The loss is always among them."""
    metrics = [
        Figure(metric["name"], str(metric["title"]), str(metric["sentence"]), f"train/{name}", f"check/{name}")
        for metric in view.metrics
        if (name := metric["name"])
    ]
    measured = [one for one in (*metrics, *COURSE) if any(view.series.get(name) for name in (one.training, one.check))]
    return [LOSS, *measured]


def best_figure(view: RunView) -> str:
    """The key of the figure by which the best point is kept."""
    return LOSS.key if view.best == "loss" else view.best
