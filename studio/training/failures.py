"""What a person is told about an exception that ended a worker."""

from pathlib import Path

from studio.errors import StudioError
from studio.workspace import disk_error

# CUDA's words, and those of torch's allocator on the processor.
NO_MEMORY = ("out of memory", "can't allocate memory")


def in_words(error: Exception) -> StudioError:
    if isinstance(error, StudioError):
        return error
    if isinstance(error, OSError):
        return disk_error(error, Path(error.filename or "the run's folder"))
    if isinstance(error, MemoryError) or any(words in str(error).lower() for words in NO_MEMORY):
        return StudioError(
            "The memory was not enough.",
            "Pick the preset “Low memory”, or a shorter “Longest example”, and start again.",
        )
    return StudioError(
        f"The training program met an error that it does not know: {type(error).__name__}: {str(error)[:300]}",
        "The whole story is in the run's folder, in output.log.",
    )
