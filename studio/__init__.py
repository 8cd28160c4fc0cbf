"""The engine: data, models, methods, runs, chat and export. It never imports the page."""

__version__ = "0.1.0"
