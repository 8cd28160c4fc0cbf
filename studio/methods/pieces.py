"""A model that lies in pieces on several devices (FSDP), saved and brought back whole.

transformers 5.23 divides a model as it is loaded, and its Trainer saves of that no more than the weights. What a run
needs to go on is written here, in the same files and with the same content as by one process. An adapter is small:
every process has all of it, and only the model below lies in pieces.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from studio.methods import together


class Pieces:
    """Mixed in before a Trainer, through Watched. Of a model that is not in pieces all of it is the Trainer's own."""

    model: Any
    optimizer: Any
    lr_scheduler: Any
    state: Any
    args: Any

    def trained_in_pieces(self) -> bool:
        """Whether the trained weights themselves lie in pieces, and not only what is below an adapter."""
        return together.root_of_pieces(self.model) is not None and not hasattr(self.model, "peft_config")

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        super().save_model(output_dir, _internal_call)  # type: ignore[misc]
        if _internal_call and together.root_of_pieces(self.model) is not None:
            self._save_optimizer_and_scheduler(output_dir)
            self._save_rng_state(output_dir)  # type: ignore[attr-defined]

    def _save_optimizer_and_scheduler(self, output_dir: Any) -> None:
        if not self.trained_in_pieces():
            super()._save_optimizer_and_scheduler(output_dir)  # type: ignore[misc]
            return
        from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

        state = get_optimizer_state_dict(self.model, self.plain_optimizer(), options=whole(cpu_offload=True))
        if together.is_first():
            torch.save(state, Path(output_dir) / "optimizer.pt")
            torch.save(self.lr_scheduler.state_dict(), Path(output_dir) / "scheduler.pt")

    def _load_optimizer_and_scheduler(self, checkpoint: Any) -> None:
        if checkpoint is None or not self.trained_in_pieces():
            super()._load_optimizer_and_scheduler(checkpoint)  # type: ignore[misc]
            return
        from torch.distributed.checkpoint.state_dict import set_optimizer_state_dict

        state = torch.load(Path(checkpoint) / "optimizer.pt", map_location="cpu", weights_only=True)
        set_optimizer_state_dict(self.model, self.plain_optimizer(), state, options=whole())
        self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint) / "scheduler.pt", weights_only=True))

    def _load_from_checkpoint(self, resume_from_checkpoint: Any, model: Any = None) -> None:
        if self.trained_in_pieces():
            self.take_weights(Path(resume_from_checkpoint))
        else:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]

    def _load_best_model(self) -> None:
        if self.trained_in_pieces():
            self.take_weights(Path(self.state.best_model_checkpoint))
        else:
            super()._load_best_model()  # type: ignore[misc]

    def take_weights(self, folder: Path) -> None:
        """Give every process its piece of the weights of a saved point."""
        from safetensors.torch import load_file
        from torch.distributed.checkpoint.state_dict import set_model_state_dict

        weights: dict[str, Any] = {}
        for file in sorted(folder.glob("model*.safetensors")):
            weights |= load_file(file)
        set_model_state_dict(self.model, weights, options=whole(strict=False))  # a tied head may be left out

    def plain_optimizer(self) -> Any:
        """The optimiser without what accelerate has put around it."""
        return getattr(self.optimizer, "optimizer", self.optimizer)


def whole(**more: Any) -> Any:
    """That a state dictionary has whole tensors, and not the pieces of this process."""
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(full_state_dict=True, **more)


def put_together(model: Any, as_loaded: Callable[[], Any]) -> Any:
    """A whole model with the weights of one in pieces, None in all processes but the first. All of them take part.

    as_loaded: gives a model of the same shape that is whole.
    """
    from torch.distributed.checkpoint.state_dict import get_model_state_dict

    weights = get_model_state_dict(model, options=whole(cpu_offload=True))
    if not together.is_first():
        return None
    plain = as_loaded()
    plain.load_state_dict(weights, strict=False)  # a tied head may be left out
    plain.config.use_cache = model.config.use_cache
    return plain


def without_pieces(model: Any) -> dict[str, torch.Tensor]:
    """Of a model with an adapter what every process has whole, so that it can be saved without the others."""
    from torch.distributed.tensor import DTensor

    return {name: value for name, value in model.state_dict().items() if not isinstance(value, DTensor)}
