"""Packing a report into one zip file."""

import io
import json
import re
import zipfile
from pathlib import Path

import tomli_w

from studio.training.report import contents
from studio.training.report.blanking import without_data, without_secrets
from studio.training.run import Run
from studio.workspace import speaking_of_disk, write_atomic

FRAME = re.compile(r'(?:\s*File "[^"]*", line \d+, in \S+|Traceback \(most recent call last\):)\Z')
FOLDER = "reports"  # in the home's scratch folder
# What is in it, as the page lists it before it is saved, by the names of the files in the zip.
CONTENTS = {
    "summary.txt": "what happened, in words",
    "recipe.toml": "the method, the model and every setting, with file names in place of folders",
    "events.jsonl": "what the run said of itself: its notes, its failure, and up to 200 of its figures",
    "output.log": "the last 400 lines of the training program's own log",
    "computer.json": "versions of Python and the libraries, the hardware, free disk and memory",
    "process.json": "which process worked at it, and how it ended",
    "files.txt": "names and sizes of the files in the run's folder",
}
LEFT_OUT = (
    "Left out: your rows and answers, system messages, the model, passwords, keys, e-mail addresses, and your name on "
    "this computer. Where words of your rows got into the log, [data] stands in their place."
)


def save_report(run: Run) -> Path:
    """Pack the report of any run and return the zip. Raises StudioError when it cannot be written.

    Texts are compared with the data, so that none of it slips out through a log or an error's words; when that cannot
    be done, because the data is gone or too large, all texts that a program wrote are left out.
    """
    folder = run.workspace.scratch / FOLDER
    with speaking_of_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"report-{run.id}.zip"
    write_atomic(target, packed(parts_of(run)))
    return target


def parts_of(run: Run) -> dict[str, str]:
    """The files of the report by name, in the order of CONTENTS."""
    events, log, view = contents.events_of(run), contents.log_of(run), run.view()
    recipe, process = contents.recipe_of(run), contents.process_of(run)
    told = [event[name] for event in events for name in contents.SENTENCES if name in event]
    told += [view.error.message, view.error.evidence, view.error.last_line] if view.error else []
    bare = without_data([*told, *log, *process["death"].values()], contents.cells_of(run))

    def clean(text: str) -> str:
        return bare(without_secrets(text))

    for event in events:
        event.update({name: clean(event[name]) for name in contents.SENTENCES if name in event})
    process["death"] = {name: text if name == "cause" else clean(text) for name, text in process["death"].items()}
    recipe["name"] = without_secrets(recipe["name"])
    return {
        "summary.txt": contents.summary_of(run, view, clean),
        "recipe.toml": tomli_w.dumps(recipe),
        "events.jsonl": "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events),
        "output.log": "\n".join(line if FRAME.match(line) else bare(line) for line in log),
        "computer.json": json.dumps(contents.computer(run), ensure_ascii=False, indent=1),
        "process.json": json.dumps(process, ensure_ascii=False, indent=1),
        "files.txt": contents.files_of(run),
    }


def packed(parts: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return whole.getvalue()
