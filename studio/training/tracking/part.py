"""What a recipe says about trackers: which are switched on, and where they are. It never holds a key."""

import importlib
import importlib.util
import sys
from urllib.parse import urlsplit

from pydantic import Field

from studio.errors import StudioError
from studio.training.sources import RecipePart
from studio.training.tracking.keys import KEY, has_key

# By the name in a recipe: what a person calls it, and the package of the Python index that speaks to it. Of MLflow the
# small one suffices, and the whole one would want other versions of our libraries.
TITLES = {"mlflow": "MLflow", "wandb": "Weights & Biases", "trackio": "Trackio"}
PACKAGES = {"mlflow": "mlflow-skinny", "wandb": "wandb", "trackio": "trackio"}
LOCAL_MLFLOW = "http://127.0.0.1:5000"  # where `mlflow server` is unless it is told otherwise
PROJECT = "tunesmith"


class MlflowPart(RecipePart):
    server: str = Field(LOCAL_MLFLOW, description="Address of the MLflow server.")
    experiment: str = Field(PROJECT, min_length=1, max_length=120, description="MLflow experiment that gets the run.")


class WandbPart(RecipePart):
    project: str = Field(PROJECT, min_length=1, max_length=120, description="Weights & Biases project.")
    online: bool = Field(False, description="Send it to Weights & Biases; else it is kept in the run's folder.")


class TrackioPart(RecipePart):
    project: str = Field(PROJECT, min_length=1, max_length=120, description="Trackio project on this computer.")


class TrackingPart(RecipePart):
    """Trackers beside the TensorBoard files; one that is left out is switched off."""

    mlflow: MlflowPart | None = Field(None, description="MLflow, on a server.")
    wandb: WandbPart | None = Field(None, description="Weights & Biases, in the run's folder or online.")
    trackio: TrackioPart | None = Field(None, description="Trackio, on this computer.")

    @property
    def switched_on(self) -> list[str]:
        return [name for name in TITLES if getattr(self, name) is not None]


def problems(part: TrackingPart | None) -> list[StudioError]:
    """What keeps the trackers that are switched on from being told; `field` names what is best changed."""
    found: list[StudioError] = []
    if part is None:
        return found
    found += [missing(name) for name in part.switched_on if not is_installed(name)]
    if part.mlflow and (wrong := wrong_address(part.mlflow.server)):
        found.append(wrong)
    if part.wandb and part.wandb.online and not has_key():
        found.append(
            StudioError(
                "Weights & Biases lets nobody in without a key, and none is known here.",
                f"Type it in Set up, or set {KEY} before you start, or keep the run on this computer.",
                "wandb.key",
            )
        )
    return found


def check_tracking(part: TrackingPart | None) -> None:
    """Raises StudioError for the first of the problems."""
    for problem in problems(part):
        raise problem


def is_installed(name: str) -> bool:
    """Whether a tracker's package is there. A folder of the same name in the working directory is not taken for it."""
    importlib.invalidate_caches()  # it may have been installed while the server runs
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None


def missing(name: str) -> StudioError:
    return StudioError(
        f"The package that speaks to {TITLES[name]} is not installed.",
        f"Install it with this command: {sys.executable} -m pip install {PACKAGES[name]}",
        name,
    )


def wrong_address(server: str) -> StudioError | None:
    """An address may not carry a password: it stands in the recipe, which is written to disk and shown to others."""
    try:
        parts = urlsplit(server)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return not_an_address()
    if parts.username is not None or parts.password is not None:
        return StudioError(
            "The address of the MLflow server holds a name or a password, and it would be written into the recipe.",
            "Leave them out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD before you start.",
            "mlflow.server",
        )
    return None if parts.scheme in ("http", "https") and named else not_an_address()


def not_an_address() -> StudioError:
    return StudioError(
        "That is not the address of an MLflow server.", f"Write it like {LOCAL_MLFLOW}.", "mlflow.server"
    )
