"""Which versions of data the runs of a home learned from, so that these are never cleared away."""

import tomllib

from studio.workspace import Workspace, speaking_of_disk


def fingerprints_of_runs(workspace: Workspace) -> set[str]:
    """The fingerprints that the recipes of all runs name, waiting ones too.

    The recipes are not checked against today's fields: one that an older studio wrote names its rows all the same.
    """
    found = set()
    for file in workspace.runs.glob("*/recipe.toml"):
        with speaking_of_disk(file):
            text = file.read_bytes()
        try:
            data = tomllib.loads(text.decode("utf-8")).get("data")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue  # no run can be made of it any more
        if isinstance(data, dict) and data.get("fingerprint"):
            found.add(str(data["fingerprint"]))
    return found
