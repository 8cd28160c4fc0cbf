"""Alpaca's layout: an instruction, what it is applied to, and the output; earlier turns in `history`."""

from studio.datasets.shapes.conversation import (
    NO_ANSWER,
    NO_QUESTION,
    complete,
    parsed,
    tidy,
    with_context,
)
from studio.datasets.shapes.head import Head
from studio.datasets.shapes.mapping import SYSTEM, Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.spell import called, optional


def recognise(head: Head) -> Guess | None:
    """By its names, whole: instruction and output, and the input, the history, or nothing else."""
    instruction, output = head.exact("instruction"), head.exact("output")
    if not (instruction and output):
        return None
    columns = {"instruction": instruction, "output": output}
    columns |= optional(head, ("input", "system", "history"), columns.values())
    if not ({"input", "history"} & set(columns) or len(head.columns) == 2):
        return None
    reason = f"{called(*columns.values())}, as in the Alpaca layout."
    return Guess(Mapping(kind="chat", shape="alpaca", columns=columns), reason, True)


def read(cells: Cells, mapping: Mapping) -> list[Fields]:
    if not cells["instruction"] and not cells["input"]:
        raise Unusable(NO_QUESTION)
    if not cells["output"]:
        raise Unusable(NO_ANSWER)
    history = cells["history"]
    before = tidy(parsed(history, "history")) if history not in ("", "[]") else []
    last = [
        {"role": "user", "content": with_context(cells["instruction"], cells["input"])},
        {"role": "assistant", "content": cells["output"]},
    ]
    return [{"messages": complete(before + last)}]


ALPACA = Shape(
    "alpaca",
    "Instruction, input and output",
    "An instruction, what it is to be applied to, and the result. Known as the Alpaca layout.",
    "chat",
    (
        Role("instruction", "Instruction", "What is to be done."),
        Role("output", "Output", "What the model should answer."),
        Role("input", "Input", "What the instruction is applied to; may be empty in some rows.", required=False),
        Role("history", "Earlier turns", "A list of (question, answer) that came before.", required=False),
        SYSTEM,
    ),
    recognise,
    read,
)
