"""The mends of Gradio still meet what they mend."""

import json

import pytest

from components import gradio_mend
from components.gradio_mend import CONFIG, PAGE, SCRIPTS, mended


@pytest.mark.parametrize("file", [SCRIPTS / "core.js", SCRIPTS / "statustracker.js"], ids=lambda file: file.stem)
def test_each_script_finds_its_module(file) -> None:  # type: ignore[no-untyped-def]
    """Where this Gradio is built otherwise the mend is left out, and this says so."""
    assert "./assets/" in mended(file) and "MODULE" not in mended(file)


def test_a_script_for_another_gradio_is_left_out(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "core-abc.js").write_text("export class AppTree { reload() {} }")
    monkeypatch.setattr(gradio_mend, "FRONTEND", tmp_path)
    assert mended(SCRIPTS / "core.js") == ""


def test_the_page_has_them_before_it_is_drawn() -> None:
    import gradio.routes

    gradio_mend.mend()
    pages = gradio.routes.templates.env
    assert pages.loader
    source = pages.loader.get_source(pages, PAGE)[0]
    begin, end = source.index(CONFIG), source.index("</head>")
    assert begin < source.index("tunesmithFirst") < end
    assert all(json.dumps(name)[1:-1] in source[begin:end] for name in ("resolve_args", "find_attached_events"))
