"""Starts the page: `python -m components --home DIR --port N [--no-browser] [--lan]`."""

import argparse
import logging
import os
import sys
import threading
import webbrowser
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.workspace import Workspace, open_workspace

DEFAULT_PORT = 7860


def main() -> int:
    options = parse(sys.argv[1:])
    try:
        workspace = open_workspace(options.home)
        prepare_process(workspace)
        # Only now: Gradio reads its environment when it is imported.
        from components import ports, security

        password = security.lan_password() if options.lan else None
        port = ports.choose(options.port, DEFAULT_PORT, "0.0.0.0" if options.lan else "127.0.0.1")
        serve(workspace, port, password, browser=not options.no_browser)
    except StudioError as error:
        print(f"{error.message}\n{error.hint}".strip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="components", description="Starts the Tunesmith page.")
    parser.add_argument("--home", type=Path, help="where models, data and runs are kept")
    parser.add_argument("--port", type=int, help=f"port of the page, {DEFAULT_PORT} unless it is taken")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    parser.add_argument("--lan", action="store_true", help="other computers may open the page, with a password")
    return parser.parse_args(arguments)


def prepare_process(workspace: Workspace) -> None:
    """Environment, working directory and log of the server.

    Gradio serves every file below its working directory, so it gets an empty one.
    """
    uploads, empty = workspace.scratch / "uploads", workspace.scratch / "empty"
    for folder in (uploads, empty):
        folder.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Set by a person for another Gradio app, these would undo what we set.
    for name in (
        "GRADIO_ALLOWED_PATHS",
        "GRADIO_SHARE",
        "GRADIO_SERVER_NAME",
        "GRADIO_ROOT_PATH",
        "GRADIO_MCP_SERVER",
    ):
        os.environ.pop(name, None)
    os.chdir(empty)
    handler = RotatingFileHandler(workspace.logs / "page.log", maxBytes=2_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def serve(workspace: Workspace, port: int, password: str | None, browser: bool) -> None:
    """Serve the page until Ctrl-C. Raises StudioError when it could not be started."""
    from components import app, security
    from components.live_charts import PLOTLY
    from components.sizing import Sizes
    from components.theme import make_theme
    from studio.chat.client import Chat
    from studio.datasets.inspection import Inspector
    from studio.datasets.xray import XRay
    from studio.sweeps.conductor import conduct
    from studio.training.keeper import Keeper
    from studio.training.queue import active_run
    from studio.training.readiness import dismiss, keep_ready
    from studio.workspace import ASSETS

    xray, chat, inspector, sizes = XRay(workspace), Chat(workspace), Inspector(workspace), Sizes(workspace)
    demo = app.build_app(workspace, xray, chat, inspector, sizes)
    demo.queue(default_concurrency_limit=8, api_open=False)
    options: dict[str, Any] = security.quiet_launch_options()
    if password:
        options |= {
            "auth": security.login(password),
            "auth_message": app.login_message(),
        }
    try:
        demo.launch(
            server_name="0.0.0.0" if password else "127.0.0.1",
            server_port=port,
            prevent_thread_lock=True,
            max_file_size="2gb",
            allowed_paths=[str(PLOTLY)],
            favicon_path=str(ASSETS / "icons" / "favicon.svg"),
            theme=make_theme(),
            css_paths=app.styles(),
            head=app.head(),
            app_kwargs={"middleware": security.middleware(security.own_hosts() if password else security.LOCAL)},
            **options,
        )
    except OSError as error:
        raise StudioError(
            f"The page could not be served on port {port}: {error}.", "Name another one with --port."
        ) from error
    address = f"http://127.0.0.1:{port}"
    print(f"Tunesmith is at {address}  (Ctrl-C ends it)", flush=True)
    if password:
        for host in security.own_hosts()[2:]:
            print(f"  for others: http://{host}:{port}", flush=True)
    threading.Thread(target=warm, args=(xray,), daemon=True).start()
    threading.Thread(target=tidy, args=(workspace,), daemon=True).start()
    keeper = Keeper(workspace, before=[conduct, keep_ready]).start()
    if browser:
        webbrowser.open(address)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        keeper.end()
        dismiss(workspace)
        going = active_run(workspace)
        print(
            "\nTunesmith has ended."
            + (f" The training “{going.name}” goes on; start again to see it." if going else "")
        )
        chat.close()
        xray.close()
        inspector.close()
        sizes.close()
        demo.close(verbose=False)


def warm(xray: Any) -> None:
    """What the first page and the first file will need; a failure shows itself there."""
    from studio.models.starter import STARTER
    from studio.training.run import overview, recipe_of

    try:
        import pandas.io.formats.style  # noqa: F401  # Gradio's table asks for it
        import pyarrow.parquet  # noqa: F401

        for run, _ in overview(xray.workspace):
            recipe_of(run)
        xray.warm(STARTER)
    except Exception:
        logging.getLogger("tunesmith.page").warning("Not everything was made ready", exc_info=True)


def tidy(workspace: Workspace) -> None:
    """Clear away versions that nothing names any more, and uploads of long ago."""
    from components.data_choice import kept_steps
    from studio.datasets.store import list_datasets
    from studio.datasets.sweeping import sweep
    from studio.training.in_use import fingerprints_of_runs

    try:
        chosen = {dataset.id: kept_steps(workspace, dataset.id) for dataset in list_datasets(workspace)}
        sweep(workspace, fingerprints_of_runs(workspace), chosen)
    except Exception:
        logging.getLogger("tunesmith.page").exception("Old versions were not cleared away")


if __name__ == "__main__":
    sys.exit(main())
