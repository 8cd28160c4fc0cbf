"""A step that several processes share: each reads its part of the rows, and learns from the loss of all of them."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch

from studio.methods import together

Batch = dict[str, Any]
REAL, OF = "real_rows", "rows_of_all"  # in a batch: which of its rows count; and how many rows all processes have


class SharedStep:
    """Mixed in before a Trainer, through Watched. In one process all of it is the Trainer's own.

    A pass over the rows rarely ends with a whole bite for everybody. accelerate then fills the last bites up with rows
    from the beginning of the pass, which must not be learned from twice: they are marked, and count for nothing.
    """

    args: Any
    state: Any
    train_dataset: Any
    passes_done: int
    tokens: int
    trained: int

    def get_train_dataloader(self) -> Any:
        loader = super().get_train_dataloader()  # type: ignore[misc]
        if together.count() > 1:
            # accelerate 1.15 does not reach the sampler behind a share of the batches once some of them are skipped,
            # and a run that goes on in the middle of a pass would go on in the order of the first pass.
            loader.batch_sampler.batch_sampler.sampler.set_epoch(self.passes_done)
        return loader

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The Trainer's: the bites of one step, and how many labels they have in all processes."""
        bites = self.marked(epoch_iterator) if together.count() > 1 else epoch_iterator
        return super().get_batch_samples(bites, num_batches, device)  # type: ignore[misc]

    def marked(self, bites: Iterable[Batch]) -> Iterator[Batch]:
        """These bites of the step that is about to be taken, with which of their rows count."""
        rows, size = len(self.train_dataset), self.args.per_device_train_batch_size
        whole, accumulation = size * together.count(), self.args.gradient_accumulation_steps
        steps = -(-rows // (whole * accumulation))  # in a pass
        for number, bite in enumerate(bites, self.state.global_step % steps * accumulation):
            begin = number * whole
            places = begin + together.rank() * size + torch.arange(size)
            real = (places < rows).to(self.args.device)
            labels = {"labels": bite["labels"].masked_fill(~real[:, None], -100)} if "labels" in bite else {}
            yield {**bite, **labels, REAL: real, OF: min(rows - begin, whole)}

    def count_together(self, inputs: Any, count: Any) -> None:
        """Let `count` count the tokens of a batch, and add what the others have counted."""
        if together.count() == 1:
            count(inputs)
            return
        tokens, trained = self.tokens, self.trained
        count(real_part(inputs))
        read, learned = together.summed([self.tokens - tokens, self.trained - trained], self.args.device)
        self.tokens, self.trained = tokens + int(read), trained + int(learned)


def real_part(batch: Batch) -> Batch:
    """The tensors of a batch without the rows that count for nothing. In pairs each row has several lines."""
    real = batch[REAL]
    found = {}
    for name, value in batch.items():
        if torch.is_tensor(value) and name != REAL and value.dim() and len(value) % len(real) == 0:
            found[name] = value[real.repeat(len(value) // len(real))]
    return found
