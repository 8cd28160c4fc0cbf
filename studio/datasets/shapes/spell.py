"""Parts of sentences and of guesses that the shapes share."""

from collections.abc import Callable, Iterable

from studio.datasets.shapes.head import Head, Look


def called(*columns: str) -> str:
    """“Columns are called “a” and “b””, without the full stop."""
    quoted = [f"“{column}”" for column in columns]
    if len(quoted) == 1:
        return f"A column is called {quoted[0]}"
    return f"Columns are called {', '.join(quoted[:-1])} and {quoted[-1]}"


def optional(head: Head, roles: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """The columns whose whole names fit roles that a table may or may not have."""
    found: dict[str, str] = {}
    spoken_for = set(taken)
    for role in roles:
        column = head.exact(role, fitting(role))
        if column and column not in spoken_for:
            found[role] = column
            spoken_for.add(column)
    return found


def fitting(role: str) -> Callable[[Look], bool]:
    """What a column must hold to fill the role: tools and earlier turns are nested, all else is not."""
    if role in ("tools", "history"):
        return lambda look: look.nested > 0.5
    return lambda look: look.nested < 0.5


def messages_in(look: Look) -> bool:
    """Whether the cells hold conversations: lists of objects that say who speaks."""
    first = look.first[0] if isinstance(look.first, list) and look.first else look.first
    return look.nested > 0.5 and isinstance(first, dict) and any(key in first for key in ("role", "from", "speaker"))


def turns_in(look: Look) -> bool:
    """Whether the cells hold lists of texts, said in turn, or of pairs of them."""
    first = look.first
    return look.nested > 0.5 and isinstance(first, list) and bool(first) and isinstance(first[0], str | list)


def conversation_column(head: Head) -> str:
    """The column that holds conversations, by its contents; "" if there is none.

    Of several it must be called one, because a prompt, a reply and a pair of answers may be lists of messages, too.
    """
    holding = [column for column in head.columns if messages_in(head.looks[column])]
    return head.find("conversation", messages_in) or (holding[0] if len(holding) == 1 else "")
