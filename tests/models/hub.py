"""A small Hugging Face hub on this computer: one model, and what goes wrong with a real one."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Serves the files of `folder` as the model `name`. `breaks_off`: in the middle of the first large
    file the network goes, for good. halts: each large file of a model waits in its middle until `go_on` is set.
    spoils: a file of which the last byte is another one when it arrives."""

    def __init__(
        self,
        name: str,
        folder: Path,
        breaks_off: bool = False,
        gated: bool = False,
        halts: bool = False,
        spoils: str = "",
    ) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.name, self.folder, self.breaks_off, self.gated = name, folder, breaks_off, gated
        self.halts, self.spoils, self.go_on = halts, spoils, threading.Event()
        self.gone = False
        self.sent: list[str] = []
        self.bytes = 0  # of all files' contents that went out
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, with_body: bool) -> None:
        hub, path = self.server, self.path.partition("?")[0]
        if hub.gone:
            self.close_connection = True
            return
        if hub.gated and "/resolve/" in path:
            return self.send(403, b"", with_body, {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        if path.startswith(f"/api/models/{hub.name}/revision/") or path == f"/api/models/{hub.name}":
            known = {
                "id": hub.name,
                "sha": COMMIT,
                "siblings": [sibling(file) for file in sorted(hub.folder.iterdir())],
            }
            return self.send(200, json.dumps(known).encode(), with_body, {"Content-Type": "application/json"})
        if path == f"/api/models/{hub.name}/tree/{COMMIT}":
            tree = [
                {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": COMMIT}
                for file in sorted(hub.folder.iterdir())
            ]
            return self.send(200, json.dumps(tree).encode(), with_body, {"Content-Type": "application/json"})
        if path.startswith(f"/{hub.name}/resolve/"):
            return self.file(hub.folder / path.rsplit("/", 1)[1], with_body)
        self.send(404, b"", with_body, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "no such model"})

    def file(self, file: Path, with_body: bool) -> None:
        content = file.read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        begin = int(self.headers.get("Range", "bytes=0-")[6:].partition("-")[0])
        if with_body:
            self.server.sent.append(f"{file.name} from {begin}")
        if with_body and self.server.breaks_off and len(content) > 50_000:
            self.server.gone = True
            self.send_response(200)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.server.bytes += len(content) // 2
            self.close_connection = True
            return
        if file.name == self.server.spoils:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        self.send(206 if begin else 200, content[begin:], with_body, headers)

    def send(self, status: int, content: bytes, with_body: bool, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        if self.server.halts is True and len(content) > 50_000:
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            self.server.bytes += half
            self.server.go_on.wait(30)
            content = content[half:]
        try:
            self.wfile.write(content)
            self.server.bytes += len(content) if "X-Repo-Commit" in headers else 0
        except OSError:
            self.close_connection = True  # nobody listens any more

    def log_message(self, *_: object) -> None:
        pass


def sibling(file: Path) -> dict[str, Any]:
    """A file as the hub lists it: large ones with the SHA-256 of their content, small ones with their git hash."""
    content = file.read_bytes()
    known = {"rfilename": file.name, "size": len(content)}
    if len(content) < 10_000:
        return {**known, "blobId": hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()}
    digest = hashlib.sha256(content).hexdigest()
    return {**known, "blobId": COMMIT, "lfs": {"sha256": digest, "size": len(content), "pointerSize": 130}}
