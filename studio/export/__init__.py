"""Taking the result away: the adapter as a zip, its model card, and the proof that it works."""
