"""Errors in plain words: what a handler raises becomes a sentence on the page, never a traceback."""

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from components.html import escape
from studio.errors import StudioError

log = logging.getLogger("tunesmith.page")

UNEXPECTED = (
    "Something went wrong here that we did not foresee. Nothing was lost. "
    "Try it once more; what happened is written in logs/page.log in the studio's folder."
)


def plain(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler: a StudioError is shown with its hint, anything else is logged and admitted.

    After an error all outputs stay as they were. Works for functions and for generators (chat streams).
    """
    if inspect.isgeneratorfunction(handler):

        @functools.wraps(handler)
        def stream(*args: Any, **kwargs: Any) -> Any:
            try:
                yield from handler(*args, **kwargs)
            except GeneratorExit:
                raise
            except Exception as error:
                say(error)
                yield gr.skip()

        return stream

    @functools.wraps(handler)
    def once(*args: Any, **kwargs: Any) -> Any:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            say(error)
            return gr.skip()

    return once


def say(error: Exception) -> None:
    """Show an error as a toast; one that we did not foresee is also logged with its traceback."""
    if isinstance(error, StudioError):
        gr.Warning(escape(error.text), duration=12)
    else:
        log.exception("A handler failed", exc_info=error)
        gr.Warning(UNEXPECTED, duration=12)
