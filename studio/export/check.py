"""The proof: `python -m studio.export.check ZIP BASE_FOLDER ANSWERS.json`, run in a fresh interpreter.

Unpacks the zip, loads it with plain PEFT, asks the recorded questions again, and prints how many answers
are the same to the letter, as JSON: {"same": n, "asked": n}.
"""

import json
import sys
import tempfile
from pathlib import Path

from peft import PeftModel

from studio.chat.generation import greedy_answers
from studio.export.bundle import unpack
from studio.models.hardware import look, training_dtype
from studio.models.loading import load_model, load_tokenizer


def main() -> None:
    archive, base, recorded = map(Path, sys.argv[1:4])
    expected = json.loads(recorded.read_text("utf-8"))
    device = look().device
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        unpack(archive, Path(folder))
        model = PeftModel.from_pretrained(load_model(base, device, training_dtype(device)), folder)
        tokenizer = load_tokenizer(Path(folder))
        answers = greedy_answers(model, tokenizer, expected["conversations"], expected["max_new_tokens"])
    same = sum(a == b for a, b in zip(answers, expected["answers"], strict=True))
    print(json.dumps({"same": same, "asked": len(answers)}))


if __name__ == "__main__":
    main()
