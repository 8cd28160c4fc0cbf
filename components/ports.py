"""Which port the page is served on."""

import os
import socket

from studio.errors import StudioError

NEIGHBOURS = 40  # how many ports after the usual one are tried before any free one is taken


def choose(asked: int | None, usual: int, host: str) -> int:
    """The port that was asked for, else the usual one, else the next free one, which is then announced.

    Raises StudioError when the asked port is taken or is no port.
    """
    if asked is not None:
        if not 0 < asked < 65536:
            raise StudioError(f"{asked} is not a port.", "Name one between 1024 and 65535 with --port.")
        if not is_free(asked, host):
            raise StudioError(
                f"Port {asked} is taken by another program.",
                f"Port {next_free(asked, host)} is free: start again with --port {next_free(asked, host)}.",
            )
        return asked
    if is_free(usual, host):
        return usual
    port = next_free(usual, host)
    print(
        f"Port {usual} is taken by another program (perhaps another Tunesmith), so port {port} is used.",
        flush=True,
    )
    return port


def next_free(after: int, host: str) -> int:
    for port in range(after + 1, min(after + NEIGHBOURS, 65536)):
        if is_free(port, host):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str) -> bool:
    """Whether we could listen there. Ports in the last moments of an earlier connection count as free."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
