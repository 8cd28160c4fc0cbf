"""Which models a person can choose, and whether each is on this computer, on its way, or still to be fetched."""

import os
from dataclasses import dataclass

import psutil

from studio.errors import StudioError
from studio.models.blueprint import architecture_of
from studio.models.catalogue import Model, find_model, from_hub, list_models
from studio.models.download_state import Download, look
from studio.models.gguf_name import origin_of
from studio.models.kinds import check_known
from studio.workspace import Workspace


@dataclass(frozen=True)
class State:
    """kind: "here", "partly" (see `download`), "away", or "too_new" for the installed transformers (see `reason`)."""

    kind: str
    download: Download | None = None
    reason: str = ""


@dataclass(frozen=True)
class Listing:
    """offline: a sentence when it is certain that there is no network, else "". Then what is here stands first."""

    models: list[tuple[Model, State]]
    offline: str


def state_of(model: Model) -> State:
    """Reads a few small files, and asks nobody."""
    download = None if model.on_disk else look(model.part)
    try:
        check_known(architecture_of(model), model.title)
    except StudioError as error:
        if model.on_disk or model.architecture:
            return State("too_new", download, error.text)
    if model.on_disk:
        return State("here")
    return State("partly", download) if download else State("away")


def list_with_states(workspace: Workspace) -> Listing:
    """The catalogue and whatever else has been brought into the home; offline, what is on disk stands first."""
    models = list_models(workspace)
    known = {model.folder for model in models}
    models += [model for model in brought(workspace) if model.folder not in known]
    listed = [(model, state_of(model)) for model in models]
    offline = no_network_here()
    if offline:
        ranks = {"here": 0, "partly": 1, "away": 2, "too_new": 2}
        listed.sort(key=lambda pair: ranks[pair[1].kind])
    return Listing(listed, offline)


def brought(workspace: Workspace) -> list[Model]:
    """Models in the home, whole or in part, that came from the hub by name or out of a GGUF file."""
    found = []
    for folder in sorted(workspace.models.iterdir()):
        owner, mark, name = folder.name.removesuffix(".part").partition("--")
        if mark and owner and name:
            found.append(from_hub(workspace, f"{owner}/{name}"))
        elif path := origin_of(folder):
            try:
                found.append(find_model(workspace, path))
            except StudioError:
                continue  # another file lies there now, and that one is broken
    return list({model.folder: model for model in found}.values())


def no_network_here() -> str:
    """A sentence when the hub can certainly not be reached, else "".

    Nothing is sent, because nobody asked for it: a network card that is up may still lead nowhere, and that is found
    out when a download is started.
    """
    if os.environ.get("HF_HUB_OFFLINE") == "1":
        return "This studio was started to stay offline, so only models that are on this computer can be used."
    cards = psutil.net_if_stats()
    addresses = psutil.net_if_addrs()
    local = ("127.", "::1", "fe80:", "169.254.")
    for name, card in cards.items():
        # The family AF_LINK is the card's own number, which it has without any network too.
        given = [each.address for each in addresses.get(name, []) if each.family != psutil.AF_LINK]
        if card.isup and any(not address.startswith(local) for address in given):
            return ""
    return "This computer has no network now, so only models that are on it can be used."
