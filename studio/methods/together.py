"""What the processes of one run do together when it is spread over several devices. Alone, all of this is nothing.

They all do the same in the same order, and only the first writes. Whatever depends on a clock, a file or a person is
decided by the first and told to the others (`agreed`), or they would part and wait for each other for ever.
"""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def count() -> int:
    """How many processes this run has."""
    from torch import distributed

    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Which of them this one is, from 0."""
    from torch import distributed

    return distributed.get_rank() if count() > 1 else 0


def is_first() -> bool:
    """Whether this process is the run's one writer."""
    return rank() == 0


def agreed(value: T) -> T:
    """The first one's value, in all of them. None goes on before all have come here."""
    if count() == 1:
        return value
    from torch import distributed

    told = [value]
    distributed.broadcast_object_list(told, src=0)
    return told[0]


def meet() -> None:
    """Go on only when all have come here, so that what one has written is there for the others."""
    agreed(None)


def summed(values: list[float], device: Any) -> list[float]:
    """Each of these figures, summed over all processes; device: where the processes exchange tensors."""
    if count() == 1:
        return values
    import torch
    from torch import distributed

    told = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(told)
    return [float(value) for value in told]


def root_of_pieces(model: Any) -> Any:
    """The part of a model that lies in pieces on several devices (FSDP); None where every process has all of it."""
    if count() == 1:
        return None
    from torch.distributed.fsdp import FSDPModule

    return next((module for module in model.modules() if isinstance(module, FSDPModule)), None)


def put_away(model: Any) -> None:
    """Let every process hold nothing but its pieces again.

    After a reading that nothing was learned from, torch leaves some of the weights lying whole, and whoever asked for
    the model's parameters then would get those in the place of the pieces.
    """
    if root_of_pieces(model) is None:
        return
    from torch.distributed.fsdp import FSDPModule

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def reading(model: Any, work: Callable[[], T], given: Any) -> T:
    """Do `work`, which reads with parts of the model, inside a reading of the whole.

    DDP exchanges the gradients, and FSDP brings the pieces of the weights, only for what happens inside the forward of
    the whole; so for one call that forward is `work`. given: any tensor, for DDP looks at what a forward is given.
    """
    from torch.nn.parallel import DistributedDataParallel

    outer = model if isinstance(model, DistributedDataParallel) else root_of_pieces(model)
    if outer is None:
        return work()
    inner = outer.module if isinstance(outer, DistributedDataParallel) else outer
    kept = vars(inner).get("forward")

    def restore() -> None:
        if kept is None:
            vars(inner).pop("forward", None)
        else:
            inner.forward = kept

    def forward(*args: Any, **named: Any) -> T:
        restore()
        return work()

    inner.forward = forward
    try:
        result: T = outer(given=given)
        return result
    finally:
        restore()
