"""The export process: `python -m studio.export.worker RUN_FOLDER`. Packs the zip, then has it checked."""

import json
import subprocess
import sys
import traceback
from pathlib import Path

from studio.errors import StudioError
from studio.export.bundle import build_zip, record, what_is_kept
from studio.export.origin import base_of
from studio.processes import worker_environment
from studio.training.run import Run


def main() -> int:
    run = Run(Path(sys.argv[1]).resolve())
    try:
        export(run)
    except Exception as error:
        traceback.print_exc()
        text = error.text if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
        record(run, status="failed", error=text, what=what_is_kept(run))
        return 1
    return 0


def export(run: Run) -> None:
    path, card, lines = build_zip(run)
    size = round(path.stat().st_size / 1e6, 1)
    what = what_is_kept(run)
    record(run, status="working", phase="Loading it again in a fresh program", megabytes=size, what=what)
    base = base_of(run).folder
    # A clean interpreter that knows the zip, the base model and the questions, and nothing of the run.
    check = subprocess.run(
        [sys.executable, "-m", "studio.export.check", str(path), str(base), str(run.folder / "answers.json")],
        stdout=subprocess.PIPE,
        text=True,
        env=worker_environment(),
    )
    if check.returncode:
        raise StudioError(
            "The zip could not be loaded again.", "The reason is in export/output.log in the run's folder."
        )
    verdict = json.loads(check.stdout.strip().splitlines()[-1])
    record(
        run,
        status="ready",
        zip=str(path),
        megabytes=size,
        same=verdict["same"],
        asked=verdict["asked"],
        card=card,
        snippet=lines,
        what=what,
        proof=verdict["proof"],
    )


if __name__ == "__main__":
    raise SystemExit(main())
