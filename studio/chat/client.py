"""The page's end of the chat process."""

from collections.abc import Iterator
from dataclasses import dataclass

from studio.child import Child
from studio.datasets.examples import messages_of
from studio.errors import StudioError
from studio.models.hardware import look
from studio.training.queue import active_run
from studio.training.run import load_run
from studio.workspace import Workspace

MOST_TOKENS = 1024


@dataclass(frozen=True)
class Answers:
    """Both texts so far. `seconds` since the model began to write; phase: Loading the model, Writing, Done, Stopped."""

    base: str
    tuned: str
    base_tokens: int
    tuned_tokens: int
    base_done: bool
    tuned_done: bool
    seconds: float
    phase: str


class Chat:
    """Asks base and tuned the same question. One question at a time; the process starts at the first."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.child = Child("studio.chat.helper", str(workspace.home), log=workspace.logs / "chat.log")

    def ask(self, run_id: str, question: str, max_tokens: int = 160) -> Iterator[Answers]:
        """Stream both answers, written in one batch; always the likeliest word.

        Raises StudioError when the run has no adapter, the question is empty, or a run needs the device.
        """
        run = load_run(self.workspace, run_id)
        if not question.strip():
            raise StudioError("There is no question yet.", "Type one, or pick one of the test questions.")
        if not run.adapter.is_dir():
            raise StudioError(f"“{run.name}” has kept nothing to ask.", "Choose a run that finished.")
        if look().device != "cpu" and active_run(self.workspace):
            raise StudioError("A training is using the graphics card.", "Ask again when it has ended, or stop it.")
        mapping = run.recipe().data.mapping
        messages = messages_of(mapping.system if mapping else "", question.strip())
        request = {
            "run": run.id,
            "messages": messages,
            "max_tokens": max(1, min(int(max_tokens), MOST_TOKENS)),
        }
        for reply in self.child.ask(request):
            if "texts" in reply:
                (base, tuned), (base_tokens, tuned_tokens) = reply["texts"], reply["tokens"]
                base_done, tuned_done = reply["done"]
                yield Answers(
                    base, tuned, base_tokens, tuned_tokens, base_done, tuned_done, reply["seconds"], reply["phase"]
                )

    def stop(self) -> None:
        """End the answer that is being written; what there is of it stays."""
        self.child.send({"stop": True})

    def close(self) -> None:
        """Give the memory back."""
        self.child.close()
