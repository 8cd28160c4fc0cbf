"""Two faults of Gradio 6.31 that made every tick and every click slow, mended here until a release mends them.

`gr.skip()` for a gr.HTML is sent to the browser as {"props": {"__type__": "update"}, ...} instead of an empty update
(`postprocess_update_dict` takes the mark of an update for a prop). The browser then makes the part anew, and with it
neighbours whose "change" handlers run again: on an idle page eleven requests a second instead of two, and clicks that
took three seconds.

The browser notes a loading state for every input of every event that has ever ended, and writes all of them into the
page at the beginning and the end of each further event, looking each up in the whole tree: an idle page of ours took
half a core. `LoadingStatus.resolve_args` marks them as "input", which nothing but a live camera or microphone needs.
"""

from pathlib import Path
from typing import Any

import gradio.blocks

_original = gradio.blocks.postprocess_update_dict
FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
NO_STATES_OF_INPUTS = """
(async () => {
  const found = Object.values(await import("MODULE"));
  const status = found.find((part) => part?.prototype?.resolve_args).prototype;
  const resolve = status.resolve_args;
  status.resolve_args = function (told) {
    for (const [id, state] of Object.entries(this.current)) if (state.type === "input") delete this.current[id];
    return resolve.call(this, told).filter((state) => state.type !== "input");
  };
})();
"""


def postprocess_update_dict(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Gradio's own, less the prop that is none."""
    update = _original(*args, **kwargs)
    props = {name: value for name, value in update.pop("props", {}).items() if name != "__type__"}
    return update | {"props": props} if props else update


def mend() -> None:
    """Put it in Gradio's place. Calling it twice does no harm."""
    gradio.blocks.postprocess_update_dict = postprocess_update_dict


def script() -> str:
    """For the page's head: the mend that is done in the browser; "" for a Gradio that is built otherwise."""
    modules = [file for file in FRONTEND.glob("statustracker-*.js") if "resolve_args" in file.read_text("utf-8")]
    return NO_STATES_OF_INPUTS.replace("MODULE", f"./assets/{modules[0].name}") if modules else ""
