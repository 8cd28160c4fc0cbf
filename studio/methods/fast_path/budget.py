"""How many tokens are read at once. It follows from settings and rows alone: a run that is repeated reads the same."""

# Tokens, padding included. A processor is hardly faster with more at once (4 % with 1,024), and holds twice as much; a
# card needs many to be busy.
MOST = {"cpu": 512, "cuda": 16384}
# What it costs to begin one more reading, in tokens that could be read in that time: weights are fetched once more, and
# on a card every kernel is started once more.
START = {"cpu": 32, "cuda": 4096}


def token_budget(device: str, rows: int, longest: int) -> int:
    """Never more than the plain way may hold at once, and at least one row.

    rows: of a bite, as the settings say; longest: tokens of the longest row.
    """
    return max(1, min(MOST[device], rows * longest))


def rows_at_once(budget: int, rows: int, longest: int) -> int:
    """How many of `rows` rows that are all as long as the longest are read at once."""
    return max(1, min(rows, budget // longest))
