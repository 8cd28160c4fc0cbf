"""Taking a file in without making anybody wait: asked of a helper process, watched and cancelled from the page."""

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Condition, Lock, Thread

from studio.child import Child, Reply
from studio.datasets.table_file import clear_left
from studio.errors import StudioError
from studio.workspace import Workspace

log = logging.getLogger("tunesmith.data")
PATIENCE = 3.0  # seconds that a cancelled helper has to stop by itself


class Reading:
    """The owner's end: one file, or one dataset of the hub, at a time.

    Replies are {"rows", "share", "head": {"columns", "data"}, "note"} a few times a second, `head` empty while there
    are no rows, then {"dataset": id}, or {"cancelled": True}. The answer to `look_hub` is {"found": {...}} alone, see
    reading_helper.look_at. Whoever wants to wait iterates; whoever looks now and then asks for `latest`.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.child = Child("studio.datasets.reading_helper", log=workspace.logs / "reading.log")
        self.news = Condition()
        self.replies = 0  # counts those of this reading
        self.reply: Reply = {}
        self.error: StudioError | None = None
        self.thread: Thread | None = None
        self.stopping = False
        self.beginning = Lock()  # of two who ask at once, one begins

    @property
    def busy(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def start(self, path: Path | str, name: str | None = None, sheet: str | None = None) -> None:
        """Begin to read a file. Raises StudioError while another one is being read."""
        self.begin({"path": str(Path(path).resolve()), "name": name or Path(path).name, "sheet": sheet})

    def start_hub(self, name: str, configuration: str = "", split: str = "", revision: str = "") -> None:
        """Begin to bring a dataset of the Hugging Face hub: “owner/name” or the address of its page.

        configuration, split: "" for the usual ones. revision: a commit, "" for the newest. Raises as `start` does.
        """
        self.begin({"hub": {"name": name, "configuration": configuration, "split": split, "revision": revision}})

    def look_hub(self, name: str) -> None:
        """Begin to ask the hub which configurations and splits a dataset has. Raises as `start` does."""
        self.begin({"look": name})

    def begin(self, request: Reply) -> None:
        with self.beginning:
            if self.busy:
                raise StudioError("Another file is being read.", "Wait until it is done, or cancel it.")
            self.reply, self.error, self.replies, self.stopping = {}, None, 0, False
            self.thread = Thread(target=self.listen, args=({"home": str(self.workspace.home), **request},), daemon=True)
            self.thread.start()

    def listen(self, request: Reply) -> None:
        error = process = None
        try:
            process = self.child.started()
            for reply in self.child.ask(request):
                if reply:  # the mark of the end carries nothing else
                    self.tell(reply)
        except StudioError as found:
            error = found
        except Exception:  # whatever it is, somebody waits for an answer
            log.exception("Reading failed")
            error = StudioError("It could not be read, because something went wrong in the studio.", "Try again.")
        finally:
            if self.stopping and error is not None:
                self.tell({"cancelled": True})
            elif error is not None:
                self.error = error
            self.child.close()  # its memory is given back; the next reading starts in about a second
            if process is not None:
                process.wait()
                clear_left(self.workspace, process.pid)
            with self.news:
                self.thread = None
                self.news.notify_all()

    def tell(self, reply: Reply) -> None:
        with self.news:
            self.reply, self.replies = reply, self.replies + 1
            self.news.notify_all()

    def latest(self) -> Reply:
        """The newest reply, {} before the first. Raises StudioError when the file could not be read."""
        if self.error is not None:
            raise self.error
        return self.reply

    def __iter__(self) -> Iterator[Reply]:
        """Replies until the last one; a slow listener gets the newest. Raises StudioError as `latest` does."""
        seen = 0
        while True:
            with self.news:
                self.news.wait_for(lambda seen=seen: self.replies > seen or self.thread is None)  # type: ignore[misc]
                reply, new, ended = self.reply, self.replies > seen, self.thread is None
                seen = self.replies
            if new:
                yield reply
            if ended:
                self.latest()
                return

    def cancel(self) -> None:
        """Stop reading and leave nothing behind. A helper that does not stop by itself is ended."""
        thread = self.thread
        if thread is None or not thread.is_alive():
            return
        self.stopping = True
        if self.replies:
            self.child.send({"stop": True})
            thread.join(PATIENCE)  # before its first reply it may not hear yet, and has nothing worth waiting for
        while thread.is_alive():  # it may just be about to start its helper, so once is not enough
            self.child.close()
            thread.join(0.2)

    def close(self) -> None:
        self.cancel()
        self.child.close()
