"""The written parts of the Export tab: the adapter and its proof, the snippet, the model card."""

from components.html import count, escape, megabytes
from components.icons import icon
from studio.export.bundle import ExportState

EMPTY = (
    '<div class="ts-empty"><p><b>Nothing to take away yet.</b> Train a model first; its download is prepared and '
    "checked here by itself.</p></div>"
)
COPY = """
element.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const code = element.querySelector('code');
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // Without https (--lan) the browser keeps its clipboard to itself: select the text and ask the old way.
    getSelection().selectAllChildren(code);
    document.execCommand('copy');
  }
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
});
"""


HOLDS = {
    "adapter": "Only what your training added, with the tokenizer and the model card. Small, and easy to undo. "
    "Needs the base model to run.",
    "model": "All of the model as your training left it, with the tokenizer and the model card. Needs nothing else to "
    "run.",
}


def download(state: ExportState) -> str:
    """What the zip holds."""
    title = "Whole model" if state.what == "model" else "Adapter"
    size = f'<span class="ts-muted">{megabytes(state.megabytes)}</span>' if state.megabytes else ""
    return (
        f'<div class="ts-row ts-top"><span class="ts-t-acc">{icon("save", "l")}</span><div class="ts-grow">'
        f'<div class="ts-row ts-between"><h2>{title}</h2>{size}</div>'
        f"<p>{HOLDS[state.what]}</p></div></div>"
    )


def status(state: ExportState) -> str:
    """The proof in one line; `role=status`, because it changes by itself."""
    return verdict_line(*verdict(state))


def verdict_line(sign: str, colour: str, text: str) -> str:
    return f'<p class="ts-verified {colour}" role="status">{sign}<span>{text}</span></p>'


def verdict(state: ExportState) -> tuple[str, str, str]:
    if state.status == "working":
        return (
            '<span class="ts-breathe"></span>',
            "ts-muted",
            f"<b>Being prepared.</b> {escape(state.phase)}.",
        )
    if state.status == "failed":
        return icon("x", "s"), "ts-t-bad", f"<b>This did not work.</b> {escape(state.error)}"
    if state.status == "ready":
        asked = count(state.asked, "question" if state.proof == "answers" else "test text")
        came = f"same {state.proof} {'to' if state.proof == 'answers' else 'for'}"
        if not state.asked:
            return (
                icon("info", "s"),
                "ts-t-warn",
                "<b>Loaded again in a fresh program.</b> There were no questions to ask it.",
            )
        if state.same == state.asked:
            return (
                icon("check", "s"),
                "ts-t-good",
                f"<b>Verified.</b> Loaded again in a fresh program, {came} {state.same} of {asked}.",
            )
        return (
            icon("warn", "s"),
            "ts-t-warn",
            f"<b>Not the same.</b> Loaded again in a fresh program, {came} only {state.same} of {asked}. "
            "Prepare it again; if that does not help, do not rely on this download.",
        )
    return icon("info", "s"), "ts-muted", "<b>Not prepared yet.</b>"


def snippet(code: str, what: str = "adapter") -> str:
    """The lines of Python that load it. what: the folder it is to be unpacked into."""
    if not code:
        return ""
    return (
        '<div class="ts-row ts-between"><div><h3>Use it in Python</h3><p class="ts-help">Unpack the zip into a folder '
        f'called <span class="ts-mono">{escape(what)}</span>, then run these lines beside it.</p></div>'
        '<button type="button" class="ts-link" data-copy>Copy</button></div>'
        f'<pre class="ts-code" tabindex="0" role="region" aria-label="Python code"><code>{escape(code)}</code></pre>'
    )


def card_text(card: str) -> str:
    """The model card's Markdown without its YAML head, and with nothing in it that could load or run anything.

    The head is for the Hugging Face hub. Names in the card are what people typed.
    """
    parts = card.split("---\n", 2)
    body = parts[2] if card.startswith("---\n") and len(parts) == 3 else card
    # Without a language the code is not coloured: Gradio's colours are too faint to read.
    return body.replace("<", "&lt;").replace("![", "!\\[").replace("```python", "```")
