"""Tables in which a column names a picture, and others hold what is asked about it and the answer."""

from studio.datasets.readers.pictures import is_picture
from studio.datasets.shapes.conversation import NO_ANSWER
from studio.datasets.shapes.head import Head, Look
from studio.datasets.shapes.mapping import SYSTEM, Cells, Fields, Guess, Mapping, Role, Shape, Unusable

ASKED = "Describe this picture."  # where the table has no question
CAPTIONS = ("caption", "captions", "description", "alt", "label", "bildunterschrift", "beschreibung")
SURE = 0.9  # share of cells that must name a picture


def recognise(head: Head) -> Guess | None:
    """By the ends of the names in a column; the answer by its name, else the column with the longest texts."""
    picture = next((column for column in head.columns if names_pictures(head.values(column))), "")
    if not picture:
        return None
    reply = head.find("reply", spoken, taken=[picture])
    prompt = head.find("prompt", spoken, taken=[picture, reply])
    free = [c for c in head.columns if c not in (picture, prompt) and head.usable(c) and spoken(head.looks[c])]
    if not reply:
        named = [column for column in free if head.plain(column) in CAPTIONS]
        reply = next(iter(named), "") or max(free, key=lambda column: head.looks[column].length, default="")
    if not reply:
        return None
    columns = {"picture": picture, "reply": reply} | ({"prompt": prompt} if prompt else {})
    reason = f"“{picture}” names pictures, and “{reply}” seems to hold what is to be said about them. "
    reason += f"“{prompt}” is what is asked." if prompt else f"No column asks anything, so it is “{ASKED}”"
    return Guess(Mapping(kind="picture", shape="pictures", columns=columns), reason, True)


def names_pictures(cells: list[str]) -> bool:
    return bool(cells) and sum(map(is_picture, cells)) >= SURE * len(cells)


def spoken(look: Look) -> bool:
    return look.filled > 0.3 and look.nested < 0.5 and not look.technical


def read(cells: Cells, mapping: Mapping) -> list[Fields]:
    """A question and its answer, with the picture's name as it stands in the table."""
    if not cells["picture"]:
        raise Unusable("no picture")
    if not cells["reply"]:
        raise Unusable(NO_ANSWER)
    messages = [
        {"role": "user", "content": cells["prompt"] or ASKED},
        {"role": "assistant", "content": cells["reply"]},
    ]
    return [{"messages": messages, "label": cells["picture"]}]


PICTURES = Shape(
    "pictures",
    "Pictures with a question and an answer",
    "One column names a picture, another holds what the model should say about it.",
    "picture",
    (
        Role("picture", "Picture", "The picture's file: its name in the .zip, or its whole path on this computer."),
        Role(
            "prompt",
            "Question",
            f"What is asked about it; left out, “{ASKED}” is asked.",
            required=False,
            widget="template",
        ),
        Role("reply", "Answer", "What the model should answer.", widget="template"),
        SYSTEM,
    ),
    recognise,
    read,
)
