"""Models: the catalogue, what this computer has, where weights come from, loading, and how long it takes."""
