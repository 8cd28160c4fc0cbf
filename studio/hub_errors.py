"""What the client of the Hugging Face hub raises while a model or a dataset is asked for, in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from studio.errors import StudioError


@dataclass(frozen=True)
class Words:
    """How one kind of thing is spoken of.

    kind: "model" or "dataset"; terms: what the hub may want accepted first; without: what to do when there is no hub;
    kept: a sentence about what has arrived already.
    """

    kind: str
    terms: str
    without: str
    kept: str = ""

    def no_network(self, name: str) -> StudioError:
        return StudioError(
            f"{name} is not on this computer, and the Hugging Face hub could not be reached.",
            f"Check the connection and try again, or {self.without}.{self.kept}",
            cause="download_failed",
        )


@contextmanager
def speaking_of_hub(name: str, words: Words) -> Iterator[None]:
    """Turn what the hub's client raises into a StudioError that says what to do. name: owner/name."""
    import httpx2
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise StudioError(
            f"{name} is on the Hugging Face hub, and this studio was started to stay offline.",
            f"Start it without HF_HUB_OFFLINE, or {words.without}.",
            cause="download_failed",
        ) from error
    except GatedRepoError as error:
        raise StudioError(
            f"{name} asks you to accept its {words.terms} first.",
            "Accept it on its page there, sign in with the command `hf auth login`, and try again.",
            cause="gated",
        ) from error
    except RepositoryNotFoundError as error:
        raise StudioError(
            f"The Hugging Face hub has no {words.kind} called {name}, or it is a private one.",
            f"Check its name: it is owner/name, and a {words.kind}'s. For a private one, sign in with the command "
            "`hf auth login`.",
            cause="model_gone" if words.kind == "model" else "data_gone",
        ) from error
    except RevisionNotFoundError as error:
        raise StudioError(f"{name} has no such revision.", "Leave it out for the newest.") from error
    except LocalEntryNotFoundError as error:
        raise words.no_network(name) from error
    except EntryNotFoundError as error:
        raise StudioError(f"A file of {name} is no longer there.", "Try again: it was just changed.") from error
    except HfHubHTTPError as error:
        code = error.response.status_code
        raise StudioError(
            f"The Hugging Face hub did not give out {name} (its answer was {code}).",
            "Wait a few minutes and try again." if code in (408, 429) or code >= 500 else "Check its page on the hub.",
            cause="download_failed",
        ) from error
    except (httpx2.HTTPError, ConnectionError) as error:
        raise words.no_network(name) from error
