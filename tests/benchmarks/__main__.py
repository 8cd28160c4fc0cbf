"""All comparisons by one command: python -m tests.benchmarks [B1 B2 … G3] [--pairs N] [--home FOLDER] [--steps N]

Prints one table. Without names all are run, and what cannot be measured here says why. FOLDER is a studio's home that
is kept: with the starter model in it (python -m studio.models.starter --home FOLDER) that is measured too.
TUNESMITH_FACTORY names a folder with a virtual environment `venv` in which LLaMA-Factory is installed, for B3 and B6.
"""

import argparse
import importlib
import tempfile
import traceback
from pathlib import Path

from tests.benchmarks.options import Options
from tests.benchmarks.pairs import HEAD, Row

# What is measured together is in one file: `measure(options)` there gives the rows of those that are wanted.
FILES = {
    "against_trl": ("B1", "B2", "B4"),
    "against_factory": ("B3",),
    "first_loss": ("B5",),
    "starting": ("B6",),
    "clicking": ("B7",),
    "answering": ("B8", "B9"),
    "scaling": ("B10",),
    "gpu": ("G1", "G3"),
    "gpu_estimate": ("G2",),
}
IDS = sorted((id for ids in FILES.values() for id in ids), key=lambda id: (id[0], int(id[1:])))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"of {' '.join(IDS)}; all of them when left out")
    parser.add_argument("--pairs", type=int, default=3, help="of each comparison")
    parser.add_argument("--steps", type=int, default=0, help="at most so many of each training; a whole pass without")
    parser.add_argument("--model", default="", help="the only one that B1, B2 and B4 train, such as 50M")
    parser.add_argument("--home", type=Path, help="a studio's home, kept, and made when it is not there")
    asked = parser.parse_args()
    wanted = frozenset(one.upper() for one in asked.ids) or frozenset(IDS)
    if unknown := wanted - set(IDS):
        parser.error(f"there is no {' '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        home = (asked.home or Path(folder)).resolve()
        rows = all_rows(Options(home, asked.pairs, asked.steps, wanted, asked.model))
    print(table(rows))


def all_rows(options: Options) -> list[Row]:
    """In the order of their ids. What breaks says so in its row, and the others are measured all the same."""
    rows = []
    for name, ids in FILES.items():
        if asked := sorted(options.wanted & set(ids)):
            try:
                rows += importlib.import_module(f"tests.benchmarks.{name}").measure(options)
            except Exception as error:
                traceback.print_exc()
                words = (str(error).strip().splitlines() or [type(error).__name__])[0]
                rows += [Row(id, "", "", f"failed: {words}") for id in asked]
    return sorted(rows, key=lambda row: IDS.index(row.id))


def table(rows: list[Row]) -> str:
    return "\n".join([HEAD, *(row.markdown() for row in rows)])


if __name__ == "__main__":
    main()
