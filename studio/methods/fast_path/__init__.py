"""How a step that learns to write is taken fast, and comes to the same as TRL's plain way."""
