"""The process that writes a copy: `python -m studio.export.python.worker RUN_FOLDER`."""

import json
import sys
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.export.origin import place_by_name
from studio.export.python.bundle import FOLDER, record
from studio.export.python.plan import job_of, plan_of
from studio.export.python.rows import Prepared, as_lines, prepare
from studio.export.python.script import script
from studio.models.catalogue import find_model
from studio.training.run import Run
from studio.workspace import speaking_of_disk

SCRIPT = "train.py"


def main() -> int:
    run = Run(Path(sys.argv[1]).resolve())
    try:
        record(run, status="ready", **copied(run))
    except Exception as error:
        traceback.print_exc()
        spoken = error if isinstance(error, StudioError) else StudioError(f"{type(error).__name__}: {error}", "")
        record(run, status="failed", error=spoken.message, hint=spoken.hint)
        return 1
    return 0


def copied(run: Run) -> dict[str, Any]:
    """Write the zip; what is to be told of it, as in CopyState. Raises StudioError for what cannot be copied."""
    job = job_of(run)
    prepared = prepare(job, run.recipe().method.name)
    lines = script(plan_of(run, job, prepared.facts))
    path = run.folder / FOLDER / "python.zip"
    with speaking_of_disk(path):
        path.parent.mkdir(exist_ok=True)
        rows = write_zip(path, lines, prepared)
    return {
        "script": lines,
        "zip": str(path),
        "megabytes": round(path.stat().st_size / 1e6, 2),
        "rows": rows,
        "carries": list(carries(prepared)),
        "where": [list(pair) for pair in places(run, lines)],
    }


def write_zip(path: Path, lines: str, prepared: Prepared) -> int:
    """The script, the rows and what else it reads; returns the number of rows."""
    building, rows = path.with_suffix(".part"), 0
    with zipfile.ZipFile(building, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(SCRIPT, lines)
        with archive.open("rows.jsonl", "w", force_zip64=True) as file:
            for line in as_lines(prepared.rows):
                file.write(line.encode())
                rows += 1
        if prepared.groups:
            archive.writestr("groups.json", json.dumps(prepared.groups, ensure_ascii=False))
        for name, read in prepared.pictures.items():
            with archive.open(name, "w") as file:
                read().save(file, "PNG")
        for folder, kept in prepared.folders.items():
            for part in sorted(kept.rglob("*")):
                if part.name == "adapter_config.json":
                    archive.writestr(f"{folder}/{part.name}", without_places(part))
                elif part.is_file() and part.name != "README.md":
                    archive.write(part, f"{folder}/{part.relative_to(kept).as_posix()}")
    building.replace(path)
    return rows


def without_places(config: Path) -> str:
    """An adapter's config without the path of its base on this computer."""
    return json.dumps({**json.loads(config.read_text("utf-8")), "base_model_name_or_path": None}, indent=2)


def carries(prepared: Prepared) -> Iterator[str]:
    """What of the person's own goes with the rows."""
    if prepared.groups:
        yield "the names of the groups"
    if prepared.pictures:
        yield f"{len(prepared.pictures):,} pictures"
    if "start" in prepared.folders:
        yield "the adapter of the run that this one went on from"
    if "teacher" in prepared.folders:
        yield "the adapter of the teacher"


def places(run: Run, lines: str) -> Iterator[tuple[str, str]]:
    """The paths that have to be filled in, with what they are on this computer."""
    recipe = run.recipe()
    names = [recipe.model.name, str(recipe.settings.get("teacher") or "")]
    for name in filter(None, names):
        place = place_by_name(run.workspace, name)
        if place.startswith("path/to/") and place in lines:
            yield place, str(find_model(run.workspace, name).folder)


if __name__ == "__main__":
    raise SystemExit(main())
