"""What a page begins with: it comes with the page, so that nothing has to be asked for before the first look."""

import logging
from collections.abc import Mapping
from typing import Any

from components.page import Page

log = logging.getLogger("tunesmith.page")


def begin_with(page: Page) -> None:
    """Let Gradio's page (see gradio_mend.WithScripts) find out what its parts begin with, each time it is opened."""

    def first(asked: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Props by the number of the part. A trouble is logged and leaves the page to the first tick of its timer."""
        try:
            found = [pair for part in page.first for pair in part(asked).items()]
        except Exception:
            log.exception("What the page begins with could not be found out")
            return {}
        return {str(part._id): props for part, props in found}

    page.demo.first = first  # type: ignore[attr-defined]
