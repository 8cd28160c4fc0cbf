"""Which settings to try next: the ranges, the ways of choosing, and who is left behind. It knows nothing of runs."""
