"""Rewrites of questions as a file in the dataset's folder, named by its SHA-256.

What a model writes cannot be worked out again from the data file. So it is written down once, and the step names the
file by its hash: the same steps then give the same rows. JSON Lines: first how the rewrites were made, then one line
for each question.
"""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from studio.datasets.augment.keeping import cleaned, why_not
from studio.errors import StudioError
from studio.workspace import speaking_of_disk, write_atomic

FOLDER = "rewrites"
HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """How rewrites were made. way: “paraphrase” or “back_translation”, by way of `through`, the name of a language."""

    way: str
    model: str
    through: str = ""
    seed: int = 42
    temperature: float = 0.0


@dataclass
class Rewrites:
    """The rewrites that held up, by the question that they were made from, and why others were dropped.

    asked: questions that the model was given, dropped ones included.
    """

    origin: Origin
    asked: int = 0
    texts: dict[str, list[str]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        return sum(map(len, self.texts.values()))

    def offer(self, question: str, answer: str) -> bool:
        """Take in what a model wrote, if it holds up; else its reason is counted."""
        rewrite = cleaned(answer)
        known = self.texts.get(question, [])
        reason = why_not(question, rewrite) or ("said before" if rewrite in known else "")
        if reason:
            self.dropped[reason] += 1
            return False
        self.texts[question] = [*known, rewrite]
        return True


def store(folder: Path, rewrites: Rewrites) -> str:
    """Write the rewrites into a dataset's folder. Returns the SHA-256 by which a step names them."""
    origin = rewrites.origin
    head = {
        "way": origin.way,
        "model": origin.model,
        "through": origin.through,
        "seed": origin.seed,
        "temperature": origin.temperature,
        "asked": rewrites.asked,
        "dropped": dict(sorted(rewrites.dropped.items())),
    }
    lines = [head, *({"asked": asked, "rewrites": texts} for asked, texts in sorted(rewrites.texts.items()))]
    content = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    name = hashlib.sha256(content).hexdigest()
    with speaking_of_disk(folder):
        (folder / FOLDER).mkdir(exist_ok=True)
    write_atomic(folder / FOLDER / f"{name}.jsonl", content)
    return name


def stored(folder: Path, name: str) -> Rewrites:
    """The rewrites of that SHA-256. Raises StudioError when they are not in the dataset's folder, or were changed."""
    path = folder / FOLDER / f"{name}.jsonl"
    if not HASH.fullmatch(name) or not path.is_file():
        raise StudioError(
            f"The rewrites “{name[:12]}” that rows are to be made of are not on this computer.",
            "Make them again on the Data tab, or do without them.",
        )
    with speaking_of_disk(path):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != name:
        raise StudioError(
            f"The file of rewrites “{name[:12]}” was changed after it was made, so it is not used.",
            "Make the rewrites again on the Data tab, or do without them.",
        )
    head, *lines = (orjson.loads(line) for line in content.splitlines())
    origin = Origin(head["way"], head["model"], head["through"], head["seed"], head["temperature"])
    texts = {line["asked"]: line["rewrites"] for line in lines}
    return Rewrites(origin, head["asked"], texts, Counter(head["dropped"]))


def list_rewrites(folder: Path) -> list[tuple[str, Rewrites]]:
    """All whole files of rewrites in a dataset's folder, with their SHA-256, the newest first."""
    files = sorted((folder / FOLDER).glob("*.jsonl"), key=lambda file: (-file.stat().st_mtime_ns, file.name))
    found = []
    for file in files:
        try:
            found.append((file.stem, stored(folder, file.stem)))
        except StudioError:
            continue  # a changed file says so when a step names it
    return found
