"""Gradio's theme, spoken in the tokens of assets/css/tokens.css, which also hold the dark values."""

import inspect

import gradio as gr
from gradio.themes.utils import fonts

# Gradio's name for a colour -> our token. Those that are not named here follow from these.
COLOURS = {
    "bg": ["body_background_fill"],
    "surface": [
        "background_fill_primary",
        "block_background_fill",
        "block_label_background_fill",
        "panel_background_fill",
        "input_background_fill",
        "checkbox_background_color",
        "checkbox_label_background_fill",
        "button_secondary_background_fill",
        "button_cancel_background_fill",
        "table_even_background_fill",
        "table_odd_background_fill",
    ],
    "sunken": ["background_fill_secondary", "button_secondary_background_fill_hover"],
    "line": ["border_color_primary", "block_border_color", "panel_border_color", "table_border_color"],
    "edge": [
        "input_border_color",
        "checkbox_border_color",
        "checkbox_label_border_color",
        "button_secondary_border_color",
    ],
    "ink": [
        "body_text_color",
        "block_label_text_color",
        "block_title_text_color",
        "checkbox_label_text_color",
        "checkbox_label_text_color_selected",
        "button_secondary_text_color",
    ],
    "ink2": ["body_text_color_subdued", "block_info_text_color"],
    "ink3": ["input_placeholder_color"],
    "accent": [
        "border_color_accent",
        "color_accent",
        "link_text_color",
        "link_text_color_visited",
        "input_border_color_focus",
        "checkbox_background_color_selected",
        "checkbox_border_color_selected",
        "checkbox_label_border_color_selected",
        "button_primary_background_fill",
        "button_primary_border_color",
        "slider_color",
        "loader_color",
    ],
    "accent-hover": [
        "link_text_color_hover",
        "link_text_color_active",
        "button_primary_background_fill_hover",
    ],
    "accent-soft": ["color_accent_soft", "checkbox_label_background_fill_selected", "stat_background_fill"],
    "on-accent": ["button_primary_text_color"],
    "bad": ["button_cancel_text_color", "button_cancel_border_color"],
    "bad-soft": ["button_cancel_background_fill_hover"],
}
SHAPES = {
    "block_radius": "12px",
    "block_border_width": "1px",
    "block_shadow": "none",
    "block_title_text_weight": "700",
    "block_label_text_weight": "700",
    "button_border_width": "1px",
    "button_large_text_weight": "700",
    "button_small_text_weight": "700",
    "button_large_radius": "6px",
    "button_small_radius": "6px",
    "button_primary_shadow": "none",
    "button_secondary_shadow": "none",
    "input_radius": "6px",
    "checkbox_border_radius": "4px",
    "layout_gap": "24px",
    "form_gap_width": "0px",
}


def make_theme() -> gr.themes.Base:
    """The theme. Source Sans Pro is complete only in its weights 400 and 700, hence those two."""
    known = inspect.signature(gr.themes.Base.set).parameters
    settings = dict(SHAPES)
    for token, names in COLOURS.items():
        for name in names:
            settings[name] = f"var(--ts-{token})"
            # Said once more for dark, or the light value would be inherited from the root.
            if f"{name}_dark" in known:
                settings[f"{name}_dark"] = f"var(--ts-{token})"
    return gr.themes.Base(
        text_size="lg",
        radius_size="md",
        font=(
            fonts.LocalFont("Source Sans Pro", weights=(400, 700)),
            "ui-sans-serif",
            "system-ui",
            "sans-serif",
        ),
        font_mono=(fonts.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"),
    ).set(**settings)
