"""Faults of Gradio 6.31 that made every tick and every click cost too much, mended here until a release mends them.

`gr.skip()` for a gr.HTML is sent to the browser as {"props": {"__type__": "update"}, ...} instead of an empty update
(`postprocess_update_dict` takes the mark of an update for a prop). The browser then makes the part anew, and with it
neighbours whose "change" handlers run again: on an idle page eleven requests a second instead of two, and clicks that
took three seconds.

The browser notes a loading state for every input of every event that has ever ended, and writes all of them into the
page at the beginning and the end of each further event, looking each up in the whole tree: an idle page of ours took
half a core. `LoadingStatus.resolve_args` marks them as "input", which nothing but a live camera or microphone needs.

A page that is being opened is made twice, searches its whole tree for every input of every event, and draws its first
tab before the one that is wanted (assets/mend; a third of the time from the address to a page that can be used).

What the server need not do at all stands in `gradio_lean`.
"""

from pathlib import Path
from typing import Any

import gradio.blocks
import gradio.routes
from jinja2 import BaseLoader, Environment

from components import gradio_lean
from studio.workspace import ASSETS

_original = gradio.blocks.postprocess_update_dict
FRONTEND = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
SCRIPTS = ASSETS / "mend"  # config.js, and others that begin with the names that they mend in the module of their name
PAGE = "frontend/index.html"
FIRST = (
    "<script>window.tunesmithFirst = {% if config.auth_required or request.method != 'GET' %}{}{% else %}"
    "{{ request.app.get_blocks().first(request.query_params) | toorjson }}{% endif %};</script>"
)
CONFIG = "window.gradio_api_info = {{ gradio_api_info | toorjson }};</script>"


def postprocess_update_dict(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Gradio's own, less the prop that is none."""
    update = _original(*args, **kwargs)
    props = {name: value for name, value in update.pop("props", {}).items() if name != "__type__"}
    return update | {"props": props} if props else update


def mend() -> None:
    """Put them in Gradio's place. Calling it twice does no harm."""
    gradio.blocks.postprocess_update_dict = postprocess_update_dict
    gradio_lean.mend()
    pages = gradio.routes.templates.env
    if not isinstance(pages.loader, WithScripts):
        assert pages.loader
        pages.loader = WithScripts(pages.loader)


class WithScripts(BaseLoader):
    """Gradio's own templates; in its page stand our mends, right behind the config and before Gradio's modules."""

    def __init__(self, own: BaseLoader) -> None:
        self.own = own

    def get_source(self, environment: Environment, template: str) -> Any:
        source, *rest = self.own.get_source(environment, template)
        if template == PAGE:
            scripts = f"<script>{{% raw %}}{script()}{{% endraw %}}</script>"
            source = source.replace(CONFIG, f"{CONFIG}{FIRST}{scripts}", 1)
        return source, *rest


def script() -> str:
    """The mends that are done in the browser, without those for which this Gradio is built otherwise."""
    files = sorted(SCRIPTS.glob("*.js"))
    return "".join(file.read_text("utf-8") if file.stem == "config" else mended(file) for file in files)


def mended(file: Path) -> str:
    words = file.read_text("utf-8")
    names = words.removeprefix("// ").partition(":")[0].split(", ")
    for module in FRONTEND.glob(f"{file.stem}-*.js"):
        code = module.read_text("utf-8")
        if all(name in code for name in names):
            return words.replace("MODULE", f"./assets/{module.name}")
    return ""
