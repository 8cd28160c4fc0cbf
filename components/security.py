"""Who may talk to the page: this computer only, and only our own page in its browser."""

import getpass
import hmac
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psutil
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.errors import StudioError

LOCAL = ["127.0.0.1", "localhost"]
SHORTEST_PASSWORD = 8
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def middleware(hosts: list[str]) -> list[Middleware]:
    """For `launch(app_kwargs=...)`. `hosts` are the names under which the page may be asked for.

    The host check closes DNS rebinding, the origin check closes posts from other pages, other ports included.
    """
    return [
        Middleware(OurHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
        Middleware(SameOrigin),
    ]


class OurHeaders:
    """Adds HEADERS to every answer. A strict CSP is not possible: Gradio's page has inline scripts.

    The page's own scripts carry a hash in their names, so a browser may keep them: that halves the requests of the
    second visit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = dict(HEADERS)
        if scope.get("path", "").startswith("/assets/"):
            ours["Cache-Control"] = "private, max-age=31536000, immutable"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = ((name.lower().encode(), value.encode()) for name, value in ours.items())
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Refuses (403) what another page sends: its Origin, or else its Referer, is not the host that was asked.

    Without either header the sender is not a browser, and what it may do is the operating system's matter.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope.get("method", "POST") not in SAFE_METHODS:
            headers = Headers(scope=scope)
            source = headers.get("origin") or headers.get("referer")
            if source is not None and urlsplit(source).netloc.lower() != headers.get("host", "").lower():
                refusal = PlainTextResponse("Refused: this came from another page.", status_code=403)
                await refusal(scope, receive, send)
                return
        await self.app(scope, receive, send)


def own_hosts() -> list[str]:
    """Every name and address of this computer, for --lan."""
    name = socket.gethostname()
    addresses = [
        address.address.split("%")[0]
        for card in psutil.net_if_addrs().values()
        for address in card
        if address.family in (socket.AF_INET, socket.AF_INET6)
    ]
    # TrustedHost compares what stands before the first colon, so an IPv6 address arrives as "[".
    names = [name, name.split(".")[0], f"{name.split('.')[0]}.local"]
    return list(dict.fromkeys([*LOCAL, *names, *(a for a in addresses if ":" not in a)]))


def lan_password() -> str:
    """The password for --lan: TUNESMITH_PASSWORD, else asked for in the terminal.

    Raises StudioError when there is none or it is too short.
    """
    password = os.environ.get("TUNESMITH_PASSWORD")
    if password is None and sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass("Password for everybody who opens the page from another computer: ")
    if not password:
        raise StudioError(
            "With --lan other computers can open the studio, so it needs a password, and there is none.",
            "Set TUNESMITH_PASSWORD, or start it in a terminal and type one.",
        )
    if len(password) < SHORTEST_PASSWORD:
        raise StudioError(
            f"This password has {len(password)} characters, which is too easy to guess.",
            f"Use at least {SHORTEST_PASSWORD}.",
        )
    return password


def login(password: str) -> Callable[[str, str], bool]:
    """For `launch(auth=...)`: any name with the right password. A wrong one costs a second."""

    def check(name: str, attempt: str) -> bool:
        if hmac.compare_digest(str(attempt).encode(), password.encode()):
            return True
        time.sleep(1)
        return False

    return check


def quiet_launch_options() -> dict[str, Any]:
    """Everything in Gradio that would look outside, keep a history or offer an interface of its own: off."""
    return {
        "share": False,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "show_error": False,
        "quiet": True,
        "inbrowser": False,
    }
