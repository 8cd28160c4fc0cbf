"""Asking base and tuned model the same question, in one batch, in a process of its own."""
