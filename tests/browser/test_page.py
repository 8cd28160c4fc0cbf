"""The page on a two-layer model: every tab, what goes wrong, what survives, and who may speak to it."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from studio.processes import worker_environment
from studio.training.run import list_runs
from tests.browser.conftest import Studio, open_tab
from tests.conftest import ROOT, wait_until

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def bring_sample(page: Page) -> None:
    open_tab(page, "Data")
    page.locator("#sample-0").click()
    expect(page.locator("#facts")).to_contain_text("120")
    expect(page.locator("#next-model")).to_be_enabled()


def start_run(page: Page, studio: Studio, epochs: str) -> None:
    bring_sample(page)
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    page.get_by_label("Passes over the examples (epochs)").fill(epochs)
    page.get_by_label("Passes over the examples (epochs)").press("Tab")
    expect(page.locator("#start")).to_be_enabled()
    before = len(list_runs(studio.workspace))
    page.locator("#start").click()
    wait_until(lambda: len(list_runs(studio.workspace)) > before, 60, "the run's folder")


def test_a_sample_is_read_and_shown_as_the_model_sees_it(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    expect(page.locator("#role-0 input")).to_have_value("question")
    expect(page.locator("#role-1 input")).to_have_value("answer")
    expect(page.locator("#xray .ts-learn").first).to_be_visible()
    first = page.locator("#xray").inner_text()
    page.get_by_role("button", name="Next row").click()
    expect(page.locator("#xray")).not_to_have_text(first)


def test_a_wrong_column_is_said_at_once_and_mended_by_choosing(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    page.locator("#role-1 input").click()
    page.get_by_role("option", name="question", exact=True).click()
    expect(page.locator("#columns-problem")).to_contain_text("both taken from")
    expect(page.locator("#next-model")).to_be_disabled()
    page.locator("#role-1 input").click()
    page.get_by_role("option", name="answer", exact=True).click()
    expect(page.locator("#columns-problem")).not_to_contain_text("both taken from")
    expect(page.locator("#next-model")).to_be_enabled()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("noise.csv", b"PK\x03\x04\x00\x00,\x00\n\x00", "not a text file"),
        ("broken.jsonl", b'{"question": "a", "answer": "b"}\n{"question": \n', "Line 2"),
        ("holes.csv", b"question,answer\nonly this,\n,only that\n", "No row of holes.csv can be used"),
    ],
)
def test_a_bad_file_gets_a_sentence_on_the_page(
    studio: Studio, open_page: OpenPage, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    page = open_page(studio.url)
    open_tab(page, "Data")
    page.locator("#drop input[type=file]").set_input_files(tmp_path / name)
    expect(page.locator("#drop-problem, #columns-problem").filter(has_text=words).first).to_be_visible()


def test_what_is_in_a_cell_never_runs(studio: Studio, open_page: OpenPage, tmp_path: Path) -> None:
    evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    rows = "".join(
        f'"{evil.replace(chr(34), chr(34) * 2)} {i}?","<b onmouseover=alert(1)>x</b> {i}"\n' for i in range(14)
    )
    (tmp_path / "evil.csv").write_text(f"question,answer\n{rows}")
    page = open_page(studio.url)
    open_tab(page, "Data")
    page.locator("#drop input[type=file]").set_input_files(tmp_path / "evil.csv")
    expect(page.locator("#reading")).to_contain_text("<script>")
    expect(page.locator("#xray .ts-learn").first).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#tabs b[onmouseover]").count() == 0


def test_a_wrong_setting_is_refused_before_the_start(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    bring_sample(page)
    open_tab(page, "Train")
    page.get_by_role("tab", name="Set up").click()
    rate = page.get_by_label("Size of each correction (learning rate)")
    rate.fill("1")
    rate.press("Tab")
    expect(page.locator("#why-not")).to_contain_text("learning rate")
    expect(page.locator("#start")).to_be_disabled()
    rate.fill("0.0002")
    rate.press("Tab")
    expect(page.locator("#start")).to_be_enabled()


def test_watch_reload_and_stop_and_keep(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    start_run(page, studio, "90")
    run = list_runs(studio.workspace)[0]
    expect(page.locator("#runbar")).to_contain_text("of 1980 steps", timeout=180_000)
    wait_until(lambda: run.view().step > 3, 240, "the first steps")
    expect(page.locator("#loss-chart .js-plotly-plot")).to_be_visible()
    page.reload()
    expect(page.locator("#runbar")).to_contain_text("of 1980 steps")
    expect(page.locator("#live")).to_be_visible()
    page.locator("#runbar-stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop and keep").click()
    wait_until(lambda: run.view().status == "stopped", 240, "the run to stop")
    expect(page.locator("#runbar")).to_be_hidden()
    assert (run.adapter / "adapter_model.safetensors").exists()


def test_a_killed_worker_is_shown_with_what_to_do(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    start_run(page, studio, "90")
    run = list_runs(studio.workspace)[0]
    wait_until(lambda: run.view().step >= 1, 240, "the first step")
    os.kill(run.process()["pid"], signal.SIGKILL)
    expect(page.locator("#live")).to_contain_text("ended without a word", timeout=45_000)
    expect(page.locator("#live")).to_contain_text("most often the memory was not enough")


def test_zoom_survives_an_update(studio: Studio, open_page: OpenPage) -> None:
    page = open_page(studio.url)
    start_run(page, studio, "90")
    run = list_runs(studio.workspace)[0]
    wait_until(lambda: run.view().step > 5, 240, "some steps")
    chart = page.locator("#loss-chart .js-plotly-plot")
    expect(chart).to_be_visible()
    page.wait_for_function("node => node.layout.xaxis.range[1] > 1980", arg=chart.element_handle())  # knows its steps
    chart.evaluate("node => { node.mark = 'same' }")
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    whole = chart.evaluate("node => node.layout.xaxis.range")
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=8)
    page.mouse.up()
    zoomed = chart.evaluate("node => node.layout.xaxis.range")
    assert zoomed != whole
    seen = run.view().step
    wait_until(lambda: run.view().step > seen + 5, 240, "more steps")
    page.wait_for_timeout(2500)
    assert chart.evaluate("node => node.mark") == "same"
    assert chart.evaluate("node => node.data.some(line => Math.max(...line.x) > 5)")
    assert chart.evaluate("node => node.layout.xaxis.range") == zoomed
    run.request_stop(keep=False)
    wait_until(lambda: not run.view().live, 240, "the run to stop")


def test_ten_tabs_stay_alive(studio: Studio, open_page: OpenPage) -> None:
    first = open_page(studio.url)
    others = [first.context.new_page() for _ in range(9)]
    for page in others:
        page.goto(studio.url)
        expect(page.get_by_role("tab", name="Data", exact=True)).to_be_visible()
    open_tab(others[-1], "Model")
    expect(others[-1].locator("#models")).to_be_visible()


def test_only_this_computer_is_asked(studio: Studio) -> None:
    assert studio.process is not None
    listening = [c for c in psutil.Process(studio.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "http://evil.example/page"}, 403),
    ],
)
def test_other_pages_are_refused(studio: Studio, headers: dict[str, str], status: int) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhi\r\n--x--\r\n'
    request = urllib.request.Request(
        f"{studio.url}/gradio_api/upload",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=x", **headers},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == status


@pytest.mark.parametrize("path", ["/monitoring", "/gradio_api/runs", "/gradio_api/file=/etc/passwd"])
def test_what_is_switched_off_stays_off(studio: Studio, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(studio.url + path)
    assert refused.value.code in (403, 404)


def test_runs_and_data_cannot_be_fetched_by_path(studio: Studio) -> None:
    secret = studio.workspace.home / "datasets" / "private.txt"
    secret.write_text("private")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{studio.url}/gradio_api/file={secret}")


def server(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "components", "--no-browser", *arguments],
        cwd=ROOT,
        env={**worker_environment(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_taken_port_is_a_sentence(studio: Studio, tmp_path: Path) -> None:
    result = server("--home", str(tmp_path / "home"), "--port", str(studio.port))
    assert result.returncode == 1
    assert f"Port {studio.port} is taken" in result.stderr and "--port" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("password", ["", "short"])
def test_the_local_network_needs_a_password(tmp_path: Path, password: str) -> None:
    result = server("--home", str(tmp_path / "home"), "--lan", TUNESMITH_PASSWORD=password)
    assert result.returncode == 1
    assert "password" in result.stderr and "Traceback" not in result.stderr


def test_others_on_the_local_network_meet_a_login(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNESMITH_PASSWORD", "a long password")
    shared = Studio(tmp_path / "home", "--lan")
    shared.start()
    try:
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        page.goto(shared.url)
        page.get_by_label("username").fill("Ada")
        page.get_by_label("password").fill("a wrong password")
        page.get_by_role("button", name="Login").click()
        expect(page.get_by_text("Incorrect")).to_be_visible()
        expect(page.get_by_role("tab", name="Data", exact=True)).to_have_count(0)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{shared.url}/config")
        page.get_by_label("username").fill("Ada")  # Gradio empties both fields
        page.get_by_label("password").fill("a long password")
        page.get_by_role("button", name="Login").click()
        expect(page.get_by_role("tab", name="Data", exact=True)).to_be_visible()
    finally:
        shared.close()
