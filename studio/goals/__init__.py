"""What a person wants the model to do, what is proposed for that, and whether a run has reached it."""
