"""A picture of a row, small and within the page itself, so that no file is given out."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path

from components.html import escape

LARGEST = 240  # pixels of its longer side


def small_picture(file: Path, alt: str) -> str:
    """An img element; "" when the file is not there."""
    if not file.is_file():
        return ""
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        small = ImageOps.exif_transpose(opened).convert("RGB")
    small.thumbnail((LARGEST, LARGEST))
    packed = BytesIO()
    small.save(packed, "JPEG", quality=85)
    source = f"data:image/jpeg;base64,{b64encode(packed.getvalue()).decode()}"
    return f'<img src="{source}" alt="{escape(alt)}">'
