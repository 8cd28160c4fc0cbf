"""Which models there are: those in presets/models, a local folder, a GGUF file, or a name on the Hugging Face hub."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.models.gguf_name import check_gguf, gguf_folder
from studio.workspace import PRESETS, Workspace

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Model:
    """One model. `source` is "package", "folder", "hub" or "gguf"; sizes in MB; `parameters` 0 when not known.

    family: as in studio.models.family, for those of the catalogue; "" when only its files tell. form: "instruct" for
    one that has learned to converse, "base" for one that has not, "" when not known. template: the family of its chat
    format, "none" without one. business: what the licence permits a business, "yes", "conditions" or "no", and "" when
    not known; licence_note says it in a sentence. gated: its makers want a (free) account and their conditions
    accepted. architecture: the values of its config.json that give its shape. package_version and package_sha256: of
    the package's wheel, for one that is fetched when it is first needed; "" for one that came with the studio. file: of
    a GGUF file, where it lies.
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
    form: str = ""
    template: str = ""
    languages: str = ""
    parameters: int = 0
    context: int = 0
    licence: str = ""
    business: str = ""
    licence_note: str = ""
    gated: bool = False
    download_mb: int = 0
    disk_mb: int = 0
    architecture: dict[str, Any] = field(default_factory=dict, hash=False)
    file: Path | None = None

    @property
    def on_disk(self) -> bool:
        # The folder gets its name when all is in it, see studio.models.starter, packaged and download.
        return (self.folder / "config.json").exists()

    @property
    def bundled(self) -> bool:
        """Whether it was installed with the studio; it is unpacked when it is first used, without a network."""
        return self.source == "package" and not self.package_sha256

    @property
    def part(self) -> Path:
        """Where a download grows until it is whole."""
        return self.folder.with_name(f"{self.folder.name}.part")

    def ready_folder(self, workspace: Workspace) -> Path:
        """The folder with its files. Raises StudioError while they are not on this computer."""
        if not self.on_disk:
            raise StudioError(f"{self.title} is not on this computer yet.", self.arrives)
        return self.folder

    @property
    def arrives(self) -> str:
        """When a model that is not here yet comes, as a sentence."""
        if self.source == "gguf":
            return "It is unpacked from its GGUF file when the first training starts."
        if self.bundled:
            return "It is unpacked when the first training starts."
        return "It is downloaded when the first training starts."


def list_models(workspace: Workspace) -> list[Model]:
    """The models of the catalogue: the starter model, what else needs no hub, then by family and size."""
    models = [from_preset(workspace, file) for file in preset_files()]
    families = ("causal", "vision", "encoder", "encoder-decoder")
    return sorted(
        models,
        key=lambda model: (
            model.source == "hub" or bool(model.package_sha256),  # what came with the studio stands first
            families.index(model.family),
            model.parameters,
            model.name,
        ),
    )


def find_model(workspace: Workspace, name: str) -> Model:
    """A model by its catalogue name, the path of a folder or of a GGUF file, or owner/name on the hub.

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
    if name.lower().endswith(".gguf"):
        return from_gguf(workspace, folder.absolute())
    if HUB_NAME.fullmatch(name) and not folder.exists():
        return from_hub(workspace, name)
    raise StudioError(
        f"There is no model called “{name}”.",
        "Choose one of the list, or name a folder that holds a model (with config.json), a GGUF file, or owner/name "
        "from the Hugging Face hub.",
        cause="model_gone",
    )


def from_hub(workspace: Workspace, name: str) -> Model:
    """A model of the hub by owner/name: the catalogue's entry where it has one, so that both are the same model."""
    known = hub_names().get(name.lower())
    if known is not None:
        return from_preset(workspace, known)
    return Model(name, name.split("/")[1], "From the Hugging Face hub.", "hub", hub_folder(workspace, name), hub=name)


def from_gguf(workspace: Workspace, path: Path) -> Model:
    """A model in a GGUF file, which is turned into safetensors in the home. Raises StudioError for another file."""
    folder = gguf_folder(workspace, path)
    if not (folder / "config.json").exists():
        check_gguf(path)
    return Model(str(path), path.stem, "A GGUF file on this computer.", "gguf", folder, file=path)


def from_preset(workspace: Workspace, file: Path) -> Model:
    values = preset_values(file)
    if "package" in values:
        return Model(name=file.stem, source="package", folder=workspace.models / file.stem, **values)
    size = {"disk_mb": values["download_mb"]}
    return Model(name=file.stem, source="hub", folder=hub_folder(workspace, values["hub"]), **{**size, **values})


def hub_folder(workspace: Workspace, name: str) -> Path:
    return workspace.models / name.replace("/", "--")


def preset_files() -> list[Path]:
    return sorted((PRESETS / "models").glob("*.toml"))


@lru_cache(maxsize=256)
def preset_values(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


@lru_cache(maxsize=1)
def hub_names() -> dict[str, Path]:
    """Catalogue files by hub name in small letters, of those whose files come from the hub."""
    files = [file for file in preset_files() if "package" not in preset_values(file)]
    return {preset_values(file)["hub"].lower(): file for file in files}
