"""How the events of the Data tab reach their handlers, and the handlers' values the parts on the page."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from components.data_choice import FIELDS, Choice
from components.page import PICKED, QUICK, Page
from components.settings_fields import slot_of, slots
from components.speak import plain
from studio.methods import find_method

Values = dict[str, Any]  # new values by the names of the tab's parts


class Wiring:
    """Connects events with handlers that take (choice, *values of the named parts) and return `Values`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # Whether a page shows another dataset by now; then an answer about the one before comes too late.
        self.gone_on: Callable[[Choice], bool] = lambda choice: False
        self.parts: dict[str, Component] = page.parts["data_tab"]
        limits = [f"setting.{slot.key}" for slot in slots().values() if slot.name == "max_length"]
        self.later = page.inputs("model", "method", *limits)

    def show(
        self,
        event: Callable[..., Any],
        handler: Callable[..., Values],
        *names: str,
        opens: bool = False,
        **options: Any,
    ) -> None:
        """Let an event show what the handler finds. opens: it may show another dataset than the one chosen."""

        def handle(request: gr.Request, *values: Any, **later: Any) -> Any:
            choice = choice_of(request, values[: len(FIELDS)], later)
            found = handler(choice, *values[len(FIELDS) :])
            return self.shown(found if opens or not self.gone_on(choice) else {})

        self.listen(event, handle, *names, **options)

    def show_told(self, event: Callable[..., Any], handler: Callable[..., Values]) -> None:
        """The same for an event of our own HTML: the handler gets what the event tells, then the choice."""

        def handle(told: gr.EventData, request: gr.Request, *values: Any, **later: Any) -> Any:
            choice = choice_of(request, values, later)
            found = handler(told, choice)
            return self.shown({} if self.gone_on(choice) else found)

        self.listen(event, handle, **PICKED)

    def shown(self, values: Values) -> Any:
        """By component, as Gradio wants it, which takes an empty dictionary for a value that is missing."""
        return {self.parts[name]: value for name, value in values.items()} or gr.skip()

    def listen(self, event: Callable[..., Any], handle: Callable[..., Any], *names: str, **options: Any) -> None:
        event(
            plain(handle),
            inputs=[self.parts[name] for name in (*FIELDS, *names)],
            inputs_kwargs=self.later,
            outputs=list(self.parts.values()),
            **{**QUICK, **options},
        )


def choice_of(request: gr.Request, values: tuple[Any, ...], later: dict[str, Any]) -> Choice:
    model, limit = model_and_limit(later)
    return Choice.of(values, model=model, limit=limit, page=request.session_hash or "")


def model_and_limit(later: dict[str, Any]) -> tuple[str, int]:
    """The model chosen and the method's longest example, in tokens, from what the later tabs sent."""
    limit = later[f"setting.{slot_of(find_method(later['method']), 'max_length').key}"]
    return later["model"], max(int(limit or 1), 1)
