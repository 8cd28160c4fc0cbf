"""How much memory a training step takes, found by taking it with tensors that have a shape and no content."""
