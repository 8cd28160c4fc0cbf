"""“Make it fit”: the gentlest changes to the settings after which a run fits the free memory, and what each costs.

The ways are tried from the one that changes least about the result to the one that changes most. What turns out not to
be needed in the end is taken back. Examples per step stay what they are, so the learning rate stays right.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from studio.errors import StudioError
from studio.methods.adapt_settings import ADAPTERS, AdaptSettings
from studio.models.fit import gigabytes
from studio.models.memory import Parts

SHORTEST = 64  # tokens; below that hardly an example is left
SMALLEST_RANK = 4
FEW_CUT = 0.05  # share of the rows that may be cut before heavier means are tried

Needs = Callable[[AdaptSettings, str], Parts]
Cut = Callable[[int], float]


@dataclass(frozen=True)
class Change:
    """values: the settings that change. model: the name of another model, "" for the same. needed: GiB with it.

    sentence: what changes; cost: what that costs.
    """

    values: dict[str, Any]
    sentence: str
    cost: str
    needed: float = 0.0
    model: str = ""


@dataclass(frozen=True)
class Plan:
    """changes: in the order in which they were found, none when nothing has to change. fits: whether it does then.

    settings, model: with all of them. needed: GiB then. sentence: the outcome in words.
    """

    changes: tuple[Change, ...]
    settings: AdaptSettings
    model: str
    needed: float
    fits: bool
    sentence: str


@dataclass
class Trying:
    """The search so far."""

    settings: AdaptSettings
    model: str
    free: float
    needs: Needs
    changes: list[Change] = field(default_factory=list)

    def with_changes(self, changes: list[Change]) -> tuple[AdaptSettings, str]:
        """The first settings with these changes. Raises StudioError when they contradict each other."""
        values = self.settings.model_dump()
        name = self.model
        for change in changes:
            values |= change.values
            name = change.model or name
        try:
            return type(self.settings).model_validate(values), name
        except ValidationError as error:
            raise StudioError(str(error.errors()[0]["msg"]), "Choose other settings.") from error

    def needed(self, changes: list[Change]) -> float:
        return self.needs(*self.with_changes(changes)).total


def make_fit(
    settings: AdaptSettings,
    free: float,
    needs: Needs,
    model: str,
    smaller: list[tuple[str, str]] | None = None,
    cut: Cut | None = None,
) -> Plan:
    """The gentlest sequence of changes after which the run needs less than `free` GiB.

    needs: what settings and the name of a model need; it may raise StudioError. smaller: (name, title) of models that
    could take this one's place, the largest first. cut: what share of the rows is longer than so many tokens.
    """
    trying = Trying(settings, model, free, needs)
    needed = trying.needed([])
    if needed <= free:
        return Plan((), settings, model, needed, True, f"It fits as it is: {gigabytes(needed)} of {gigabytes(free)}.")
    for way in ways(settings, smaller or [], cut):
        needed = try_way(trying, way, needed)
        if needed <= free:
            break
    changes = told(trying, without_idle(trying) if needed <= free else trying.changes)
    chosen, name = trying.with_changes(changes)
    needed = changes[-1].needed if changes else needed
    if needed <= free:
        number = {1: "one thing", 2: "two things", 3: "three things"}.get(len(changes), f"{len(changes)} things")
        sentence = f"It would change {number}. Then it needs {gigabytes(needed)}, and {gigabytes(free)} are free."
        return Plan(tuple(changes), chosen, name, needed, True, sentence)
    sentence = (
        f"Nothing helps enough: with all that can be changed it still needs {gigabytes(needed)}, and "
        f"{gigabytes(free)} are free. Close other programs, choose a much smaller model, or use a larger computer."
    )
    return Plan(tuple(changes), chosen, name, needed, False, sentence)


def try_way(trying: Trying, way: list[Change], needed: float) -> float:
    """Take the first of these changes that makes it fit, or else the one that saves most; GiB needed then."""
    best: Change | None = None
    for change in way:
        try:
            now = trying.needed([*trying.changes, change])
        except StudioError:
            continue  # it does not go together with the rest
        if now < needed * 0.99 or now <= trying.free:  # what saves next to nothing counts only where it suffices
            best, needed = change, now
        if now <= trying.free:
            break
    if best is not None:
        trying.changes.append(best)
    return needed


def without_idle(trying: Trying) -> list[Change]:
    """The changes without which it would no longer fit; the heaviest are looked at first."""
    kept = list(trying.changes)
    for change in reversed(trying.changes[:-1]):
        others = [one for one in kept if one is not change]
        try:
            if trying.needed(others) <= trying.free:
                kept = others
        except StudioError:
            continue
    return kept


def told(trying: Trying, changes: list[Change]) -> list[Change]:
    """The changes, each with what is needed when it and those before it are made."""
    steps = [trying.needed(changes[: place + 1]) for place in range(len(changes))]
    return [Change(c.values, c.sentence, c.cost, needed, c.model) for c, needed in zip(changes, steps, strict=True)]


def ways(settings: AdaptSettings, smaller: list[tuple[str, str]], cut: Cut | None) -> Iterator[list[Change]]:
    """What can be done, the gentlest first; of each way the mildest degree first."""
    yield bites(settings)
    yield [
        Change(
            {"checkpointing": True},
            "It forgets what lies between the layers and works it out again (gradient checkpointing).",
            "The same result; each step takes about a third longer.",
        )
    ]
    shorter = list(lengths(settings, cut))
    yield [change for change, share in shorter if share <= FEW_CUT]
    yield adapters(settings)
    yield [
        Change(
            {"weights": "4bit"},
            "LoRA becomes QLoRA: the model is held packed, at about a quarter of its size."
            if settings.adapt in ("lora", "full", "gradual", "last_layers")
            else "The model is held packed, at about a quarter of its size (4-bit).",
            "Answers differ slightly, and each step is slower.",
        )
    ]
    yield ranks(settings)
    yield [change for change, share in shorter if share > FEW_CUT]
    yield [
        Change({}, f"{title} takes the place of this model.", "A smaller model knows and understands less.", model=name)
        for name, title in smaller
    ]


def bites(settings: AdaptSettings) -> list[Change]:
    """Fewer examples at a time, as many per step."""
    batch = settings.batch_size
    numbers = [n for n in range(settings.accumulation + 1, batch + 1) if batch % n == 0]
    return [
        Change(
            {"accumulation": n},
            f"{batch // n} example{'s' * (batch // n > 1)} at a time, {n} times per step (gradient accumulation).",
            "The same result; each step takes a little longer.",
        )
        for n in numbers
    ]


def lengths(settings: AdaptSettings, cut: Cut | None) -> Iterator[tuple[Change, float]]:
    """Shorter examples, and the share of the rows that each cuts."""
    length = settings.max_length
    while length > SHORTEST:
        length = max(SHORTEST, length * 3 // 4 // 8 * 8)
        share = cut(length) if cut else 1.0
        rows = f"{share:.0%} of the rows are cut" if cut else "Rows that are longer are cut"
        if cut and share == 0:
            rows = "No row is cut"
        yield (
            Change(
                {"max_length": length},
                f"The longest example is {length:,} tokens in place of {settings.max_length:,}.",
                f"{rows}, and what is cut off is not learned." if share else f"{rows}.",
            ),
            share,
        )


def adapters(settings: AdaptSettings) -> list[Change]:
    """From the model's own weights to an adapter, which needs hardly any notes of the optimiser."""
    if settings.adapt in ADAPTERS or "lora" not in settings.applicable:
        return []
    rate = settings.rate_for("lora")
    return [
        Change(
            {"adapt": "lora", "learning_rate": rate},
            "A thin layer everywhere (LoRA) is trained in place of the model’s own weights.",
            "It mostly learns as well from some hundred examples, and less from very many.",
        )
    ]


def ranks(settings: AdaptSettings) -> list[Change]:
    """A smaller adapter, as strong as before: alpha goes with the rank."""
    found, rank = [], settings.rank // 2
    while rank >= SMALLEST_RANK:
        alpha = max(1, round(settings.alpha * rank / settings.rank))
        found.append(
            Change(
                {"rank": rank, "alpha": alpha},
                f"The adapter has rank {rank} in place of {settings.rank}.",
                "It can learn less; for some hundred examples it is enough.",
            )
        )
        rank //= 2
    return found
