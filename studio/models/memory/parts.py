"""What a run holds in memory at its fullest moment, part by part."""

from dataclasses import asdict, dataclass, replace
from typing import Any

WORDS = {
    "weights": "Model",
    "adapter": "Adapter, the part that learns",
    "gradients": "Gradients, the corrections being worked out",
    "optimiser": "Optimiser, its working notes",
    "activations": "Activations, one step in progress",
    "loss": "Loss, its score of every word",
    "overhead": "Program",
}
MOMENTS = {
    "loading": "while the model is loaded",
    "step": "while it learns",
    "check": "while it is checked",
    "best": "when its best point is brought back",
}


@dataclass(frozen=True)
class Parts:
    """Each in GiB. moment: when that much is needed, a key of MOMENTS.

    weights: of the model, and of a reference or a teacher beside it. adapter: what is added to it and trained.
    gradients: those that exist at that moment. activations: what a forward pass keeps for the backward pass, or what a
    pass without one holds at once. loss: what comes after the last layer, mostly a score for every word of the
    vocabulary. overhead: the program itself with its libraries, and what the allocator cannot use.
    """

    weights: float
    adapter: float
    gradients: float
    optimiser: float
    activations: float
    loss: float
    overhead: float
    moment: str = "step"

    @property
    def total(self) -> float:
        return sum(value for _, value in self.items())

    def items(self) -> list[tuple[str, float]]:
        """(name, GiB) in the order in which a bar shows them."""
        return [(name, getattr(self, name)) for name in WORDS]

    def scaled(self, factor: float) -> "Parts":
        """Corrected by what was measured: what is known to the byte stays, and the rest bears the whole change."""
        exact = self.weights + self.adapter + self.optimiser
        loose = self.total - exact
        if loose <= 0:
            return self
        share = max(0.0, self.total * factor - exact) / loose
        names = ("gradients", "activations", "loss", "overhead")
        return replace(self, **{name: getattr(self, name) * share for name in names})

    def divided(self, devices: int) -> "Parts":
        """What each of several devices holds of a model that lies in pieces; the adapter is whole on each.

        The layer at work, which is whole for a moment, is not counted.
        """
        names = ("weights",) if self.adapter else ("weights", "gradients", "optimiser")
        return replace(self, **{name: getattr(self, name) / devices for name in names})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
