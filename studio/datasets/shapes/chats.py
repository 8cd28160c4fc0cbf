"""Tables that hold whole conversations in one column: OpenAI's `messages` and ShareGPT's `conversations`."""

from studio.datasets.shapes.conversation import complete, parsed, tidy
from studio.datasets.shapes.head import Head
from studio.datasets.shapes.mapping import SYSTEM, TOOLS, Cells, Fields, Guess, Mapping, Role, Shape
from studio.datasets.shapes.spell import conversation_column, optional, turns_in


def recognise_messages(head: Head) -> Guess | None:
    """A column of lists whose entries have `role` and `content`; lists of plain texts are taken for turns."""
    column = conversation_column(head)
    if column and not spelled_from(head, column):
        reason = f"“{column}” holds whole conversations: lists of messages that say who speaks."
        return guess(head, "messages", "messages", column, reason, True)
    column = "" if column else head.find("conversation", turns_in)
    if not column:
        return None
    reason = f"“{column}” holds lists of texts. We take the first to be the person's, the next the model's, and so on."
    return guess(head, "messages", "messages", column, reason, False)


def recognise_sharegpt(head: Head) -> Guess | None:
    """A column of lists whose entries have `from` and `value`."""
    column = conversation_column(head)
    if not column or not spelled_from(head, column):
        return None
    reason = f"“{column}” holds whole conversations in the ShareGPT layout: lists of “from” and “value”."
    return guess(head, "sharegpt", "conversations", column, reason, True)


def spelled_from(head: Head, column: str) -> bool:
    first = head.looks[column].first
    entry = first[0] if isinstance(first, list) else first
    return isinstance(entry, dict) and "from" in entry


def guess(head: Head, shape: str, role: str, column: str, reason: str, sure: bool) -> Guess:
    columns = {role: column}
    columns |= optional(head, ("system", "tools"), columns.values())
    if "tools" in columns:
        reason += f" The tools that they may call are listed in “{columns['tools']}”."
    return Guess(Mapping(kind="chat", shape=shape, columns=columns), reason, sure)


def read_messages(cells: Cells, mapping: Mapping) -> list[Fields]:
    return [{"messages": complete(tidy(parsed(cells["messages"], "conversation")))}]


def read_sharegpt(cells: Cells, mapping: Mapping) -> list[Fields]:
    return [{"messages": complete(tidy(parsed(cells["conversations"], "conversation")))}]


MESSAGES = Shape(
    "messages",
    "Conversations (messages)",
    "One column holds whole conversations, as OpenAI's fine-tuning service exports them.",
    "chat",
    (Role("messages", "Conversation", "A list of messages, each with “role” and “content”."), TOOLS, SYSTEM),
    recognise_messages,
    read_messages,
)

SHAREGPT = Shape(
    "sharegpt",
    "Conversations (ShareGPT)",
    "One column holds whole conversations as lists of “from” and “value”, calls of tools included.",
    "chat",
    (Role("conversations", "Conversation", "A list of turns, each with “from” and “value”."), SYSTEM, TOOLS),
    recognise_sharegpt,
    read_sharegpt,
)
