"""All shapes by name, in the order in which they are tried: what is unmistakable comes first."""

from studio.datasets.shapes.alpaca import ALPACA
from studio.datasets.shapes.chats import MESSAGES, SHAREGPT
from studio.datasets.shapes.feedback import RATED_CONVERSATIONS, RATED_REPLIES
from studio.datasets.shapes.label_columns import LABEL_COLUMNS
from studio.datasets.shapes.labels import TEXT_LABEL, TEXT_LABELS
from studio.datasets.shapes.mapping import Role, Shape
from studio.datasets.shapes.numbers import TEXT_NUMBER
from studio.datasets.shapes.pictures import PICTURES
from studio.datasets.shapes.plain import PLAIN_TEXT
from studio.datasets.shapes.preferences import HH_PAIRS, PAIRS
from studio.datasets.shapes.questions import PROMPT_REPLY, QUESTION_PASSAGE
from studio.errors import StudioError

SHAPES = {
    shape.name: shape
    for shape in (
        *(PICTURES, HH_PAIRS, PAIRS, RATED_CONVERSATIONS, RATED_REPLIES, SHAREGPT, MESSAGES, QUESTION_PASSAGE, ALPACA),
        *(PROMPT_REPLY, LABEL_COLUMNS, TEXT_LABELS, TEXT_LABEL, TEXT_NUMBER, PLAIN_TEXT),
    )
}


def shape_of(name: str) -> Shape:
    """The shape of that name. Raises StudioError when there is none."""
    if name not in SHAPES:
        raise StudioError(f"There is no table layout called “{name}”.", f"Choose one of these: {', '.join(SHAPES)}.")
    return SHAPES[name]


def roles_of(shape: str) -> list[Role]:
    """What a shape needs from the table, for the form's drop-downs. Raises StudioError when there is no such shape."""
    return list(shape_of(shape).roles)
