"""Datasets: read files, guess columns, split rows, keep versions, show what the model sees."""
