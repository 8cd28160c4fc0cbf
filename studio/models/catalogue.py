"""Which models there are: those in presets/models, a local folder, or a name on the Hugging Face hub."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from studio.errors import StudioError
from studio.workspace import PRESETS, Workspace

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Model:
    """One model. `source` is "package", "folder" or "hub"; sizes in MB; `parameters` 0 when not known.

    family: as in studio.models.family, for those of the catalogue; "" when only its files tell. package_version and
    package_sha256: of the package's wheel, for one that is fetched when it is first needed; "" for one that came with
    the studio.
    """

    name: str
    title: str
    sentence: str
    source: str
    folder: Path
    hub: str = ""
    package: str = ""
    package_version: str = ""
    package_sha256: str = ""
    family: str = ""
    parameters: int = 0
    context: int = 0
    licence: str = ""
    licence_note: str = ""
    download_mb: int = 0
    disk_mb: int = 0

    @property
    def on_disk(self) -> bool:
        # The folder gets its name when all is in it, see studio.models.starter and packaged.
        return (self.folder / "config.json").exists()

    def ready_folder(self, workspace: Workspace) -> Path:
        """The folder with its files. Raises StudioError while they are not on this computer."""
        if not self.on_disk:
            raise StudioError(
                f"{self.title} is not on this computer yet.",
                "It is unpacked when the first training starts."
                if self.source == "package" and not self.package_sha256
                else "It is downloaded when the first training starts.",
            )
        return self.folder


def list_models(workspace: Workspace) -> list[Model]:
    """The models of the catalogue, the starter model first."""
    models = [from_preset(workspace, file) for file in sorted((PRESETS / "models").glob("*.toml"))]
    return sorted(models, key=lambda model: bool(model.package_sha256))  # what came with the studio stands first


def find_model(workspace: Workspace, name: str) -> Model:
    """A model by its catalogue name, the path of a folder, or owner/name on the hub.

    Raises StudioError when it is none of these.
    """
    name = name.strip()
    file = PRESETS / "models" / f"{Path(name).name}.toml"
    if "/" not in name and file.exists():
        return from_preset(workspace, file)
    folder = Path(name).expanduser()
    if (folder / "config.json").exists():
        folder = folder.resolve()
        return Model(str(folder), folder.name, "A folder on this computer.", "folder", folder)
    if HUB_NAME.fullmatch(name) and not folder.exists():
        place = workspace.models / name.replace("/", "--")
        return Model(name, name.split("/")[1], "From the Hugging Face hub.", "hub", place, hub=name)
    known = ", ".join(model.name for model in list_models(workspace))
    raise StudioError(
        f"There is no model called “{name}”.",
        f"Use {known}, a folder that holds a model (with config.json), or owner/name from the Hugging Face hub.",
    )


def from_preset(workspace: Workspace, file: Path) -> Model:
    values = tomllib.loads(file.read_text("utf-8"))
    return Model(name=file.stem, source="package", folder=workspace.models / file.stem, **values)
