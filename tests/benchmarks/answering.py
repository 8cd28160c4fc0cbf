"""B8: the first word of an answer after training, against loading from disk. B9: both answers against one alone."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from studio.chat.client import Chat
from studio.models.catalogue import find_model
from studio.models.starter import STARTER
from studio.training.run import Run, list_runs
from studio.workspace import open_workspace
from tests.benchmarks.model import QUESTION, side_by_side
from tests.benchmarks.options import Options
from tests.benchmarks.pairs import Cost, Row, alternated, compared, environment, not_run, run

FIRST = "first answer token after training, against a script that loads from disk"
BOTH = "both answers together, seconds for a token, against one alone"
GOALS = {"B8": 0.5, "B9": 1.3}


def measure(options: Options) -> list[Row]:
    ended = finished(options.home)
    if ended is None:
        why = f"the home holds no finished run on {STARTER}"
        told = [("B8", FIRST), ("B9", BOTH)]
        return [not_run(id, what, f"≤ {GOALS[id]} ×", why) for id, what in told if id in options.wanted]
    rows = []
    if "B8" in options.wanted:
        pairs = alternated(lambda: ours(options.home, ended), lambda: theirs(options.home, ended), options.pairs)
        options.say("first token", pairs)
        rows.append(compared("B8", FIRST, pairs, lambda pair: pair.ours.wall / pair.theirs.wall, at_most=0.5))
    if "B9" in options.wanted:
        times = side_by_side(open_workspace(options.home), ended)
        ratios = [both / tuned for both, tuned in zip(times["both"], times["tuned"], strict=True)]
        middle = statistics.median(ratios)
        measured = f"{middle:.2f} × ({min(ratios):.2f} to {max(ratios):.2f}), {len(ratios)} rounds in one process"
        rows.append(Row("B9", BOTH, f"≤ {GOALS['B9']} ×", measured, middle <= GOALS["B9"]))
    return rows


def finished(home: Path) -> Run | None:
    """The latest run of the home that has learned on the starter model."""
    ended = [run for run in list_runs(open_workspace(home)) if run.view().status == "finished"]
    return next((run for run in ended if run.recipe().model.name == STARTER), None)


def ours(home: Path, ended: Run) -> Cost:
    """Through the page's own way to ask, from the question to the first words of the tuned model."""
    chat = Chat(open_workspace(home))
    began = time.monotonic()
    try:
        first = next(answers for answers in chat.ask(ended.id, QUESTION, 8) if answers.tuned_tokens)
        wall = time.monotonic() - began
        assert first.tuned_tokens > 0
    finally:
        chat.close()
    return Cost(wall, wall)  # what works is a process of its own; a noisy moment shows in theirs


def theirs(home: Path, ended: Run) -> Cost:
    folder = find_model(open_workspace(home), STARTER).folder
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "told.json"
        began = time.time()
        command = [sys.executable, "-m", "tests.benchmarks.answering", str(folder), str(ended.adapter), str(file)]
        cost = run(command, environment({}))
        return Cost(json.loads(file.read_text())["at"] - began, cost.cpu, cost.peak)


def script() -> None:
    """What a program without the studio does: MODEL ADAPTER FILE."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, adapter, file = sys.argv[1:]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder, dtype="bfloat16"), adapter)
    asked = [{"role": "user", "content": QUESTION}]
    ids = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    model.generate(**ids, max_new_tokens=1, do_sample=False)
    Path(file).write_text(json.dumps({"at": time.time()}))


if __name__ == "__main__":
    script()
