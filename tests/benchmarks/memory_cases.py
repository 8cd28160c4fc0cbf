"""The combinations that tests.benchmarks.memory measures: architectures of real shapes, random weights, every way."""

from dataclasses import dataclass, field
from typing import Any

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama 135M": {
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
    },
    "llama 30M": {
        "model_type": "llama", "vocab_size": 16384, "hidden_size": 384, "intermediate_size": 1024,
        "num_hidden_layers": 12, "num_attention_heads": 6, "num_key_value_heads": 2, "tie_word_embeddings": True,
    },
    "llama 80M": {  # a teacher with the vocabulary of the one above
        "model_type": "llama", "vocab_size": 16384, "hidden_size": 640, "intermediate_size": 1728,
        "num_hidden_layers": 16, "num_attention_heads": 10, "num_key_value_heads": 2, "tie_word_embeddings": True,
    },
    "qwen2 494M": {
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "tie_word_embeddings": True,
    },
    "qwen3 170M": {
        "model_type": "qwen3", "vocab_size": 65536, "hidden_size": 768, "intermediate_size": 2304,
        "num_hidden_layers": 16, "num_attention_heads": 12, "num_key_value_heads": 4, "head_dim": 128,
        "tie_word_embeddings": True,
    },
    "gemma3 110M": {
        "model_type": "gemma3_text", "vocab_size": 65536, "hidden_size": 640, "intermediate_size": 2048,
        "num_hidden_layers": 12, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256,
        "sliding_window": 512,
    },
    "mistral 150M": {
        "model_type": "mistral", "vocab_size": 32768, "hidden_size": 768, "intermediate_size": 2688,
        "num_hidden_layers": 14, "num_attention_heads": 12, "num_key_value_heads": 4, "tie_word_embeddings": False,
    },
    "phi3 90M": {
        "model_type": "phi3", "vocab_size": 32064, "hidden_size": 512, "intermediate_size": 1536,
        "num_hidden_layers": 16, "num_attention_heads": 8, "num_key_value_heads": 8, "pad_token_id": 0,
    },
    "gpt2 124M": {"model_type": "gpt2"},
    "bert 110M": {"model_type": "bert"},
    "minilm 23M": {
        "model_type": "bert", "hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6,
        "num_attention_heads": 12,
    },
    "t5 60M": {"model_type": "t5"},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One run. teacher: the name of another architecture, for distillation."""

    architecture: str
    method: str
    tokens: int
    settings: dict[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    teacher: str = ""

    @property
    def label(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.architecture:<13}{self.method:<15}{self.tokens:>5} tokens  {told}"


CASES = [
    Case("llama 135M", "sft", 256, {"batch_size": 4}),
    Case("llama 135M", "sft", 512, {"batch_size": 4, "accumulation": 4}),
    Case("llama 135M", "sft", 512, {"batch_size": 2, "weights": "4bit"}),
    Case("llama 135M", "sft", 256, {"batch_size": 4, "weights": "8bit"}),
    Case("llama 135M", "sft", 512, {"batch_size": 4, "checkpointing": True}),
    Case("llama 135M", "sft", 256, {"batch_size": 2, "adapt": "full"}),
    Case("llama 135M", "sft", 512, {"batch_size": 4, "adapt": "prompt"}),
    Case("llama 135M", "sft", 256, {"batch_size": 4, "dora": True, "rank": 64}),
    Case("llama 30M", "sft", 1024, {"batch_size": 4, "adapt": "ia3"}),
    Case("llama 30M", "sft", 128, {"batch_size": 8, "adapt": "gradual", "accumulation": 2}),
    Case("qwen2 494M", "sft", 128, {"batch_size": 2}),
    Case("qwen2 494M", "sft", 256, {"batch_size": 1, "weights": "4bit"}),
    Case("qwen2 494M", "sft", 128, {"batch_size": 1, "adapt": "last_layers"}),
    Case("qwen3 170M", "sft", 256, {"batch_size": 4, "rank": 64}),
    Case("qwen3 170M", "pretraining", 512, {"batch_size": 2, "adapt": "full", "checkpointing": True}),
    Case("gemma3 110M", "sft", 512, {"batch_size": 2}),
    Case("mistral 150M", "sft", 256, {"batch_size": 4, "adapt": "prefix"}),
    Case("phi3 90M", "sft", 512, {"batch_size": 2}),
    Case("gpt2 124M", "sft", 512, {"batch_size": 2}),
    Case("bert 110M", "classification", 128, {"batch_size": 16}),
    Case("bert 110M", "classification", 256, {"batch_size": 8, "adapt": "full"}),
    Case("minilm 23M", "classification", 256, {"batch_size": 16, "adapt": "full"}),
    Case("minilm 23M", "regression", 128, {"batch_size": 32, "adapt": "last_layers"}),
    Case("t5 60M", "text_to_text", 128, {"batch_size": 4}),
    Case("t5 60M", "text_to_text", 256, {"batch_size": 2, "adapt": "full"}),
    Case("llama 135M", "dpo", 256, {"batch_size": 2}),
    Case("llama 30M", "dpo", 256, {"batch_size": 4, "adapt": "full"}),
    Case("llama 135M", "orpo", 256, {"batch_size": 2}),
    Case("llama 135M", "kto", 256, {"batch_size": 2}),
    Case("llama 30M", "reward", 512, {"batch_size": 2}),
    Case("llama 30M", "rlhf", 128, {"batch_size": 2, "answer_tokens": 32}),
    Case("llama 30M", "distillation", 256, {"batch_size": 4}, teacher="llama 80M"),
]
