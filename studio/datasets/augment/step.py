"""The augmentation step: which rows are made, as the page draws it and a recipe writes it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "de", "fr", "es"]


class WordChanges(BaseModel):
    """Slips of the pen in what is asked. Answers, labels, numbers, names, addresses and negations stay as they are."""

    model_config = ConfigDict(extra="forbid")

    typing: bool = Field(True, description="Typing mistakes: a neighbouring key, swapped, doubled or missing letters.")
    casual: bool = Field(True, description="Small letters at the beginning and missing punctuation.")
    fillers: bool = Field(True, description="Leave out a word that adds nothing, such as “please” or “really”.")
    swaps: bool = Field(False, description="Swap two neighbouring words; this can change what is meant.")
    changes: int = Field(2, ge=1, le=5, description="Changes in each row that is made, at most.")


class Frames(BaseModel):
    """What people write around a question: “Hello! … Thanks for your help.” Rows in other languages get none."""

    model_config = ConfigDict(extra="forbid")

    languages: list[Language] = Field(
        ["en", "de", "fr", "es"],
        min_length=1,
        description="Languages whose rows get a frame: en, de, fr, es.",
    )


class Augmentation(BaseModel):
    """More rows to learn from, made out of the training rows. Rows for checking and testing are never touched."""

    model_config = ConfigDict(extra="forbid")

    words: WordChanges | None = Field(None, description="Small slips of the pen in what is asked.")
    templates: Frames | None = Field(None, description="Greetings and thanks around what is asked.")
    rewrites: list[str] = Field(
        default_factory=list,
        description="Rewrites that a model on this computer made of the questions, each file by its SHA-256.",
    )
    per_row: int = Field(1, ge=1, le=5, description="Rows made out of each row, at most.")
    at_most: int | None = Field(None, ge=1, description="Rows made in all, at most; as many as there are if left out.")
    seed: int = Field(42, description="Decides which changes are made where.")
