"""The Gradio face: one file per tab, small shared parts beside them. It imports studio/, never the other way round."""

from components import gradio_import

gradio_import.install()
