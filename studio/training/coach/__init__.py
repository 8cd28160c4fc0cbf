"""The coach: what a run's curves say about it in plain words, with the numbers that it rests on and what to do."""
