"""The models that the chat process holds: base and tuned of one run, as little of both as will do."""

import json
import math
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil

from studio.chat.prefix_cache import PrefixCache
from studio.chat.ways import PREDICTS, TWO, way_of
from studio.errors import StudioError
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.hardware import GIB, look, training_dtype
from studio.models.loading import load_model, load_processor, load_result, load_tokenizer, result_facts
from studio.training.run import Run
from studio.workspace import Workspace

BYTES = {"float32": 4.0, "bfloat16": 2.0}  # of a weight
PACKED = {"8bit": 1.1, "4bit": 0.7}  # on average, with the embeddings, which are not packed


class Holder:
    """`base` and `tuned` of the run `run`: one and the same model with an adapter on it, or two models.

    For a run that predicts there is no base. `facts` are those of its result.json.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.device = look().device
        self.dtype = training_dtype(self.device)
        self.let_go()

    def let_go(self) -> None:
        """Forget every model, so that their memory can be used for others."""
        self.run = ""
        self.loaded: Any = None  # which base stands in memory, and how it was loaded
        self.base: Any = None
        self.tuned: Any = None
        self.tokenizer: Any = None
        self.facts: dict[str, Any] = {}
        self.read: dict[str, PrefixCache] = defaultdict(PrefixCache)  # of the last question: to both, base or tuned
        self.memory_mb = 0.0  # MB that the weights take which are held now

    def hold(self, run: Run, share: float = 1.0) -> None:
        """Load what is missing for this run. The base model stays when only the adapter changes.

        share: how much of the free memory may be used for it.
        Raises StudioError when the memory would not do, or something cannot be loaded.
        """
        if self.run == run.id:
            return
        kept = run.kept
        assert kept is not None
        facts = result_facts(kept)
        folder = ensure_model(self.workspace, find_model(self.workspace, run.recipe().model.name), print)
        base = None if way_of(kept) == PREDICTS else (folder, facts["task"], facts["weights"])
        plain = self.plain_base() if base is not None and base == self.loaded else None
        self.let_go()
        self.check_memory(folder, kept, facts, base_is_there=plain is not None, share=share)
        if base is None:
            self.tuned = load_result(kept, folder, self.device, self.dtype)
        else:
            self.base = plain or load_model(folder, self.device, self.dtype, facts["task"], facts["weights"])
            if way_of(kept) == TWO:
                self.tuned = load_result(kept, folder, self.device, self.dtype)
            else:
                from peft import PeftModel

                self.tuned = PeftModel.from_pretrained(self.base, kept, adapter_name=run.id).eval()
        self.base = self.base.eval() if base is not None else None
        # A whole model has brought its own; an adapter reads and writes with that of its base.
        load = load_processor if facts["task"] == "vision" else load_tokenizer
        self.tokenizer = load(folder if is_adapter(kept) else kept)
        held = [self.tuned] if is_same(self.base, self.tuned) else [self.base, self.tuned]
        self.memory_mb = sum(float(model.get_memory_footprint()) for model in held if model is not None) / 1e6
        self.facts, self.loaded, self.run = facts, base, run.id

    def plain_base(self) -> Any:
        """The base without what is on it."""
        from peft import PeftModel

        if not isinstance(self.tuned, PeftModel):
            return self.base
        learned = self.tuned.active_peft_config.is_prompt_learning
        return self.tuned.get_base_model() if learned else self.tuned.unload()

    def check_memory(self, folder: Path, kept: Path, facts: dict[str, Any], base_is_there: bool, share: float) -> None:
        """Raises StudioError when the weights that are still to be loaded are more than this share of what is free."""
        sizes = [] if is_adapter(kept) else [weights_gb(kept, BYTES[self.dtype])]
        if not base_is_there and (is_adapter(kept) or way_of(kept) == TWO):
            sizes.append(weights_gb(folder, PACKED.get(facts["weights"], BYTES[self.dtype])))
        graphics = look().gpu
        free = graphics.free_gb if graphics else psutil.virtual_memory().available / GIB
        if sum(sizes) > share * free:
            what = "The two models take" if len(sizes) > 1 else "The model takes"
            raise StudioError(
                f"{what} about {sum(sizes):,.1f} GB of memory, and {free:.1f} GB are free.",
                "Close other programs, and ask again.",
            )


def is_adapter(kept: Path) -> bool:
    return (kept / "adapter_config.json").exists()


def is_same(base: Any, tuned: Any) -> bool:
    """Whether the tuned model is the base with an adapter on it."""
    from peft import PeftModel

    return isinstance(tuned, PeftModel) and tuned.get_base_model() is base


def weights_gb(folder: Path, size: float) -> float:
    """GiB that the weights of a model folder take at `size` bytes each, from the headers of their files."""
    numbers = 0
    for file in folder.glob("*.safetensors"):
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            header = json.loads(opened.read(length))
        numbers += sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    return numbers * size / GIB
