"""What the methods that learn from preferences have in common: settings, and the figures that they report."""

from typing import ClassVar

from pydantic import Field

from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Metric
from studio.methods.settings import unit

ACCURACY = Metric(
    "accuracy",
    "Reward accuracy",
    "In how many of the pairs it prefers the better answer. Half is a coin toss.",
    higher_is_better=True,
    logged="rewards/accuracies",
)
MARGIN = Metric(
    "margin",
    "Reward margin",
    "How much more it values the better answers than the worse ones. It should grow.",
    higher_is_better=True,
    logged="rewards/margins",
)
CHOSEN = Metric("chosen", "Reward of the better answers", "How much likelier they became.", logged="rewards/chosen")
REJECTED = Metric(
    "rejected",
    "Reward of the worse answers",
    "How much likelier they became. It should stay below the other.",
    logged="rewards/rejected",
)
KL = Metric(
    "kl",
    "Distance from the untrained model (KL)",
    "How far its answers have moved away from how it answered before, in nats. Much is a sign of overdoing it.",
)
PAIRS = (ACCURACY, MARGIN, CHOSEN, REJECTED)  # of methods whose reward is how likely an answer is
SCORES = (  # of a model that gives marks itself
    Metric("accuracy", ACCURACY.title, ACCURACY.sentence, True),
    Metric("margin", MARGIN.title, "How much higher the mark of the better answer is. It should grow.", True),
    Metric("chosen", CHOSEN.title, "The mark that the better answers get."),
    Metric("rejected", REJECTED.title, "The mark that the worse answers get. It should stay below the other."),
)


class PreferenceSettings(AdaptSettings):
    """For models that write. Rates are half of those for examples: each step pushes one text up and another down."""

    rate_factor: ClassVar[float] = 0.5

    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )
    beta: float = Field(
        0.1,
        gt=0,
        le=10,
        title="Hold on to the untrained model (beta)",
        description="Higher keeps it closer to how it answered before; lower lets it follow the preferences further.",
        json_schema_extra=unit(advanced=True),
    )
