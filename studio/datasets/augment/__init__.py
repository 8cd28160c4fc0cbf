"""More rows to learn from, made out of those that are there: marked as such, and never checked or tested with."""

from studio.datasets.augment.making import augment
from studio.datasets.augment.step import Augmentation

__all__ = ["Augmentation", "augment"]
