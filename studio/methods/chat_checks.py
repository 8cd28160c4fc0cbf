"""Whether a model's chat format can write the rows, told before a run starts."""

from itertools import pairwise

import pandas

from studio.datasets.rows import unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.models.catalogue import Model
from studio.models.chat_format import ChatFormat, chat_format


def check_format(version: Version, model: Model) -> None:
    """Raises StudioError when the model's chat template cannot write these conversations. Reads all rows at most once.

    A folder without a template passes: studio.methods.checks.check_chat speaks of that.
    """
    known = chat_format(model.folder)
    if known is None:
        return
    if known.broken:
        raise StudioError(
            f"The chat format of {model.title} cannot be used: {known.broken}.",
            "Put the template of the original model into its folder, or choose another model.",
        )
    if known.system and known.repeats:
        return
    check_rows(version, model, known)


def check_rows(version: Version, model: Model, known: ChatFormat) -> None:
    if version.kind in ("label", "number", "text"):
        return  # one question and its answer each
    talks = pandas.read_parquet(version.parquet, columns=["messages", "chosen"])
    roles = [
        [message["role"] for message in unpack(messages) + unpack(chosen)]
        for messages, chosen in zip(talks["messages"], talks["chosen"], strict=True)
    ]
    told = sum("system" in talk for talk in roles)
    if told and not known.system:
        raise StudioError(
            f"{model.title} knows no system message, and {told:,} of your {len(roles):,} rows have one.",
            "Take the system message out in Data, or choose another model.",
        )
    twice = sum(any(a == b for a, b in pairwise(talk)) for talk in roles)
    if twice and not known.repeats:
        raise StudioError(
            f"{model.title} wants the two sides of a talk to take turns, and in {twice:,} of your {len(roles):,} rows "
            "one side speaks twice in a row.",
            "Put such turns together in Data, leave these rows out, or choose another model.",
        )


def instruct_of(models: list[Model], base: Model) -> str:
    """A sentence that names the model of the catalogue that is this base model taught to converse, "" for none."""
    stem = base.name.removesuffix("-base")
    found = [
        each for each in models if each.form == "instruct" and each.name.startswith(stem) and each.name != base.name
    ]
    return f"“{found[0].title}” in the list is the same model that has learned to converse." if found else ""
