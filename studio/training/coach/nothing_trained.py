"""Nothing is trained: every gradient is exactly zero."""

from studio.training.coach.finding import Finding, number
from studio.training.coach.reading import Reading

# One step may have nothing to say, such as a batch whose answers were all cut. Training by reward has such steps more
# often: whenever all answers to a question earn the same.
IN_A_ROW = 5
IN_A_ROW_BY_REWARD = 10


def nothing_trained(reading: Reading) -> Finding | None:
    norms = [value for _, value in reading.view.series["grad_norm"]]
    asked = IN_A_ROW_BY_REWARD if reading.by_reward else IN_A_ROW
    if len(norms) < asked or any(norms):
        return None
    losses = reading.losses
    # A reporter that was told no gradient writes zero. Then the loss shows that something is learned all the same.
    if len(losses) and losses[-1] < losses[0] - 0.01 * abs(losses[0]):
        return None
    if reading.by_reward:
        why = "All answers that it tries for a question earn the same, so none of them is worth more than another."
        advice = "Make the rules harder or easier, so that some answers earn more than others, and start again."
    elif len(losses) and not losses.any():
        why = "The loss is 0: most likely no answer is left of the examples, because they are cut before it begins."
        advice = "Look at an example in Data, “As the model sees it”, and raise “Longest example (tokens)”."
    else:
        why = "What should be trained does not take part in the answers."
        advice = "Stop it, choose LoRA in “How much of the model is trained”, and start again."
    return Finding(
        "nothing_trained",
        "Nothing is being learned.",
        f"The gradient norm has been exactly 0 in all {len(norms)} steps, so no weight has changed. {why}",
        advice,
        {"Gradient norm": "0", "Steps": str(len(norms)), "Loss": number(reading.view.series["loss"][-1][1])},
        tone="bad",
    )
