"""Training methods: one file each, found in `METHODS` by name. A new method is a file here and a line below."""

from studio.methods.registry import METHODS, Job, Method, Metric, find_method

# isort: off
# Importing a method registers it; the order here is the order on the page.
from studio.methods import sft, pretraining, text_to_text  # noqa: F401
from studio.methods import classification, multi_label, regression  # noqa: F401
from studio.methods import dpo, kto, orpo, reward, rlhf  # noqa: F401
from studio.methods import distillation, vision  # noqa: F401

__all__ = ["METHODS", "Job", "Method", "Metric", "find_method"]
