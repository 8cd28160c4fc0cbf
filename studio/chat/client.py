"""The page's end of the chat process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.chat.questions import asked_of_base, asked_of_tuned, texts_to_judge
from studio.chat.ways import PREDICTS, way_of
from studio.child import Child
from studio.datasets.rows import Messages
from studio.errors import StudioError
from studio.models.hardware import look
from studio.training.queue import active_run
from studio.training.run import load_run
from studio.workspace import Workspace

MOST_TOKENS = 1024


@dataclass(frozen=True)
class Answers:
    """Both texts so far. `seconds` since the model began to write; phase: Loading the model, Writing, Done, Stopped.

    way: how they are asked, see studio.chat.ways. memory_mb: MB that the loaded weights take. predictions: what a run
    that predicts makes of each text (see studio.chat.predicting), None before it has.
    """

    base: str
    tuned: str
    base_tokens: int
    tuned_tokens: int
    base_done: bool
    tuned_done: bool
    seconds: float
    phase: str
    way: str = ""
    memory_mb: float = 0.0
    predictions: list[dict[str, Any]] | None = None


class Chat:
    """Asks base and tuned the same question. One question at a time; the process starts at the first.

    asked: how many questions there have been.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.asked = 0
        self.child = Child("studio.chat.helper", str(workspace.home), log=workspace.logs / "chat.log")

    def ask(
        self,
        run_id: str,
        question: str,
        max_tokens: int = 160,
        examples: Sequence[Messages] = (),
        to_score: Sequence[str] = (),
        picture: str = "",
    ) -> Iterator[Answers]:
        """Stream both answers; always the likeliest word.

        examples: conversations that the base alone gets in its prompt, as earlier turns. to_score: for a run that gives
        marks to answers (a reward model), those answers; other runs that predict read the question alone. picture: the
        file of one that the question is about.
        Raises StudioError when the run has kept nothing, the question is empty, or a run needs the device.
        """
        run = load_run(self.workspace, run_id)
        if not question.strip():
            raise StudioError("There is no question yet.", "Type one, or pick one of the test questions.")
        if run.kept is None:
            raise StudioError(f"“{run.name}” has kept nothing to ask.", "Choose a run that finished.")
        if look().device != "cpu" and active_run(self.workspace):
            raise StudioError("A training is using the graphics card.", "Ask again when it has ended, or stop it.")
        recipe = run.recipe()
        way = way_of(run.kept, len(examples))
        request: dict[str, Any] = {"run": run.id}
        if way == PREDICTS:
            request["predict"] = texts_to_judge(recipe, run.kept, question.strip(), to_score)
            request["max_length"] = recipe.checked_settings().max_length
        else:
            request["tuned"] = asked_of_tuned(recipe, question.strip(), picture)
            request["base"] = asked_of_base(recipe, question.strip(), examples, picture)
            request["max_tokens"] = max(1, min(int(max_tokens), MOST_TOKENS))
        self.asked += 1
        for reply in self.child.ask(request):
            if "texts" in reply:
                (base, tuned), (base_tokens, tuned_tokens) = reply["texts"], reply["tokens"]
                base_done, tuned_done = reply["done"]
                yield Answers(
                    base,
                    tuned,
                    base_tokens,
                    tuned_tokens,
                    base_done,
                    tuned_done,
                    reply["seconds"],
                    reply["phase"],
                    way,
                    reply.get("memory_mb", 0.0),
                    reply.get("predictions"),
                )

    def prepare(self, run_id: str) -> bool:
        """Load a run's models for a question to come; returns when they are. False where that could not be.

        A question may be asked meanwhile, and waits for them as it would have done anyway.
        """
        try:
            for _ in self.child.ask({"run": run_id, "prepare": True}):
                pass
        except StudioError:
            return False  # nobody has asked for it; who asks a question is told
        return True

    def close_unless_asked(self, asked: int) -> None:
        """Give the memory back if there has been no question since there were `asked`."""
        if self.child.turn.acquire(blocking=False):  # else one is being answered
            try:
                if self.asked == asked:
                    self.child.close()
            finally:
                self.child.turn.release()

    def stop(self) -> None:
        """End the answer that is being written; what there is of it stays."""
        self.child.send({"stop": True})

    def close(self) -> None:
        """Give the memory back."""
        self.child.close()
