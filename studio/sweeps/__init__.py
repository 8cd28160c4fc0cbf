"""Searches for settings: each is a folder, its trials are runs in the queue, and a conductor asks for the next."""
