"""A run's curves for other programs to read: TensorBoard files always, and trackers that the person switched on."""
