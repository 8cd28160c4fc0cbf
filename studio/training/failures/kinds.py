"""The dictionary itself: one entry for each kind of failure."""

from dataclasses import dataclass
from typing import Literal

# What the page can do next. continue: go on from the last point; smaller_rate: a new run that learns more carefully;
# report: save a report; the others are places to go to.
Action = Literal["continue", "smaller_rate", "set_up", "model", "history", "data", "report"]


@dataclass(frozen=True)
class Kind:
    """One kind of failure.

    title: what happened, in a few words. message: the cause as a sentence, and hint: what to do about it, for failures
    that nothing in the studio has put in better words. shown_by: how its evidence is told. action: the one next action,
    and label its words ("" for going on, which is told with its step). resumes: whether going on from the last point
    makes sense, now or when the hint was followed.
    """

    name: str
    title: str
    message: str
    hint: str
    shown_by: str
    action: Action
    label: str = ""
    resumes: bool = True


SET_UP, MODEL, DATA, FREE = "Change it in Set up", "Go to Model", "Go to Data", "Free space in History"

ENTRIES = (
    Kind(
        "out_of_memory",
        "The memory was not enough.",
        "The memory was not enough.",
        "Pick the preset “Low memory”, or a shorter “Longest example”, and start again.",
        "What was asked for at once, and what was free.",
        "set_up",
        "Make it smaller in Set up",
    ),
    Kind(
        "killed_for_memory",
        "The memory ran out.",
        "The computer ran out of memory, and very probably ended the training program to save the others.",
        "Close other programs, or pick the preset “Low memory”, before it goes on.",
        "The kernel's count of programs ended for lack of memory has risen since the run began.",
        "continue",
    ),
    Kind(
        "killed",
        "It was stopped from outside.",
        "The training program ended without a word.",
        "Let it go on. If that happens again, close other programs: most often the memory was not enough.",
        "The process is gone, it left no last word, and the computer is the same that it was started on.",
        "continue",
    ),
    Kind(
        "part_killed",
        "One of its processes ended.",
        "One of the processes that train together ended unexpectedly, and so the others were ended too.",
        "Let it go on. If that happens again, close other programs, or start a new run on fewer devices.",
        "Which of them the launcher found dead first, and how it went.",
        "continue",
    ),
    Kind(
        "computer_restarted",
        "It was cut off.",
        "The computer was restarted, or lost its power, while the run was going on.",
        "Let it go on: what was saved is whole.",
        "The name of this start of the computer is another one than when the run began.",
        "continue",
    ),
    Kind(
        "not_a_number",
        "The training went off course.",
        "The loss stopped being a number: the corrections were too large.",
        "Start again with a smaller “Size of each correction (learning rate)”.",
        "The step, the value, and the examples of that step, which are saved for looking at.",
        "smaller_rate",
        "Start again with a smaller learning rate",
        resumes=False,
    ),
    Kind(
        "disk_full",
        "There is no room left.",
        "The disk is full, so nothing more could be written. What was there before is whole.",
        "Free some space (old runs in History are a good start), then let it go on.",
        "How much of the disk is free.",
        "history",
        FREE,
    ),
    Kind(
        "not_writable",
        "The studio may not write there.",
        "This computer does not let the studio write into the run's folder.",
        "Choose a folder of your own with --home, or change the folder's permissions, then let it go on.",
        "The operating system's own answer.",
        "continue",
    ),
    Kind(
        "model_unreadable",
        "The model's files are damaged.",
        "The model's files could not be read.",
        "Remove it in Model and download it again, or choose another one.",
        "What the reader of the file said, and the sizes of the files.",
        "model",
        "Download it again in Model",
    ),
    Kind(
        "model_gone",
        "The model is not there.",
        "The model that this run learns from is not on this computer any more.",
        "Download it in Model, or put its folder back where it was, then let it go on.",
        "The name that was looked for.",
        "model",
        "Download the model in Model",
    ),
    Kind(
        "gated",
        "The model's makers want to be asked first.",
        "The model is given out only to those who accepted its licence.",
        "Accept it on the model's page on the hub, sign in with the command `hf auth login`, then let it go on.",
        "The hub's answer.",
        "model",
        MODEL,
    ),
    Kind(
        "download_failed",
        "The model could not be downloaded.",
        "The model is not on this computer, and could not be fetched.",
        "Check the connection, then try again.",
        "What was not reached.",
        "continue",
    ),
    Kind(
        "data_gone",
        "The data is not there.",
        "The data that this run learns from is not on this computer any more.",
        "Bring the file again in Data; the same file gets its old place.",
        "The name that was looked for.",
        "data",
        "Bring it again in Data",
    ),
    Kind(
        "data_changed",
        "The data is no longer the same.",
        "The rows are not those that this run was made for.",
        "Start a new run with the rows that are there now.",
        "The two fingerprints of the rows.",
        "data",
        DATA,
        resumes=False,
    ),
    Kind(
        "resume_refused",
        "It cannot go on from there.",
        "What was saved was made of something else than what is there now.",
        "Put back what was changed, or start a new run. What was saved can still be kept as it is.",
        "What differs, by name: what it was then and what it is now.",
        "set_up",
        "Start a new run in Set up",
        resumes=False,
    ),
    Kind(
        "no_rows_left",
        "No example is left to learn from.",
        "None of the rows can be learned from.",
        "Leave fewer rows out in Data, or add some.",
        "How many rows there were, and how many were left.",
        "data",
        DATA,
        resumes=False,
    ),
    Kind(
        "examples_cut",
        "Every example is cut too short.",
        "The examples are longer than the model is let read, so nothing is left of their answers.",
        "Raise “Longest example (tokens)”.",
        "How many examples there were, and how many keep something to learn.",
        "set_up",
        SET_UP,
        resumes=False,
    ),
    Kind(
        "library_missing",
        "A part of the studio is missing.",
        "A library that the training needs is not there, or cannot be loaded.",
        "Run `python launch.py setup`, which puts it back, then let it go on.",
        "The library's name, and what Python said.",
        "report",
        "Save a report",
    ),
    Kind(
        "graphics_card",
        "The graphics card reported an error.",
        "The graphics card, or its driver, could not go on.",
        "Let it go on. If that happens again, restart the computer, then look for a newer driver.",
        "The card's own words.",
        "continue",
    ),
    Kind(
        "settings",
        "A setting does not fit.",
        "A setting does not fit the model or the data.",
        "Change it in Set up and start again.",
        "The setting's name, and what was asked of it.",
        "set_up",
        SET_UP,
        resumes=False,
    ),
    Kind(
        "refused",
        "This cannot be trained as it is.",
        "What was asked for cannot be done.",
        "Change it in Set up and start again.",
        "The sentence of whoever refused.",
        "set_up",
        SET_UP,
    ),
    Kind(
        "unknown",
        "The run failed.",
        "The training program met an error that it does not know.",
        "Save a report and show it to somebody who can help.",
        "The error's name and its first line.",
        "report",
        "Save a report",
    ),
)
KINDS = {kind.name: kind for kind in ENTRIES}


def kind_of(cause: str) -> Kind:
    """The entry of that name; “unknown” for runs from before there was a dictionary, and for those of a later one."""
    return KINDS.get(cause, KINDS["unknown"])
