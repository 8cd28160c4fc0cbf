"""The real page in a real browser: a server that can be killed and started again, and a watchful page."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from studio.processes import worker_environment
from studio.training.queue import active_run
from studio.training.readiness import SWITCH
from studio.workspace import Workspace, open_workspace
from tests.chromium import FLAGS, chromium
from tests.conftest import ROOT

expect.set_options(timeout=45_000)  # for a computer that is busy with other tests


def missing(what: str) -> None:
    """Skip loudly; in CI, where TUNESMITH_REQUIRE_BROWSER is set, fail instead."""
    message = f"{what} is missing, so the page was NOT tested in a browser."
    if os.environ.get("TUNESMITH_REQUIRE_BROWSER"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium at its usual place, else Playwright's own."""
    system = chromium()
    if system is None and not Path(playwright.chromium.executable_path).exists():
        missing("Chromium")
    launched = playwright.chromium.launch(executable_path=system, args=FLAGS)
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which npm brings."""
    script = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        missing("axe-core (npm install in tests/browser)")
    return script.read_text("utf-8")


class Studio:
    """A server on a free port with a home of its own, and with these options.

    environment: more of it than a worker has; no worker waits for a run unless it says so. memory: bytes that each of
    its processes may have (RLIMIT_DATA), 0 any.
    """

    def __init__(self, home: Path, *options: str, environment: dict[str, str] | None = None, memory: int = 0) -> None:
        self.options, self.environment, self.memory = options, {SWITCH: "0"} | (environment or {}), memory
        self.workspace: Workspace = open_workspace(home)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "components", "--home", str(self.workspace.home), "--port", str(self.port)]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--no-browser", *self.options],
                cwd=ROOT,
                env=worker_environment() | self.environment,
                preexec_fn=self.limit if self.memory else None,
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(self.url, timeout=2).read(1)
                return
            except OSError:
                assert time.monotonic() < end, self.log.read_text()
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)

    def limit(self) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (self.memory, self.memory))

    def kill(self) -> None:
        """SIGKILL: the server gets no chance to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        while run := active_run(self.workspace):
            os.kill(run.process()["pid"], signal.SIGKILL)
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Studio]:
    """A studio in which the starter model is the two-layer one, so that nothing is slow."""
    home = tmp_path_factory.mktemp("studio")
    shutil.copytree(tiny_model, home / "models" / "smollm2-135m-instruct")
    running = Studio(home)
    running.start()
    yield running
    running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages that fail the test on a script error and on any request that leaves this computer."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def watched(url: str) -> bool:
        return url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "blob:", "data:"))

    def make(url: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        contexts.append(context)
        context.set_default_timeout(90_000)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: watched(request.url) or problems.append(f"outside: {request.url}"))
        page.goto(url)
        expect(page.get_by_role("tab", name="Data", exact=True)).to_be_visible()
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).first.click()
    expect(page.get_by_role("tab", name=name, exact=True).first).to_have_attribute("aria-selected", "true")


def unfold(page: Page, name: str) -> None:
    """Open a folded part and wait until it stands: Gradio builds it when it is opened, and builds over early input."""
    page.get_by_role("button", name=name).click()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the open tab has been left as it is for half a second."""
    page.evaluate(
        """() => new Promise(settled => {
            let timer = setTimeout(done, 500)
            const seen = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(done, 500) })
            function done() { seen.disconnect(); settled() }
            seen.observe(document.querySelector('.tabitem:not([style*="none"])') ?? document.body,
                {childList: true, subtree: true})
        })"""
    )
