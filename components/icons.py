"""Our icons as inline SVG: 24 x 24, drawn in the colour of the text around them."""

SHAPES = {
    "chip": (
        '<rect x="6" y="6" width="12" height="12" rx="2"/>'
        '<path d="M10 2.5V6M14 2.5V6M10 18v3.5M14 18v3.5M2.5 10H6M2.5 14H6M18 10h3.5M18 14h3.5"/>'
    ),
    "down": '<path d="m6 9.5 6 6 6-6"/>',
    "right": '<path d="M5 12h14M13 6l6 6-6 6"/>',
    "left": '<path d="m15 5-7 7 7 7"/>',
    "chev": '<path d="m9 5 7 7-7 7"/>',
    "sun": (
        '<circle cx="12" cy="12" r="4"/>'
        '<path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3'
        ' 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/>'
    ),
    "moon": '<path d="M20 14.5A8.2 8.2 0 0 1 9.5 4a8.2 8.2 0 1 0 10.5 10.5z"/>',
    "stop": '<rect x="6" y="6" width="12" height="12" rx="1.5" fill="currentColor"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "x": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
    "warn": '<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.2"/>',
    "up": ('<path d="M12 16V4.5M7 9l5-5 5 5M4.5 15.5V19a1.5 1.5 0 0 0 1.5 1.5h12a1.5 1.5 0 0 0 1.5-1.5v-3.5"/>'),
    "save": '<path d="M12 4.5V16M7 11.5l5 5 5-5M4.5 20h15"/>',
    "file": (
        '<path d="M14 3H7a1.5 1.5 0 0 0-1.5 1.5v15A1.5 1.5 0 0 0 7 21h10a1.5 1.5 0 0 0 1.5-1.5V7.5zM14 3v4.5h4.5"/>'
    ),
    "copies": (
        '<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="1.5"/>'
        '<path d="M15.5 8.5V5A1.5 1.5 0 0 0 14 3.5H5A1.5 1.5 0 0 0 3.5 5v9A1.5 1.5 0 0 0 5 15.5h3.5"/>'
    ),
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"/>',
    "cut": '<path d="M3.5 7h17M3.5 12h10M3.5 17h6M17 11v9M14 20h6"/>',
    "chat": '<path d="M4 5.5h16v11H11l-4.5 4v-4H4z"/>',
    "docs": '<path d="M5 4.5h9.5L19 9v11H5zM8.5 12h7M8.5 15.5h7"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.3l3.5 2"/>',
    "fork": '<path d="M7 2.5v7.2a5 5 0 0 0 10 0V2.5M12 14.7v6.8"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="m15.5 15.5 5 5"/>',
    "play": '<path d="M7 4.5v15l12-7.5z" fill="currentColor"/>',
    "star": '<path d="m12 3.5 2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17.1 6.7 20l1.1-6L3.4 9.8l6-.8z"/>',
    "copy": (
        '<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="1.5"/>'
        '<path d="M15.5 8.5V5A1.5 1.5 0 0 0 14 3.5H5A1.5 1.5 0 0 0 3.5 5v9A1.5 1.5 0 0 0 5 15.5h3.5"/>'
    ),
    "box": '<path d="M12 3 4 7.3v9.4L12 21l8-4.3V7.3zM4 7.3l8 4.4 8-4.4M12 11.7V21"/>',
    "undo": '<path d="M8.5 5 4 9.5 8.5 14M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3"/>',
    "eye": (
        '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
        '<circle cx="12" cy="12" r="2.8"/>'
    ),
    "lang": (
        '<path d="M3.5 6h10M8.5 4v2M11.5 6c-.8 4-3.5 7-7.5 8.5M6 9.5c1 2.5 3 4 5.5 5M12.5 20.5l4-10 4 10M14 17h5"/>'
    ),
}


def icon(name: str, size: str = "", classes: str = "") -> str:
    """SVG of an icon; `size` is "" (20 px), "s" (16 px) or "l" (26 px). Hidden from screen readers: words say it."""
    extra = "".join(f" ts-{word}" for word in (size, classes) if word)
    return f'<svg class="ts-ic{extra}" viewBox="0 0 24 24" aria-hidden="true">{SHAPES[name]}</svg>'
