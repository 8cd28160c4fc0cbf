"""A small Hugging Face hub on this computer, with one dataset, which can be slow, gated or break off."""

import json
from pathlib import Path
from threading import Event
from typing import Any

from tests.models.hub import COMMIT, Answer, Hub


class DatasetHub(Hub):
    """Serves the files below `folder` as the dataset `name`, with `card` as what its page says.

    halts: each large file stops in its middle until `go_on` is set.
    """

    def __init__(
        self, name: str, folder: Path, card: dict[str, Any] | None = None, halts: bool = False, **more: Any
    ) -> None:
        super().__init__(name, folder, **more)
        self.card, self.halting, self.go_on = card, halts, Event()
        self.asked: list[str] = []
        self.RequestHandlerClass = DatasetAnswer


class DatasetAnswer(Answer):
    server: DatasetHub

    def answer(self, with_body: bool) -> None:
        hub, path = self.server, self.path.partition("?")[0]
        hub.asked.append(path)
        if hub.gone:
            self.close_connection = True
            return
        if hub.gated and "/resolve/" in path:
            return self.send(403, b"", with_body, {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"})
        if path in (f"/api/datasets/{hub.name}", f"/api/datasets/{hub.name}/revision/{COMMIT}"):
            files = sorted(file for file in hub.folder.rglob("*") if file.is_file())
            siblings = [
                {"rfilename": file.relative_to(hub.folder).as_posix(), "size": file.stat().st_size} for file in files
            ]
            known = {"id": hub.name, "sha": COMMIT, "siblings": siblings, "cardData": hub.card}
            return self.send(200, json.dumps(known).encode(), with_body, {"Content-Type": "application/json"})
        place = f"/datasets/{hub.name}/resolve/{COMMIT}/"
        if path.startswith(place):
            return self.file(hub.folder / path.removeprefix(place), with_body)
        if path.startswith(f"/api/datasets/{hub.name}/revision/"):
            return self.send(404, b"", with_body, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "no"})
        self.send(404, b"", with_body, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "no such dataset"})

    def send(self, status: int, content: bytes, with_body: bool, headers: dict[str, str]) -> None:
        if not (self.server.halting and with_body and len(content) > 50_000):
            return super().send(status, content, with_body, headers)
        super().send(status, content, False, headers)
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.server.go_on.wait(30)
        self.wfile.write(content[len(content) // 2 :])
