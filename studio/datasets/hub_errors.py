"""What the client of the Hugging Face hub raises, in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from studio.errors import StudioError


@contextmanager
def speaking_of_hub(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into a StudioError that says what to do."""
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
            "Start it without HF_HUB_OFFLINE, or bring a file from this computer.",
        ) from error
    except GatedRepoError as error:
        raise StudioError(
            f"{name} asks you to accept its conditions first.",
            "Accept them on its page, download the file there, and bring it as a file. Or sign in with the command "
            "`hf auth login`, and try again.",
        ) from error
    except RepositoryNotFoundError as error:
        raise StudioError(
            f"The Hugging Face hub has no dataset called {name}, or it is a private one.",
            "Check its name: it is owner/name, and a dataset's, not a model's. For a private one, sign in with the "
            "command `hf auth login`.",
        ) from error
    except RevisionNotFoundError as error:
        raise StudioError(f"{name} has no such revision.", "Leave it out for the newest.") from error
    except LocalEntryNotFoundError as error:
        raise StudioError(*no_network(name)) from error
    except EntryNotFoundError as error:
        raise StudioError(f"A file of {name} is no longer there.", "Try again: it was just changed.") from error
    except HfHubHTTPError as error:
        code = error.response.status_code
        raise StudioError(
            f"The Hugging Face hub did not give out {name} (its answer was {code}).",
            "Wait a few minutes and try again." if code in (408, 429) or code >= 500 else "Check its page on the hub.",
        ) from error
    except (httpx2.HTTPError, ConnectionError) as error:
        raise StudioError(*no_network(name)) from error


def no_network(name: str) -> tuple[str, str]:
    return (
        f"{name} could not be had, because the Hugging Face hub could not be reached.",
        "Check the connection and try again, or bring a file from this computer.",
    )
