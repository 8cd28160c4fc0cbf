"""The Gradio face: one file per tab, small shared parts beside them. It imports studio/, never the other way round."""
