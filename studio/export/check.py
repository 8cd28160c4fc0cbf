"""The proof: `python -m studio.export.check ZIP BASE_FOLDER ANSWERS.json`, run in a fresh interpreter.

Unpacks the zip, loads it with plain PEFT and transformers, asks again what was recorded, and prints how much came out
as it did then, as JSON: {"same": n, "asked": n, "proof": "answers" or "predictions"}.
"""

import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

from studio.chat.generation import greedy_answers
from studio.chat.predicting import logits_of, told
from studio.export.bundle import unpack
from studio.models.hardware import look, training_dtype
from studio.models.loading import load_processor, load_result, load_tokenizer, result_facts

CLOSE = 1e-3  # by how much logits may differ, absolutely and relatively: sums are not always added up in one order


def main() -> None:
    archive, base, recorded = map(Path, sys.argv[1:4])
    expected = json.loads(recorded.read_text("utf-8"))
    device = look().device
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        unpack(archive, Path(folder))
        model = load_result(Path(folder), base, device, training_dtype(device))
        facts = result_facts(Path(folder))
        load = load_processor if facts["task"] == "vision" else load_tokenizer
        tokenizer = load(Path(folder))
        predicts = "logits" in expected
        if predicts:
            same = same_predictions(model, tokenizer, expected, facts)
        else:
            answers = greedy_answers(model, tokenizer, expected["conversations"], expected["max_new_tokens"])
            same = [a == b for a, b in zip(answers, expected["answers"], strict=True)]
    print(json.dumps({"same": sum(same), "asked": len(same), "proof": "predictions" if predicts else "answers"}))


def same_predictions(model: Any, tokenizer: Any, expected: dict[str, Any], facts: dict[str, Any]) -> list[bool]:
    """For each text that was asked, whether its logits are as close as CLOSE and say the same."""
    same = []
    for asked, logits, said in zip(expected["asked"], expected["logits"], expected["predictions"], strict=True):
        again = logits_of(model, tokenizer, asked, expected["max_length"])
        close = all(math.isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE) for a, b in zip(again, logits, strict=True))
        same.append(close and chosen(told(again, facts)) == chosen(said))
    return same


def chosen(said: dict[str, Any]) -> Any:
    """The group or groups of a prediction; numbers are compared by their logits alone."""
    return said.get("label", said.get("labels"))


if __name__ == "__main__":
    main()
