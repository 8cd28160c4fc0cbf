"""Questions on a picture: a message may carry {"picture": {"file": path, "size": most dots of its longer side}}."""

from typing import Any

from studio.chat.steps import Reading
from studio.datasets.examples import text_of
from studio.datasets.rows import Messages


def picture_of(messages: Messages) -> dict[str, Any] | None:
    """The picture that a conversation is about, if there is one."""
    return next((message["picture"] for message in messages if message.get("picture")), None)


def words_of(tokenizer: Any) -> Any:
    """The tokenizer of what may be a processor."""
    return getattr(tokenizer, "tokenizer", tokenizer)


def in_parts(messages: Messages) -> Messages:
    """The conversation as the chat formats of such models want it: a list of parts a turn, the picture in front."""
    spoken = []
    for message in messages:
        parts = [{"type": "text", "text": message["content"]}]
        spoken.append({"role": message["role"], "content": [{"type": "image"}] * bool(message.get("picture")) + parts})
    return spoken


def with_picture(model: Any, processor: Any, messages: Messages, rows: int) -> Reading:
    """Picture and question as the model reads them in training, the same in every row."""
    from studio.methods.vision_trainer import Pictures

    picture = picture_of(messages)
    assert picture is not None
    # The length plays no part here: nothing is cut.
    pictures = Pictures(processor, 0, picture["size"])
    read = text_of(processor.tokenizer, in_parts(messages), [], asking=True)
    found = dict(pictures.read([{"picture": picture["file"], "read": read}] * rows))
    return {
        name: (value.to(model.dtype) if value.is_floating_point() else value).to(model.device)
        for name, value in found.items()
    }
