"""Tables with a question and an answer in columns of their own, and those with the passage that the answer is in."""

from hashlib import blake2b

from studio.datasets.paths import load, text_of
from studio.datasets.shapes.conversation import (
    NO_ANSWER,
    NO_QUESTION,
    complete,
    looks_nested,
    turns,
    with_context,
)
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.mapping import SYSTEM, TOOLS, Cells, Fields, Guess, Mapping, Role, Shape, Unusable
from studio.datasets.shapes.names import NAMES
from studio.datasets.shapes.spell import called, messages_in, optional


def mostly_text(look: Look) -> bool:
    """Filled often enough to be one side of the examples, whether with text or with its messages."""
    return look.filled > 0.3 and (look.nested < 0.5 or messages_in(look))


def recognise_pairs(head: Head) -> Guess | None:
    """By the names first, then by the text: replies are long and rarely repeat."""
    reply = head.find("reply", mostly_text)
    prompt = head.find("prompt", mostly_text, taken=[reply])
    named = bool(prompt and reply)
    if not reply and prompt:
        reply = longest(head, head.texts(taken=[prompt]))
    elif reply and not prompt:
        prompt = head.find("source", mostly_text, taken=[reply]) or next(iter(head.texts(taken=[reply])), "")
    elif not named:
        texts = head.texts()
        reply = longest(head, texts) if len(texts) > 1 else ""
        prompt = next((column for column in texts if column != reply), "")
        if len(texts) == 1:  # single words, each with its text, as in a glossary
            reply = texts[0]
            prompt = next((c for c in head.columns if c != reply and distinct_words(head, c)), "")
    if not prompt or not reply:
        return None
    columns = {"prompt": prompt, "reply": reply}
    columns |= optional(head, ("context", "system", "tools"), columns.values())
    if named:
        reason = f"{called(prompt, reply)}, which usually means a question and its answer."
    else:
        reason = f"“{prompt}” looks like the question, and “{reply}” like the answer, by their names or their lengths; "
        reason += "please check."
    if "context" in columns:
        reason += f" “{columns['context']}” is put below the question."
    return Guess(Mapping(kind="chat", shape="prompt_reply", columns=columns), reason, named)


def distinct_words(head: Head, column: str) -> bool:
    """Whether a column holds words that hardly repeat and are not a title of the text beside them."""
    look = head.looks[column]
    words = (
        head.usable(column) and look.numbers < 0.5 and look.nested < 0.5 and head.plain(column) not in NAMES["title"]
    )
    return words and look.filled > 0.9 and look.distinct > 0.9 * look.rows and column not in head.named("group")


def longest(head: Head, columns: list[str]) -> str:
    return max(columns, key=lambda column: head.looks[column].length, default="")


def read_pair(cells: Cells, mapping: Mapping) -> list[Fields]:
    """A question and its answer as text, or the messages that stand for each."""
    asked = with_context(cells["prompt"], cells["context"])
    prompt, reply = turns(asked, "user"), turns(cells["reply"], "assistant")
    if not prompt:
        raise Unusable(NO_QUESTION)
    if not reply:
        raise Unusable(NO_ANSWER)
    return [{"messages": complete(prompt + reply)}]


PROMPT_REPLY = Shape(
    "prompt_reply",
    "Question and answer",
    "One column holds what people ask, another what the model should answer.",
    "chat",
    (
        Role("prompt", "Question", "What people ask. Several columns can be put together.", widget="template"),
        Role("reply", "Answer", "What the model should answer.", widget="template"),
        Role("context", "Background", "Put below the question; may be empty in some rows.", required=False),
        SYSTEM,
        TOOLS,
    ),
    recognise_pairs,
    read_pair,
)


def recognise_passages(head: Head) -> Guess | None:
    """Question, passage and answer, all by name, with a passage in nearly every row."""
    question = head.exact("question")
    answer = head.exact("answer")
    passage = head.find("passage", lambda look: look.filled > 0.95 and look.texty, taken=[question, answer])
    if not (question and answer and passage):
        return None
    columns = {"passage": passage, "question": question, "answer": answer}
    reason = (
        f"{called(question, answer)}, and every row has a text in “{passage}” that the question is about. "
        "Questions on the same text stay together when rows are set aside for testing."
    )
    return Guess(Mapping(kind="chat", shape="question_passage", columns=columns), reason, True)


def read_passage(cells: Cells, mapping: Mapping) -> list[Fields]:
    """The passage with the question below it; rows on one passage form a group."""
    if not cells["question"]:
        raise Unusable(NO_QUESTION)
    if not cells["passage"]:
        raise Unusable("no passage")
    answer = first_answer(cells["answer"])
    if not answer:
        raise Unusable(NO_ANSWER)
    messages = [
        {"role": "user", "content": f"{cells['passage']}\n\n{cells['question']}"},
        {"role": "assistant", "content": answer},
    ]
    return [{"messages": messages, "group": blake2b(cells["passage"].encode(), digest_size=8).hexdigest()}]


def first_answer(cell: str) -> str:
    """The answer in a cell that holds text, a list, or what SQuAD writes: {"text": [...], "answer_start": [...]}."""
    if cell[:1] not in ("[", "{") or looks_nested(cell):
        return cell
    try:
        value = load(cell)
    except ValueError:
        return cell
    for _ in range(2):  # {"text": [...]}, and [{"text": ...}]
        if isinstance(value, dict):
            value = value.get("text", value.get("answer"))
        if isinstance(value, list):
            value = value[0] if value else None
    return text_of(value).strip()


QUESTION_PASSAGE = Shape(
    "question_passage",
    "Question about a passage",
    "Each row has a passage, a question about it and the answer.",
    "chat",
    (
        Role("passage", "Passage", "The text that the question is about; it is put in front of the question."),
        Role("question", "Question", "What is asked about the passage."),
        Role("answer", "Answer", "The answer, as text or as a list of which the first is taken."),
        SYSTEM,
    ),
    recognise_passages,
    read_passage,
)
