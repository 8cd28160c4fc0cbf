"""From what ended a worker to its entry in the dictionary: its words, its cause and its evidence."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.models.hardware import look
from studio.training.failures.kinds import KINDS
from studio.workspace import disk_error, room_words

# CUDA's words, and those of torch's allocator on the processor.
NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory")
# Rust's and C++'s words for a full disk, which never become an OSError (safetensors, torch.save).
NO_ROOM = ("no space left on device", "disk quota exceeded", "pytorchstreamwriter failed writing file")
# As torch and NVIDIA's libraries begin them: https://docs.pytorch.org/docs/stable/notes/cuda.html
CARD = ("cuda error", "cudnn error", "cublas error", "cublas_status", "cudnn_status", "device-side assert", "nvrtc",
        "nvidia driver", "nccl error", "hip error", "no cuda gpus")  # fmt: skip
FULL = (errno.ENOSPC, errno.EDQUOT)
ASKED = re.compile(r"tried to allocate (?P<bytes>\d+) bytes|tried to allocate (?P<size>[\d.]+ [KMG]iB)", re.IGNORECASE)


# How gloo, NCCL and torch's store speak of another process of the same run that is gone.
LOST = ("connection closed by peer", "connection reset by peer", "broken pipe", "remote process exited",
        "ncclremoteerror", "pair closure")  # fmt: skip


def lost_another(error: BaseException) -> bool:
    """Whether an error is about another process of the same run, which ended before this one."""
    return any(known in str(one).lower() for one, _ in causes(error) for known in LOST)


def document(error: StudioError) -> dict[str, str]:
    """The fields of a `failed` event."""
    return {"message": error.message, "hint": error.hint, "cause": error.cause, "evidence": error.evidence}


def in_words(error: BaseException) -> StudioError:
    """What a person is told about an exception. Its `cause` is always the name of an entry of the dictionary."""
    if isinstance(error, StudioError):
        if error.cause not in KINDS:
            error.cause = "settings" if error.field else "refused"
        if error.field and not error.evidence:
            error.evidence = f"It is about the setting “{error.field}”."
        return error
    for one, direct in causes(error):
        if isinstance(one, StudioError) and direct:
            return in_words(one)
        words = str(one).lower()
        if isinstance(one, MemoryError) or any(known in words for known in NO_MEMORY):
            return entry("out_of_memory", evidence=memory_words(str(one)))
        if any(known in words for known in NO_ROOM) and not isinstance(one, OSError):
            return entry("disk_full", evidence=room_words(Path.cwd()))
        if isinstance(one, OSError) and (direct or one.errno in FULL):
            return of_system(one)
        if not direct:
            continue
        if any(known in words for known in CARD):
            return entry("graphics_card", evidence=f"It said: {first_line(one)}")
        if isinstance(one, ImportError):
            return entry("library_missing", evidence=library_words(error))
    return unknown(error)


def unknown(error: BaseException) -> StudioError:
    kind = KINDS["unknown"]
    told = f"{type(error).__name__}: {first_line(error)}"
    return StudioError(f"{kind.message[:-1]}: {told}", kind.hint, cause="unknown", evidence=f"Python said: {told}")


def entry(name: str, evidence: str) -> StudioError:
    kind = KINDS[name]
    return StudioError(kind.message, kind.hint, cause=name, evidence=evidence)


def causes(error: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """The error, then what it came from, for libraries wrap what the system said in errors of their own.

    With each: whether it is named as the cause. What merely came before counts only when memory or disk ran out.
    """
    direct, now = True, error
    seen: list[BaseException] = []
    while now not in seen:
        seen.append(now)
        yield now, direct
        direct = direct and now.__cause__ is not None
        before = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
        if before is None:
            return
        now = before


def of_system(error: OSError) -> StudioError:
    """An operating system's refusal, or what a library says in its place."""
    if not error.errno:
        return unknown(error)
    told = disk_error(error, Path(error.filename or "the run's folder"))
    told.cause = told.cause or "unknown"
    told.evidence = told.evidence or f"The system's answer was “{error.strerror}” (error {error.errno})."
    return told


def memory_words(said: str) -> str:
    """What was asked for at once, and what there was, in GB of 1024³ bytes."""
    found = ASKED.search(said)
    here = look()
    free = f"{here.free_gb:,.1f} of {here.memory_gb:,.1f} GB of the computer's memory are free now"
    if here.gpu:
        free = f"{here.gpu.free_gb:,.1f} of {here.gpu.total_gb:,.1f} GB of the graphics card's memory are free now"
    if found is None:
        return f"It asked for more than it got; {free}."
    asked = found["size"].replace("iB", "B") if found["size"] else f"{int(found['bytes']) / 1024**3:,.2f} GB"
    return f"It asked for {asked} at once and did not get it; {free}."


def library_words(error: BaseException) -> str:
    """Which library was missed first: those that wanted it say of themselves only that they cannot be loaded."""
    first = [one for one, direct in causes(error) if direct and isinstance(one, ImportError)][-1]
    name = f"“{first.name}” " if first.name else ""
    return f"The library {name}was asked for. Python said: {first_line(first)}"


def first_line(error: BaseException) -> str:
    return next((line.strip()[:300] for line in str(error).splitlines() if line.strip()), "nothing")


def not_a_number(what: str, value: float, step: int, batch: str = "") -> StudioError:
    """what: “loss” or “gradients”. batch: name of the file in the run's folder with the examples of that step."""
    kind = KINDS["not_a_number"]
    saved = f" The examples of that step are in {batch} in the run's folder." if batch else ""
    return StudioError(
        f"The {what} stopped being a number at step {step}: the corrections were too large.",
        kind.hint,
        cause=kind.name,
        evidence=f"At step {step} the value was {value}.{saved}",
    )


def resume_refused(differences: dict[str, tuple[Any, Any]]) -> StudioError:
    """differences: what is no longer the same, by the name that a person knows, each as it was then and is now."""
    kind = KINDS["resume_refused"]
    names = " and ".join(differences)
    told = "; ".join(f"{name}: then {then}, now {now}" for name, (then, now) in differences.items())
    return StudioError(
        f"It cannot go on from its last point: {names} {'is' if len(differences) == 1 else 'are'} no longer the same.",
        kind.hint,
        cause=kind.name,
        evidence=f"{told}.",
    )
