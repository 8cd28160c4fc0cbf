"""How fast and how well personal data is found: python -m tests.benchmarks.personal

Rows of about 100 tokens in one process on one core, one row in ten with something planted; then recall and precision
of every kind on 500 planted cases among 500 hard negatives.
"""

import random
import time

from studio.datasets.personal.scan import scan
from tests.datasets.health.personal_cases import hard_negatives, judge, mistakes, planted_cases

ROWS, WORDS, SEED = 10_000, 75, 20260  # 75 English words are about 100 tokens
VOCABULARY = """
the a of to and in is it you that for on with as this was at by we can your order please when where parcel shop return
money within days after before Tuesday: shoes, size 42 (blue), 19.90 euros; version 2.1 received, thanks.
"""


def main() -> None:
    rows = make_rows()
    scan(rows[0] + planted_cases(1)[0].text)  # imports are not counted
    for count in (ROWS // 10, ROWS):
        began = time.perf_counter()
        found = sum(bool(scan(row)) for row in rows[:count])
        seconds = time.perf_counter() - began
        print(f"{count:>7,} rows  {seconds:6.2f} s  {count / seconds * 60:>12,.0f} rows/minute  {found:,} with a find")
    cases = planted_cases(500, SEED) + hard_negatives(500, SEED)
    for kind, (recall, precision, planted) in judge(cases).items():
        print(f"{kind:8} recall {recall:.3f}  precision {precision:.3f}  ({planted} planted)")
    for line in mistakes(cases):
        print(" ", line)


def make_rows() -> list[str]:
    """Half words at random, every tenth row with personal data, every third with a number that is none."""
    dice = random.Random(SEED)
    planted, negatives = planted_cases(ROWS // 10 + 1, SEED), hard_negatives(ROWS // 3 + 1, SEED)
    rows = []
    for number in range(ROWS):
        words = dice.choices(VOCABULARY.split(), k=WORDS)
        if number % 10 == 0:
            words.insert(WORDS // 2, planted[number // 10].text)
        if number % 3 == 0:
            words.append(negatives[number // 3].text)
        rows.append(" ".join(words))
    return rows


if __name__ == "__main__":
    main()
