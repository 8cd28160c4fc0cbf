"""Pairs of a better and a worse answer: as TRL, LLaMA-Factory, OpenAI and Anthropic's HH write them."""

import re

from studio.datasets.paths import pick
from studio.datasets.rows import Messages
from studio.datasets.shapes.conversation import NO_QUESTION, asks, blank, check_turns, looks_nested, turns, with_context
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.mapping import SYSTEM, TOOLS, Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.spell import called, conversation_column, messages_in, optional

NO_BETTER, NO_WORSE = "no better answer", "no worse answer"
SAME = "both answers are the same"
HH_TURN = re.compile(r"(?:\A\s*|\n\n)(Human|Assistant):")


def answers_in(look: Look) -> bool:
    return look.filled > 0.3 and look.numbers < 0.5


def answer_columns(head: Head) -> tuple[str, str] | None:
    """The columns of the better and of the worse answers, by name; None without both."""
    chosen, rejected = head.find("chosen", answers_in), head.find("rejected", answers_in)
    return (chosen, rejected) if chosen and rejected and chosen != rejected else None


def recognise_pairs(head: Head) -> Guess | None:
    found = answer_columns(head)
    if found is None:
        return None
    columns = dict(zip(("chosen", "rejected"), found, strict=True))
    asked = ""
    openai = next((c for c in head.columns if pick(head.looks[c].first, "messages")), "")
    others = [c for c in head.columns if c not in found]
    conversations = [c for c in others if messages_in(head.looks[c])]
    if openai:
        asked = f"{openai}.messages"
        columns["tools"] = f"{openai}.tools"
    elif conversations:
        named = conversation_column(head)
        asked = named if named in conversations else conversations[0]
    else:
        asked = head.find("prompt", lambda look: look.filled > 0.3 and look.nested < 0.5, taken=found)
    if asked:
        columns["prompt"] = asked
    columns |= optional(head, ("system", "tools"), columns.values())
    context = head.exact("input") or head.exact("context")
    if context and not conversations and not openai and context not in columns.values():
        columns["context"] = context
    reason = f"{called(*found)}: a better and a worse answer"
    reason += f" to what stands in “{asked}”." if asked else ", each with the same question in front of it."
    return Guess(Mapping(kind="preference", shape="preference_pairs", columns=columns), reason, True)


def read_pairs(cells: Cells, mapping: Mapping) -> list[Fields]:
    """The question apart from both answers. Where it is not given, it is what both begin with."""
    chosen, rejected = turns(cells["chosen"], "assistant"), turns(cells["rejected"], "assistant")
    both_filled(chosen, rejected)
    if chosen[0]["role"] != "assistant" and rejected[0]["role"] != "assistant":
        return [split_pair(chosen, rejected)]
    asked = cells["prompt"]
    if not looks_nested(asked):
        asked = with_context(asked, cells["context"])
    if not asked and not looks_nested(cells["chosen"]):
        asked, better, worse = common_text(cells["chosen"], cells["rejected"])
        chosen, rejected = turns(better, "assistant"), turns(worse, "assistant")
    return [pair(turns(asked, "user"), chosen, rejected)]


def common_text(chosen: str, rejected: str) -> tuple[str, str, str]:
    """The whole words that both texts begin with, and what follows in each; as TRL extracts an implicit prompt."""
    length = next((at for at, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b), 0)
    shared = chosen[:length]
    end = max(shared.rfind(" "), shared.rfind("\n")) + 1
    return shared[:end].strip(), chosen[end:].strip(), rejected[end:].strip()


def both_filled(chosen: Messages, rejected: Messages) -> None:
    if not chosen:
        raise Unusable(NO_BETTER)
    if not rejected:
        raise Unusable(NO_WORSE)
    if chosen == rejected:
        raise Unusable(SAME)


def split_pair(chosen: Messages, rejected: Messages) -> Fields:
    """Two whole conversations as what they share, and how each goes on."""
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared] == rejected[shared]:
        shared += 1
    # An answer that both give before they part is part of both answers if no question follows it.
    while shared and chosen[shared - 1]["role"] == "assistant":
        shared -= 1
    return pair(chosen[:shared], chosen[shared:], rejected[shared:])


def pair(messages: Messages, chosen: Messages, rejected: Messages) -> Fields:
    """The fields of one row. Raises Unusable unless there is a question and two different answers to it."""
    both_filled(chosen, rejected)
    if not asks(messages) or messages[-1]["role"] == "assistant":
        raise Unusable(NO_QUESTION)
    for answer, problem in ((chosen, NO_BETTER), (rejected, NO_WORSE)):
        last = answer[-1]
        if answer[0]["role"] != "assistant" or last["role"] != "assistant":
            raise Unusable(problem)
        if blank(last) and not last.get("tool_calls"):
            raise Unusable(problem)
        check_turns(messages + answer)
    return {"messages": messages, "chosen": chosen, "rejected": rejected}


CHOSEN = Role("chosen", "Better answer", "The answer that people preferred.")
REJECTED = Role("rejected", "Worse answer", "The answer that people liked less.")

PAIRS = Shape(
    "preference_pairs",
    "Better and worse answers",
    "Each row has a question, a better answer and a worse one, as text or as messages.",
    "preference",
    (
        Role(
            "prompt",
            "Question",
            "What was asked, as text or as messages. Leave it out when both answers begin with it.",
            required=False,
            widget="template",
        ),
        CHOSEN,
        REJECTED,
        Role("context", "Input", "Put below the question; may be empty in some rows.", required=False),
        SYSTEM,
        TOOLS,
    ),
    recognise_pairs,
    read_pairs,
)


def recognise_hh(head: Head) -> Guess | None:
    found = answer_columns(head)
    if found is None or not all(mostly_hh(head.values(column)) for column in found):
        return None
    reason = f"{called(*found)}, and their texts are conversations written as “Human:” and “Assistant:” (HH)."
    mapping = Mapping(kind="preference", shape="hh_pairs", columns={"chosen": found[0], "rejected": found[1]})
    return Guess(mapping, reason, True)


def mostly_hh(texts: list[str]) -> bool:
    return sum({"Human", "Assistant"} <= set(HH_TURN.findall(text)) for text in texts) > len(texts) / 2


def read_hh(cells: Cells, mapping: Mapping) -> list[Fields]:
    chosen, rejected = hh_turns(cells["chosen"]), hh_turns(cells["rejected"])
    both_filled(chosen, rejected)
    return [split_pair(chosen, rejected)]


def hh_turns(text: str) -> Messages:
    """The messages of “\\n\\nHuman: … \\n\\nAssistant: …”; text in front of the first mark is a system message."""
    first, *parts = HH_TURN.split(text)
    messages: Messages = [{"role": "system", "content": first.strip()}] if first.strip() else []
    for speaker, words in zip(parts[::2], parts[1::2], strict=True):
        messages.append({"role": "user" if speaker == "Human" else "assistant", "content": words.strip()})
    return messages


HH_PAIRS = Shape(
    "hh_pairs",
    "Better and worse conversations (HH)",
    "Two whole conversations in a row, written as “Human: … Assistant: …”; the first went better.",
    "preference",
    (CHOSEN, REJECTED, SYSTEM),
    recognise_hh,
    read_hh,
)
