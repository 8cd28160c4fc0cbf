"""Whether a model's chat template suits the model and the rows, found out by writing a small talk with it.

Only jinja2 and a few files of the model are used, so that it can be told on the page before anything is loaded. The
template is a stranger's: it runs in jinja's sandbox, as transformers runs it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from studio.workspace import read_json

MARK = re.compile(r"<\|[^<>|\s]{1,40}\|>|<(?:start|end)_of_\w{1,30}>|</s>")
SYSTEM, ASK, TELL = "Be brief and kind.", "Where is my lamp?", "It is on its way to you."
FILES = (
    "chat_template.jinja",
    "chat_template.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "generation_config.json",
)


@dataclass(frozen=True)
class ChatFormat:
    """What a model's template can write.

    broken: why it writes not even one question and its answer, "" when it does. system: whether it takes a system
    message. repeats: whether it takes two turns of one side after each other. unknown: marks that it writes and that
    are no tokens of the model. endless: the mark that it ends an answer with, when the model is not told to stop there.
    """

    broken: str = ""
    system: bool = True
    repeats: bool = True
    unknown: list[str] = field(default_factory=list)
    endless: str = ""

    @property
    def notes(self) -> list[str]:
        """Sentences on what hinders no training and may surprise."""
        found = []
        if self.unknown:
            found.append(
                f"Its chat format writes {' and '.join(self.unknown[:3])}, which this model does not know as one token "
                "and reads as a row of letters. If the format was copied from another model, put its own back."
            )
        if self.endless:
            found.append(
                f"Its chat format ends an answer with {self.endless}, and its generation_config.json does not name "
                "that as a place to stop: untrained, it may talk on after its answer."
            )
        return found


def chat_format(folder: Path) -> ChatFormat | None:
    """What the template of a model folder can write; None when it has none. Asked again, it is known."""
    stamps = []
    for name in FILES:
        try:
            stamps.append((folder / name).stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return examined(folder, tuple(stamps))


@lru_cache(maxsize=64)
def examined(folder: Path, stamps: tuple[int, ...]) -> ChatFormat | None:
    settings = read_json(folder / "tokenizer_config.json")
    settings = settings if isinstance(settings, dict) else {}
    text = template_of(folder, settings)
    if not text:
        return None
    marks = {name: spelled(value) for name, value in settings.items() if name.endswith("_token") and spelled(value)}
    try:
        template = environment().from_string(text)
    except TemplateError as error:
        return ChatFormat(f"its template is no valid one ({one_line(error)})")
    config = read_json(folder / "config.json") or {}
    parts = "vision_config" in config  # such templates want a list of parts

    def write(*turns: tuple[str, str], asking: bool = False) -> str:
        messages = [{"role": r, "content": [{"type": "text", "text": t}] if parts else t} for r, t in turns]
        return template.render(messages=messages, tools=None, documents=None, add_generation_prompt=asking, **marks)

    return judged(write, folder)


def judged(write: Callable[..., str], folder: Path) -> ChatFormat:
    talk = (("user", ASK), ("assistant", TELL))
    try:
        read, said = write(talk[0], asking=True), write(*talk)
    except Exception as error:  # a template may fail in any way that an expression can
        return ChatFormat(f"it refuses a question with its answer ({one_line(error)})")
    if ASK not in said or TELL not in said:
        return ChatFormat("it leaves out what is said")
    if not said.startswith(read):
        return ChatFormat("it rewrites the question once the answer is known, so what to learn cannot be told")
    tokens = tokens_of(folder)
    written = list(dict.fromkeys(MARK.findall(said)))
    return ChatFormat(
        system=SYSTEM in attempt(write, ("system", SYSTEM), *talk),
        repeats=ASK in attempt(write, talk[0], *talk),
        unknown=[mark for mark in written if tokens and mark not in tokens],
        endless=endless_mark(folder, said.partition(TELL)[2], tokens),
    )


def attempt(write: Callable[..., str], *turns: tuple[str, str]) -> str:
    try:
        return write(*turns)
    except Exception:
        return ""


def endless_mark(folder: Path, rest: str, tokens: dict[str, int]) -> str:
    """The mark behind the answer when generation_config.json names others as places to stop, else ""."""
    found = MARK.match(rest.lstrip())
    known = read_json(folder / "generation_config.json")
    stops = known.get("eos_token_id") if isinstance(known, dict) else None
    if found is None or stops is None or found.group() not in tokens:
        return ""
    return "" if tokens[found.group()] in (stops if isinstance(stops, list) else [stops]) else found.group()


def tokens_of(folder: Path) -> dict[str, int]:
    """Tokens that are taken as a whole, with their ids; {} when the folder does not say."""
    known = read_json(folder / "tokenizer.json")
    added = known.get("added_tokens") if isinstance(known, dict) else None
    return {str(token["content"]): int(token["id"]) for token in added or []}


def template_of(folder: Path, settings: dict[str, Any]) -> str:
    """The template where transformers looks for it; of several the usual one; "" for none."""
    if (folder / "chat_template.jinja").exists():
        return (folder / "chat_template.jinja").read_text("utf-8")
    known = read_json(folder / "chat_template.json")
    found = (known.get("chat_template") if isinstance(known, dict) else None) or settings.get("chat_template")
    if isinstance(found, list):
        named = {each.get("name"): each.get("template") for each in found if isinstance(each, dict)}
        found = named.get("default") or next(iter(named.values()), "")
    return found if isinstance(found, str) else ""


def spelled(value: Any) -> str:
    """A special token, which is a text or an object with the text in it."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""


class Generation(Extension):
    """`{% generation %}`, with which some templates enclose what the assistant says; here it changes nothing."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def environment() -> ImmutableSandboxedEnvironment:
    """As transformers sets it up for chat templates (transformers.utils.chat_template_utils)."""

    def refuse(message: str) -> None:
        raise TemplateError(message)

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    made.filters["tojson"] = lambda value, **options: json.dumps(
        value, ensure_ascii=False, indent=options.get("indent")
    )
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return made


def one_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:150].rstrip(".")
