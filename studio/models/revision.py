"""Which state of a model stands in a folder: the hub's commit, or the package that it came in."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from studio.models.catalogue import Model
from studio.workspace import read_json, write_json

FILE = "revision.json"  # beside the files of a model that was downloaded


def write_revision(folder: Path, hub: str, commit: str) -> None:
    """Called while the folder is being filled. Raises StudioError when the disk refuses."""
    write_json(folder / FILE, {"hub": hub, "commit": commit})


def revision_of(model: Model) -> str:
    """ "owner/name at COMMIT", "package 0.1.2"; "" for files whose origin nobody has written down."""
    found = read_json(model.folder / FILE)
    if isinstance(found, dict) and found.get("commit"):
        return f"{found.get('hub') or model.hub} at {found['commit']}"
    if model.source != "package":
        return ""
    try:
        return f"{model.package} {model.package_version or version(model.package)}"
    except PackageNotFoundError:  # unpacked long ago, and the package is gone since
        return model.package
