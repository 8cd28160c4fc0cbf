"""`import gradio` is not paid for twice over by stubs that nobody reads."""

import subprocess
import sys

LOOKS = """
import components, gradio, gradio.component_meta as meta
print(meta.create_or_modify_pyi.__module__, callable(gradio.Button.click), gradio.Textbox().value)
"""


def test_gradio_is_imported_without_writing_stubs_and_its_parts_keep_their_events():
    done = subprocess.run([sys.executable, "-c", LOOKS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["components.gradio_import", "True", "None"]
