"""Which files are pictures, by their names alone."""

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


def is_picture(name: str) -> bool:
    """By the end of its name."""
    return name.strip().lower().endswith(ENDINGS)
