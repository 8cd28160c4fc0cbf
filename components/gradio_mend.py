"""A fault of Gradio 6.31 that made every tick redraw the page, mended here until a release mends it.

`gr.skip()` for a gr.HTML is sent to the browser as {"props": {"__type__": "update"}, ...} instead of an empty update
(`postprocess_update_dict` takes the mark of an update for a prop). The browser then makes the part anew, and with it
neighbours whose "change" handlers run again: on an idle page eleven requests a second instead of two, and clicks that
took three seconds.
"""

from typing import Any

import gradio.blocks

MARK = {"__type__": "update"}
_original = gradio.blocks.postprocess_update_dict


def postprocess_update_dict(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Gradio's own, less the prop that is none."""
    update = _original(*args, **kwargs)
    props = {name: value for name, value in update.pop("props", {}).items() if name != "__type__"}
    return update | {"props": props} if props else update


def mend() -> None:
    """Put it in Gradio's place. Calling it twice does no harm."""
    gradio.blocks.postprocess_update_dict = postprocess_update_dict
