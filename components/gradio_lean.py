"""What Gradio 6.31's server does for each event again and again, done once or not at all.

Of what the server worked for a click on a preset, with 140 settings on the page, this was more than a third:

- It makes a component anew for each update, `gr.skip()` too, and reads the signature of its class, which never changes.
- It keeps for each browser tab a description of all components as they are now, made anew with each update, for a link
  to the page as it stands (`gr.DeepLinkButton`), which our page does not have.
- It hands every single value that an event brings to another thread, to be made a number or a text there.
"""

import copy
import inspect
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import anyio
import gradio as gr
import gradio.blocks
import gradio.component_meta
from gradio import components
from gradio.state_holder import SessionState

SIGNATURES = 512
QUICK = (  # what takes a value as it comes, or nearly so
    components.Button,
    components.Checkbox,
    components.Dropdown,
    components.HTML,
    components.Number,
    components.Radio,
    components.Slider,
    components.Textbox,
)
SKIPPED = gr.skip()
_original_postprocess = gradio.blocks.Blocks.postprocess_data
_original_begin = SessionState.__init__
_original_set = SessionState.__setitem__

# The module `inspect` as gradio's two modules use it.
remembering = SimpleNamespace(
    **vars(inspect)
    | {
        "signature": lru_cache(SIGNATURES)(inspect.signature),
        "getfullargspec": lru_cache(SIGNATURES)(inspect.getfullargspec),
        "getfile": lru_cache(SIGNATURES)(inspect.getfile),
    }
)


async def run_sync(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Like `anyio.to_thread.run_sync`, but at once where it is done sooner than a thread has it."""
    if type(getattr(work, "__self__", None)) in QUICK:  # its preprocess or postprocess
        return work(*args)
    return await anyio.to_thread.run_sync(work, *args, **options)


async def postprocess_data(
    self: gradio.blocks.Blocks, event: Any, answer: Any, state: SessionState | None
) -> list[Any]:
    """Gradio's own, of what is not skipped."""
    outputs, batch = event.outputs, event.batch
    if batch or len(outputs) < 2 or not isinstance(answer, list | tuple) or len(answer) != len(outputs):
        return await _original_postprocess(self, event, answer, state)
    values = zip(outputs, answer, strict=True)
    told = [i for i, (part, value) in enumerate(values) if part.stateful or not is_skipped(value)]
    finished: list[Any] = [dict(SKIPPED) for _ in outputs]
    if told:
        less = copy.copy(event)
        less.outputs = [outputs[i] for i in told]
        alone = len(told) == 1  # Gradio takes the answer for one part as it is
        told_values = answer[told[0]] if alone else [answer[i] for i in told]
        for i, value in zip(told, await _original_postprocess(self, less, told_values, state), strict=True):
            finished[i] = value
    return finished


def is_skipped(value: Any) -> bool:
    return isinstance(value, dict) and value == SKIPPED


def begin(self: SessionState, blocks: gradio.blocks.Blocks) -> None:
    """Gradio's own, without the descriptions."""
    _original_begin(self, SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore[arg-type]


def set_item(self: SessionState, key: int, value: Any) -> None:
    """Gradio's own without the description; a component that takes the place of another takes its number too.

    Under its own number it would be kept once more when it is next an input, for as long as the tab is open: an hour of
    ticks took 270 MB.
    """
    if not isinstance(value, gradio.blocks.Block):
        return _original_set(self, key, value)
    value._id = key
    self.blocks_config.blocks[key] = value


def describe(self: SessionState, key: int, *value: Any) -> None:
    """Nothing: nobody reads it."""


def mend() -> None:
    """Put them in Gradio's place. Calling it twice does no harm."""
    for module in (gradio.blocks, gradio.component_meta):
        module.inspect = remembering  # type: ignore[attr-defined]
    gradio.blocks.anyio = SimpleNamespace(to_thread=SimpleNamespace(run_sync=run_sync))  # type: ignore[attr-defined]
    gradio.blocks.Blocks.postprocess_data = postprocess_data  # type: ignore[method-assign]
    SessionState.__init__ = begin  # type: ignore[method-assign]
    SessionState.__setitem__ = set_item  # type: ignore[method-assign]
    SessionState._update_config = describe  # type: ignore[method-assign]
    SessionState._update_value_in_config = describe  # type: ignore[method-assign]
