"""What the client of the Hugging Face hub raises while a model is asked for, in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from studio.errors import StudioError


@contextmanager
def speaking_of_model(name: str) -> Iterator[None]:
    """Turn what the hub's client raises into a StudioError that says what to do. name: owner/name."""
    import httpx2
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise StudioError(
            f"{name} asks you to accept its licence first.",
            "Accept it on the model's page, log in with `hf auth login`, and start again.",
        ) from error
    except RepositoryNotFoundError as error:
        raise StudioError(
            f"The Hugging Face hub has no model called {name}, or it is a private one.",
            "Check its name: it is owner/name. For a private one, log in with `hf auth login`.",
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
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
        f"{name} is not on this computer, and the Hugging Face hub could not be reached.",
        "Check the connection, or use the starter model, which needs none. What has arrived already is kept.",
    )
