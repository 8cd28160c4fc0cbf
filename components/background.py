"""Work that goes on beside the page: whatever ends it is told as an error that a person understands."""

import logging
from collections.abc import Callable

from studio.errors import StudioError

log = logging.getLogger("tunesmith.page")


def trouble_of(work: Callable[[], None], message: str) -> StudioError | None:
    """Do the work. What it raises is returned; what nobody foresaw is logged, and told by `message`."""
    try:
        work()
    except StudioError as error:
        return error
    except Exception:
        log.exception("%s", message)
        return StudioError(message, "The reason is in logs/page.log.")
    return None
