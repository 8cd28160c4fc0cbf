"""Judging a run: losses and answers on rows that the model never saw."""
