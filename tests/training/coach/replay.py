"""The recorded curves as a run's view, from its first word on: after each event what a person would have been shown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.training.coach.given import Given
from studio.training.events import Event
from studio.training.view import RunView, take

CURVES = Path(__file__).parent / "curves"


def names(kind: str, held_back: bool | None = None) -> list[str]:
    """The curves of a kind, in the order of their names."""
    found = [(file.stem, json.loads(file.read_text("utf-8"))) for file in sorted(CURVES.glob("*.json"))]
    return [
        name
        for name, curve in found
        if curve["kind"] == kind and (held_back is None or curve["held_back"] == held_back)
    ]


def curve(name: str) -> dict[str, Any]:
    return dict(json.loads((CURVES / f"{name}.json").read_text("utf-8")))


def given(name: str) -> Given:
    return Given(**curve(name)["given"])


def events(name: str) -> Iterator[Event]:
    """As the worker wrote them: the plan, the check before training, and each step, with its check behind it."""
    told = curve(name)
    checks: dict[int, list[Event]] = {}
    for step, loss, metrics in told["checks"]:
        checks.setdefault(step, []).append(
            {"at": step, "kind": "check", "step": step, "loss": loss, "metrics": metrics}
        )
    yield {"at": 0, "kind": "plan", **told["plan"]}
    yield from checks.get(0, [])
    columns = told["steps"]
    for at in range(len(columns["loss"])):
        metrics = {metric: values[at] for metric, values in told["train"].items()}
        figures = {column: values[at] for column, values in columns.items()}
        figures["epoch"] = (at + 1) / told["plan"]["steps"] * told["plan"]["epochs"]
        yield {"at": at + 1, "kind": "step", "step": at + 1, **figures, "metrics": metrics}
        yield from checks.get(at + 1, [])


def running() -> RunView:
    return RunView(status="running")


def prefixes(name: str) -> Iterator[RunView]:
    """One view after each event, all of them the same object as it grows."""
    view = running()
    for event in events(name):
        take(view, event)
        yield view


def whole(name: str) -> RunView:
    """The view after its last step, still running."""
    *_, view = prefixes(name)
    return view
