"""Several examples in one row: fewer and fuller rows, and no example sees another."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from studio.errors import StudioError
from studio.methods import together
from studio.methods.settings import Misfit, unit
from studio.methods.spreading import SpreadSettings

if TYPE_CHECKING:
    from datasets import Dataset
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

PACKABLE = ("lora", "ia3", "last_layers", "gradual", "full")
LEAK = 1e-5  # share of a model's output that may change with a neighbour, or as much as its number format rounds


class PackingSettings(SpreadSettings):
    """Of every method that learns to write the next token."""

    rate_by_size: ClassVar[bool] = True

    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )
    packing: bool = Field(
        False,
        title="Several examples in one row (packing)",
        description="Fills each row up to the longest example, and still no example sees another. Much faster where "
        "examples are short. A step then learns from more of them, so there are fewer steps.",
        json_schema_extra=unit(advanced=True, when={"adapt": PACKABLE}),
    )

    @model_validator(mode="after")
    def has_room_for_a_beginning(self) -> "PackingSettings":
        """Refuse packing where something learned stands in front of every row, not of every example."""
        if self.packing and self.adapt not in PACKABLE:
            raise Misfit(
                "packing",
                "Several examples in one row cannot each have a learned beginning.",
                "Choose LoRA, or switch packing off.",
            )
        return self

    def rows_made(self, rows: int, tokens: int) -> int:
        """The same with packing: the fewest into which they fit, which best fit comes close to."""
        return min(rows, -(-tokens // self.max_length)) if self.packing else rows


def pack_rows(rows: "Dataset", length: int) -> "Dataset":
    """Rows of input_ids and labels put together into rows of at most `length` tokens, best fit first.

    Their column seq_lengths says how long each example in them is. The first token of an example has no label, because
    nothing of its own stands in front of it.
    """
    import datasets
    from trl.data_utils import pack_dataset

    from studio.datasets.examples import IGNORED

    datasets.disable_progress_bars()  # drawn for a terminal; in a log it hides the line that matters
    labels = [[IGNORED, *row[1:]] for row in rows["labels"]]
    return pack_dataset(datasets.Dataset.from_dict({"input_ids": rows["input_ids"], "labels": labels}), length)


def packed_batches(pad_token_id: int) -> "DataCollatorForLanguageModeling":
    """Makes batches of packed rows: `position_ids` begin at 0 with every example, and stay 0 where there is none."""
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    return DataCollatorForLanguageModeling(pad_token_id=pad_token_id, return_position_ids=True)


def packed_note(before: int, after: int) -> str:
    """What is said of it when a run starts."""
    return f"{before:,} examples are packed into {after:,} rows."


def check_kept_apart(model: Any) -> None:
    """Raises StudioError when this model sees across the border between two examples in one row.

    transformers keeps apart what begins again at position 0, but not with every attention, and not in layers that carry
    a memory along, such as Mamba's. So the model itself is asked: the same example behind two different ones has to
    give the same output.
    """
    import torch
    from peft import PeftModel

    language: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    rounding = torch.finfo(language.dtype).eps if language.dtype.is_floating_point else 0.0
    size, device = language.get_input_embeddings().weight.shape[0], language.device
    first, second, same = (torch.arange(start, start + 8, device=device) * 37 % size for start in (1, 100, 200))
    ids = torch.stack([torch.cat([first, same]), torch.cat([second, same])])
    places = torch.arange(8, device=device).repeat(2, 2)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        try:
            read = together.reading(
                model, lambda: language.base_model(input_ids=ids, position_ids=places, use_cache=False), ids
            )
        except TypeError:
            read = None  # it takes no positions
    model.train(was_training)
    if read is not None:
        one, other = read.last_hidden_state[:, 8:].float()
        if float((one - other).abs().mean()) <= max(LEAK, rounding) * float(one.abs().mean()):
            return
    raise StudioError(
        "This model cannot keep several examples in one row apart: each would be read as a part of the next.",
        "Switch “Several examples in one row (packing)” off.",
    )
