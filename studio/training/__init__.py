"""Runs: recipes, run folders, the worker process, its events, the queue, and the headless command."""
