"""The learning rate that an empty field means: by the way of training, and for LoRA by the size of the model."""

# Learning rates that suit each: LoRA about ten times that of full fine-tuning ("LoRA Without Regret", Thinking
# Machines, 2025); the learned beginnings far more (Lester et al. 2021, arXiv:2104.08691); IA³ as in Liu et al. 2022,
# arXiv:2205.05638.
RATES = {
    "lora": 2e-4,
    "prompt": 3e-2,
    "prefix": 1e-2,
    "ia3": 5e-3,
    "last_layers": 1e-3,
    "gradual": 5e-5,
    "full": 2e-5,
}
# Ten times a full rate of 5e-5 at a hidden size of 2,000, and from there a power of the hidden size, with the exponents
# of Thinking Machines' tinker-cookbook (2025): 0.781 for Llama and 0.0775 for Qwen.
MIDDLE, RATE = 2000, 5e-4
STEEP = 0.781
LOWEST, HIGHEST = 1e-4, 5e-4


def lora_rate(hidden: int) -> float:
    """The rate that suits LoRA on a decoder of this hidden size; 0: not known, and a cautious one.

    The lower of the two fits throughout: Llama's above the middle. Below it both go on rising, Qwen's hardly, and
    nobody here has measured that with steps of four examples, so it stays what it is in the middle.
    """
    if hidden <= 0:
        return RATES["lora"]
    return min(max(RATE * (MIDDLE / hidden) ** STEEP, LOWEST), HIGHEST)


def suiting(adapt: str, factor: float = 1.0, hidden: int = 0) -> float:
    """The rate for this way of training, to three digits. factor: what the method makes of it.

    hidden: of a model whose rate goes by its size, 0 where it is not known or does not.
    """
    rate = lora_rate(hidden) if adapt == "lora" else RATES.get(adapt, RATES["lora"])
    return float(f"{rate * factor:.3g}")
