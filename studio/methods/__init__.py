"""Training methods: one file each, found in `METHODS` by name. A new method is a file here and a line below."""

from studio.methods import sft  # noqa: F401  # importing a method registers it
from studio.methods.registry import METHODS, Job, Method, Metric, find_method

__all__ = ["METHODS", "Job", "Method", "Metric", "find_method"]
