"""The real shapes that are trained on a graphics card with random weights, and what a token of them costs at least."""

from dataclasses import dataclass, field
from typing import Any

SHAPES: dict[str, dict[str, Any]] = {
    "0.5B": {
        "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
        "num_attention_heads": 14, "num_key_value_heads": 2, "tie_word_embeddings": True,
    },
    "1.5B": {
        "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
        "num_attention_heads": 12, "num_key_value_heads": 2, "tie_word_embeddings": True,
    },
    "8B": {
        "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8, "tie_word_embeddings": False,
    },
}  # fmt: skip
# Dense bfloat16 with float32 sums, FLOP/s, from the makers' data sheets (those with sparsity are twice as large). The
# first name that is part of the card's decides.
PEAKS = {
    "H100 PCIe": 756e12, "H100": 989e12, "H200": 989e12, "A100": 312e12, "L40S": 362e12, "RTX 4090": 165e12,
    "L4": 121e12,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One training. length: tokens that a row is packed to, 0 for short rows as they are; batch: rows of a step."""

    shape: str
    length: int
    batch: int
    weights: str = "full"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        how = "QLoRA" if self.weights == "4bit" else "LoRA bf16"
        return f"{self.shape} {how}, {f'packed {self.length:,}' if self.length else 'mixed short rows'}"


CASES = [
    Case("0.5B", 0, 32),
    Case("0.5B", 2048, 8),
    Case("0.5B", 4096, 4),
    Case("1.5B", 0, 32),
    Case("1.5B", 4096, 4),
    Case("8B", 0, 16),
    Case("8B", 2048, 4),
    Case("8B", 4096, 2),
    Case("8B", 4096, 2, "4bit"),
]


def peak_of(card: str) -> float | None:
    """FLOP/s of a card by its name; None for one that is not in the table."""
    return next((peak for name, peak in PEAKS.items() if name in card), None)


def flops_of_token(shape: dict[str, Any], length: int, rank: int) -> float:
    """What LoRA on all linear layers needs for a token at least: 4 N + 6 N_adapter + 3 times the attention forward.

    N: the weights of all matrix products with the head, without the look-up of embeddings; 2 N forward and 2 N back to
    the activations, since their own weights get no gradients. The adapter: 6 for each weight. Attention forward,
    causal: 2 · length · width a layer. What is worked out a second time (checkpointing, unpacking) is not counted.
    """
    hidden, inner, layers = shape["hidden_size"], shape["intermediate_size"], shape["num_hidden_layers"]
    heads = shape["num_attention_heads"]
    shared = hidden * shape.get("num_key_value_heads", heads) // heads
    sizes = [(hidden, hidden), (hidden, shared), (hidden, shared), (hidden, hidden)]
    sizes += [(hidden, inner), (hidden, inner), (inner, hidden)]
    weights = layers * sum(a * b for a, b in sizes) + hidden * shape["vocab_size"]
    adapter = layers * sum(rank * (a + b) for a, b in sizes)
    return 4.0 * weights + 6.0 * adapter + 3.0 * layers * 2 * length * hidden
