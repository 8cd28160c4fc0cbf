"""Answers with thumbs up or down (KTO): a conversation, or a question and a reply, and a verdict."""

from studio.datasets.shapes.conversation import NO_ANSWER, NO_QUESTION, complete, parsed, tidy, turns
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.mapping import SYSTEM, TOOLS, Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.names import NAMES
from studio.datasets.shapes.spell import conversation_column, optional

UP = "true 1 1.0 +1 yes y up good like liked positive thumbs_up upvote desirable ja gut hoch wahr 👍"
DOWN = "false 0 0.0 -1 no n down bad dislike disliked negative thumbs_down downvote undesirable nein schlecht falsch 👎"
VERDICTS = {word: "true" for word in UP.split()} | {word: "false" for word in DOWN.split()}
NO_VERDICT = "no thumbs up or down"
ODD_VERDICT = "a verdict that is neither thumbs up nor thumbs down"


def verdict_of(cell: str) -> str:
    """“true” or “false”. Raises Unusable."""
    if not cell:
        raise Unusable(NO_VERDICT)
    word = cell.lower().replace("\ufe0f", "").replace(" ", "_").replace("-", "_" if len(cell) > 2 else "-")
    if word not in VERDICTS:
        raise Unusable(ODD_VERDICT)
    return VERDICTS[word]


def verdicts_in(look: Look) -> bool:
    """Whether a column holds thumbs up and down, and nothing else."""
    if not 1 <= len(look.values) <= 6 or look.filled < 0.5:
        return False
    try:
        return {verdict_of(value) for value in look.values} <= {"true", "false"}
    except Unusable:
        return False


def verdict_column(head: Head) -> tuple[str, bool]:
    """The column of verdicts ("" if there is none), and whether it is also called like one."""
    named = head.find("verdict", verdicts_in)
    both = [c for c in head.columns if head.looks[c].distinct > 1 and verdicts_in(head.looks[c])]
    found = named or next((column for column in both if not head.identifies(column)), "")
    return found, bool(named) and head.plain(named) in NAMES["verdict"]


def recognise_conversations(head: Head) -> Guess | None:
    conversation, (verdict, named) = conversation_column(head), verdict_column(head)
    if not conversation or not verdict:
        return None
    columns = {"messages": conversation, "verdict": verdict}
    columns |= optional(head, ("system", "tools"), columns.values())
    reason = f"“{conversation}” holds conversations, and “{verdict}” says of each whether it was good or bad."
    return Guess(Mapping(kind="feedback", shape="rated_conversations", columns=columns), reason, named)


def recognise_replies(head: Head) -> Guess | None:
    verdict, named = verdict_column(head)
    if not verdict:
        return None
    prompt = head.find("prompt", taken=[verdict])
    reply = head.find("reply", taken=[verdict, prompt])
    if not prompt or not reply:
        return None
    columns = {"prompt": prompt, "reply": reply, "verdict": verdict}
    columns |= optional(head, ("system",), columns.values())
    reason = f"“{prompt}” and “{reply}” are a question and its answer, and “{verdict}” says whether it was good or bad."
    return Guess(Mapping(kind="feedback", shape="rated_replies", columns=columns), reason, named)


def read_conversation(cells: Cells, mapping: Mapping) -> list[Fields]:
    messages = complete(tidy(parsed(cells["messages"], "conversation")))
    return [{"messages": messages, "label": verdict_of(cells["verdict"])}]


def read_reply(cells: Cells, mapping: Mapping) -> list[Fields]:
    prompt, reply = turns(cells["prompt"], "user"), turns(cells["reply"], "assistant")
    if not prompt:
        raise Unusable(NO_QUESTION)
    if not reply:
        raise Unusable(NO_ANSWER)
    return [{"messages": complete(prompt + reply), "label": verdict_of(cells["verdict"])}]


VERDICT = Role("verdict", "Thumbs up or down", "Good or bad: true/false, 1/0, up/down, good/bad, yes/no or 👍/👎.")

RATED_CONVERSATIONS = Shape(
    "rated_conversations",
    "Conversations with thumbs up or down",
    "One column holds conversations, another says whether the last answer was good.",
    "feedback",
    (Role("messages", "Conversation", "A list of messages that ends with the answer."), VERDICT, SYSTEM, TOOLS),
    recognise_conversations,
    read_conversation,
)

RATED_REPLIES = Shape(
    "rated_replies",
    "Answers with thumbs up or down",
    "Each row has a question, an answer, and whether the answer was good.",
    "feedback",
    (
        Role("prompt", "Question", "What was asked.", widget="template"),
        Role("reply", "Answer", "What was answered."),
        VERDICT,
        SYSTEM,
    ),
    recognise_replies,
    read_reply,
)
