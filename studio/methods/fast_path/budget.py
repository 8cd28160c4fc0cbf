"""How many tokens are read at once. It follows from settings and rows alone: a run that is repeated reads the same."""

# Tokens, padding included. A processor is no faster with more at once and holds more; a card needs many to be busy.
MOST = {"cpu": 1024, "cuda": 16384}
# What it costs to begin one more reading, in tokens that could be read in that time: weights are fetched once more, and
# on a card every kernel is started once more.
START = {"cpu": 32, "cuda": 4096}


def token_budget(device: str, rows: int, longest: int) -> int:
    """A power of two, and never more than the plain way may hold at once.

    rows: of a bite, as the settings say; longest: tokens of the longest row.
    """
    most = min(MOST[device], rows * longest)
    return 1 << max(0, most.bit_length() - 1)


def rows_at_once(budget: int, rows: int, longest: int) -> int:
    """How many of `rows` rows that are all as long as the longest are read at once."""
    return max(1, min(rows, budget // longest))
