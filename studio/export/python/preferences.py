"""Scripts of the methods that learn from preferences: TRL's trainers on rows that are token ids already."""

from studio.export.python.parts import Parts, against_reference, with_trl
from studio.export.python.plan import Plan
from studio.methods.reward import HEAD


def dpo(plan: Plan) -> Parts:
    settings = plan.settings
    options = {"loss_type": [settings.loss], "beta": settings.beta, "max_length": settings.max_length}
    return against_reference(plan, as_they_are(with_trl("DPOTrainer", "DPOConfig", options=options)))


def kto(plan: Plan) -> Parts:
    settings, facts = plan.settings, plan.facts
    options = {"beta": settings.beta, "max_length": settings.max_length}
    options |= {"desirable_weight": facts["desirable"], "undesirable_weight": facts["undesirable"]}
    return against_reference(plan, as_they_are(with_trl("KTOTrainer", "KTOConfig", options=options)))


def reward(plan: Plan) -> Parts:
    settings = plan.settings
    options = {"center_rewards_coefficient": settings.centre or None, "max_length": settings.max_length}
    parts = with_trl("RewardTrainer", "RewardConfig", options=options)
    parts.head = [f"num_labels={HEAD['num_labels']}"]
    return parts


def orpo(plan: Plan) -> Parts:
    settings = plan.settings
    options = {"beta": settings.beta, "max_length": settings.max_length, "remove_unused_columns": False}
    parts = with_trl("ORPOTrainer", "ORPOConfig", "trl.experimental.orpo", options=options)
    parts.before.append("ORPOTrainer.tokenize_row = lambda self, row, model=None: row  # token ids already")
    if settings.adapt in ("prompt", "prefix"):
        parts.functions.append(
            [
                "class Behind(ORPOTrainer):  # the learned beginning that stands in front of every text",
                "    def concatenated_forward(self, model, batch):",
                "        def read(input_ids, **rest):",
                "            outputs = model(input_ids, **rest)",
                "            outputs.logits = outputs.logits[:, -input_ids.shape[1] :]",
                "            return outputs",
                "",
                "        return super().concatenated_forward(read, batch)",
            ]
        )
        parts.trainer = "Behind"
    return parts


def as_they_are(parts: Parts) -> Parts:
    """With a trainer that takes its rows as they are."""
    parts.before.append(f"{parts.trainer}._prepare_dataset = lambda self, rows, *rest: rows  # token ids already")
    return parts
