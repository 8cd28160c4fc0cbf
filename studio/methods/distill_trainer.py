"""TRL's DistillationTrainer on rows that we tokenise ourselves, with answers of the file, of the student, or of both.

TRL 1.16 lets the student write every answer itself. Taking a share of them from the file is what Agarwal et al. 2024
(arXiv:2306.13649, algorithm 1) call the student data fraction; with a share of 0 this is distillation on given answers.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from datasets import Dataset
from torch.utils.data import Sampler
from trl.trainer.distillation_trainer import DistillationTrainer

from studio.datasets.examples import IGNORED
from studio.methods.fast_path.scores import RESCALED
from studio.methods.row_order import wind_forward
from studio.methods.watched import Figures, Watched

if TYPE_CHECKING:
    Row = dict[str, Any]  # input_ids and labels, lists of int
    Batch = dict[str, torch.Tensor]
    # What is read first, the rest, 1 for each token of the rest that is learned, and whether the rest is the file's.
    Part = tuple[list[int], list[int], list[int], bool]


class DistillTrainer(Watched, DistillationTrainer):
    """Learns to give the next token the probabilities that a teacher gives it.

    Rows have input_ids and labels. on_policy: the share of them whose answer the student writes anew. What is logged
    as `loss` is the student's cross-entropy on the answers of the file, as in supervised fine-tuning, so that the two
    can be compared; what is minimised is logged as `divergence` (nats per token).
    """

    on_policy = 0.0

    def __init__(self, *rest: Any, **more: Any) -> None:
        super().__init__(*rest, **more)
        self.student_hidden: torch.Tensor = torch.empty(0)
        self.answered = [0.0, 0]  # summed cross-entropy and number of the file's tokens since the last log

    def _get_train_sampler(self, dataset: Any = None) -> "WholeBatches":
        bites = self.args.gradient_accumulation_steps
        size = self.args.per_device_train_batch_size * bites
        order = WholeBatches(len(dataset or self.train_dataset), size, bites, self.args.seed)
        return wind_forward(order, self.passes_done)

    def _generate_and_score_completions(self, inputs: "list[Row]") -> dict[str, Any]:
        """A batch with answers, some of them written now. Tensors of (rows, tokens), as TRL's own names them."""
        # From the step, not from what was drawn before: a run that goes on draws as one that was never cut off.
        draw = torch.Generator().manual_seed(self.args.seed + self.state.global_step)
        own = (torch.rand(len(inputs), generator=draw) < self.on_policy).tolist()
        asked = [row for row, anew in zip(inputs, own, strict=True) if anew]
        if asked:
            # Where it writes, what it says to the file's answers has to be looked at apart.
            given = self.batch([self.given(row) for row in asked])
            with torch.no_grad():
                self.student_states(given)
                self.note_answers(given)
        prompts = [row["input_ids"][: last_turn(row["labels"])] for row in asked]
        written = iter(self._generate_single_turn(prompts, None, {}) if asked else [])
        started = iter(prompts)
        parts = [
            (next(started), answer := next(written), [1] * len(answer), False) if anew else self.given(row)
            for row, anew in zip(inputs, own, strict=True)
        ]
        return self.batch(parts)

    @staticmethod
    def given(row: "Row") -> "Part":
        """A row with the answer that the file gives."""
        learned = [int(label != IGNORED) for label in row["labels"]]
        start = max(1, learned.index(1))
        return row["input_ids"][:start], row["input_ids"][start:], learned[start:], True

    def batch(self, parts: "list[Part]") -> dict[str, Any]:
        """The parts padded, prompts on the left and answers on the right. tool_mask: TRL's word for what is learned."""
        pad, device = self.processing_class.pad_token_id, self.accelerator.device
        prompts, answers, learned, from_file = zip(*parts, strict=True)
        tensors = {
            "prompt_ids": padded(prompts, pad, left=True),
            "prompt_mask": padded([[1] * len(prompt) for prompt in prompts], 0, left=True),
            "completion_ids": padded(answers, pad),
            "completion_mask": padded([[1] * len(answer) for answer in answers], 0),
            "tool_mask": padded(learned, 0),
            "from_file": torch.tensor(from_file),
        }
        tensors = {name: tensor.to(device) for name, tensor in tensors.items()}
        return {**tensors, "num_items_in_batch": tensors["tool_mask"].sum()}

    def compute_loss(self, model: Any, inputs: Any, *rest: Any, **more: Any) -> torch.Tensor:
        loss: torch.Tensor = super().compute_loss(model, inputs, *rest, **more)
        if self.model.training:
            self.tokens += int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
            self.trained += int(inputs["tool_mask"].sum())
        with torch.no_grad():
            self.note_answers(inputs)
        return loss

    def _get_last_hidden_state(self, unwrapped_model: Any, *rest: Any, **more: Any) -> torch.Tensor:
        hidden: torch.Tensor = super()._get_last_hidden_state(unwrapped_model, *rest, **more)
        if unwrapped_model is not self.accelerator.unwrap_model(self.teacher_model):
            self.student_hidden = hidden.detach()
        return hidden

    def student_states(self, inputs: "Batch") -> None:
        """Let the student alone read a batch."""
        student = self.accelerator.unwrap_model(self.model)
        ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
        mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
        self._get_last_hidden_state(student, ids, mask, inputs["completion_ids"].size(1))

    def note_answers(self, inputs: "Batch") -> None:
        """Add the cross-entropy of the file's tokens in a batch that the student has just read."""
        student: Any = self.accelerator.unwrap_model(self.model)
        counted = (inputs["tool_mask"] * inputs["from_file"][:, None]).bool()
        if any(getattr(student.config.get_text_config(), name, None) for name in RESCALED):
            ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
            mask = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
            scores = student(input_ids=ids, attention_mask=mask, use_cache=False).logits
            logits = scores[:, -counted.size(1) - 1 : -1][counted]
        else:
            logits = student.get_output_embeddings()(self.student_hidden[counted])
        losses = functional.cross_entropy(logits.float(), inputs["completion_ids"][counted], reduction="none")
        self.answered = [self.answered[0] + float(losses.sum()), self.answered[1] + len(losses)]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            total, count = self.answered
            logs |= {"divergence": logs["loss"], "loss": total / count if count else logs["loss"]}
            self.answered = [0.0, 0]
        super().log(logs, start_time)

    @torch.no_grad()
    def judge(self, rows: Dataset) -> Figures:
        """On the file's answers: cross-entropy (nats per trained token), perplexity, divergence from the teacher."""
        was_training, before = self.model.training, self.answered
        self.model.eval()
        self.answered, distance = [0.0, 0], 0.0
        # Rows of like length together: hardly any padding.
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]["input_ids"]))
        size = self.args.per_device_eval_batch_size
        for start in range(0, len(order), size):
            inputs = self.batch([self.given(rows[index]) for index in order[start : start + size]])
            mean = self.compute_loss(self.model, inputs)
            distance += float(mean) * int(inputs["num_items_in_batch"])
        (total, count), self.answered = self.answered, before
        self._metrics["eval"].clear()
        self.model.train(was_training)
        loss = total / count if count else float("nan")
        far = distance / count if count else float("nan")
        return {"loss": loss, "perplexity": math.exp(min(loss, 100.0)), "divergence": far}

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The check rows' figures, as the Trainer's own evaluate reports them (which would let the student write)."""
        figures = self.judge(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class WholeBatches(Sampler[int]):
    """All rows in a new order each time, every batch `repeat` times; the last is filled up with the first rows.

    TRL's own leaves the rows of the last batch out, and all of a file smaller than one batch. It is repeated because
    TRL takes the bites of a step out of one batch, which it keeps.
    """

    def __init__(self, rows: int, size: int, repeat: int, seed: int) -> None:
        self.rows, self.size, self.repeat = rows, size, repeat
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[int]:
        order = torch.randperm(self.rows, generator=self.generator).tolist()
        order += (order * self.size)[: -self.rows % self.size]
        for start in range(0, len(order), self.size):
            for _ in range(self.repeat):
                yield from order[start : start + self.size]

    def __len__(self) -> int:
        return math.ceil(self.rows / self.size) * self.size * self.repeat


def last_turn(labels: list[int]) -> int:
    """Where the last answer begins."""
    end = max(place for place, label in enumerate(labels) if label != IGNORED)
    start = next((place for place in range(end, -1, -1) if labels[place] == IGNORED), -1) + 1
    return max(1, start)


def padded(rows: Sequence[list[int]], value: int, left: bool = False) -> torch.Tensor:
    """A tensor (rows, longest row), filled up with a value on the right or on the left."""
    tensors = [torch.tensor(row, dtype=torch.long) for row in rows]
    side = "left" if left else "right"
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value, padding_side=side)
