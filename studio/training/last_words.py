"""What is told of an error that ended a training, and what is kept of it."""

from studio.errors import StudioError
from studio.methods.finite import NotANumberError
from studio.training.failures import in_words, not_a_number
from studio.training.run import BAD_BATCH, Run
from studio.workspace import write_json


def explained(run: Run, error: Exception) -> StudioError:
    """What a person is told; a batch that a loss or a gradient came from that was no number is kept for looking at."""
    if not isinstance(error, NotANumberError):
        return in_words(error)
    write_json(run.folder / BAD_BATCH, {"step": error.step, "what": error.what, "rows": error.batch})
    return not_a_number(error.what, error.value, error.step, BAD_BATCH)
