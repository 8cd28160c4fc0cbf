"""Keys, tokens and passwords: by the shapes that their makers gave them, or by the word that stands before them."""

import re
from collections.abc import Iterator

from studio.datasets.personal.span import Span

# One line a maker, as each documents its own; what stands before “:” must be in the text for the pattern to be tried.
SHAPES = {
    "sk-": r"sk-(?:proj-|ant-[a-z0-9]+-|or-v1-|svcacct-)?[A-Za-z0-9_-]{20,200}",  # OpenAI, Anthropic, OpenRouter
    "AKIA": r"AKIA[0-9A-Z]{16}",  # Amazon Web Services
    "ASIA": r"ASIA[0-9A-Z]{16}",
    "AIza": r"AIza[0-9A-Za-z_-]{35}",  # Google
    "ya29.": r"ya29\.[0-9A-Za-z_-]{20,300}",
    "GOCSPX-": r"GOCSPX-[0-9A-Za-z_-]{28}",
    "gh": r"gh[pousr]_[A-Za-z0-9]{36,251}",  # GitHub
    "github_pat_": r"github_pat_[A-Za-z0-9_]{22,255}",
    "glpat-": r"glpat-[A-Za-z0-9_-]{20,60}",  # GitLab
    "xox": r"xox[abeprs]-[A-Za-z0-9-]{10,250}",  # Slack
    "hooks.slack.com": r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,80}",
    "_live_": r"[spr]k_live_[A-Za-z0-9]{16,120}",  # Stripe
    "_test_": r"[spr]k_test_[A-Za-z0-9]{16,120}",
    "whsec_": r"whsec_[A-Za-z0-9+/=]{24,80}",
    "hf_": r"hf_[A-Za-z0-9]{30,60}",  # Hugging Face
    "npm_": r"npm_[A-Za-z0-9]{36}",
    "pypi-": r"pypi-AgE[A-Za-z0-9_-]{40,250}",
    "SG.": r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}",  # SendGrid
    "key-": r"key-[0-9a-f]{32}",  # Mailgun
    "shp": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",  # Shopify
    "dop_v1_": r"dop_v1_[a-f0-9]{64}",  # DigitalOcean
    ":AA": r"\d{8,10}:AA[A-Za-z0-9_-]{33}",  # Telegram bots
    "eyJ": r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{10,2000}",  # JSON Web Tokens
}
PATTERNS = {hint: re.compile(rf"(?<![A-Za-z0-9_]){shape}(?![A-Za-z0-9_])") for hint, shape in SHAPES.items()}
BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----.{0,20000}?"
    r"(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
IN_ADDRESS = re.compile(r"(?<=://)[\w.+-]{0,60}:(?P<secret>[^\s:/@]{3,100})@(?=[\w\[])")
# Matched against lower case: to ignore case while searching is many times slower.
LABEL = re.compile(
    r"(?P<label>passw(?:or)?d|passwort|kennwort|mot de passe|contraseña|senha|passphrase|pwd|secret(?:[_ -]?key)?"
    r"|(?:api|auth|private)[_ -]?key|access[_ -]?key(?:[_ -]?id)?|token|bearer)[\"'`]?"
    r"(?:\s{0,3}(?::|=>?|:=|is|lautet|ist|est|es|é)\s{0,3}|(?<=bearer)\s)[\"'`“„«]?"
    r"(?P<secret>[^\s\"'`“”«»<>,;]{6,400})"
)
LABEL_HINTS = ("pass", "pwd", "ennwort", "contrase", "senha", "secret", "key", "token", "earer")
EMPTY = re.compile(
    r"[\[{(<$%*•.]|fake-|your|my[_-]|xxx|example|changeme|process\.|os\.|env|self\.|get|none|null|pass(?:word|wd)?\Z|secret\Z",
    re.I,
)


def keys(text: str) -> Iterator[Span]:
    for hint, pattern in PATTERNS.items():
        if hint in text:
            for match in pattern.finditer(text):
                if hint != "sk-" or mixed(match[0][3:]):
                    yield Span(match.start(), match.end(), "key", match[0])
    if "PRIVATE KEY" in text:
        for match in BLOCK.finditer(text):
            yield Span(match.start(), match.end(), "key", match[0])
    if "://" in text and "@" in text:
        for match in IN_ADDRESS.finditer(text):
            if not EMPTY.match(match["secret"]):
                yield Span(match.start("secret"), match.end("secret"), "key", match["secret"])
    lowered = text.replace("İ", "i").lower()  # the one letter that would grow, and move all places after it
    if any(hint in lowered for hint in LABEL_HINTS):
        yield from labelled(text, lowered)


def labelled(text: str, lowered: str) -> Iterator[Span]:
    """The secret alone, without the word before it."""
    for match in LABEL.finditer(lowered):
        start, end = match.span("secret")
        secret = text[start:end].rstrip(".?)]}:")  # the end of the sentence, more often than of the password
        if not EMPTY.match(secret) and secret_looking(secret, match["label"]):
            yield Span(start, start + len(secret), "key", secret)


def secret_looking(secret: str, label: str) -> bool:
    """Not a plain word or number: passwords mix at least two kinds of characters, keys are long besides."""
    if "(" in secret or "/" in secret[:2] or "://" in secret:
        return False  # a call, a path, an address
    if label.startswith(("pass", "pwd", "kennwort", "mot", "contra", "senha")):
        kinds = sum(re.search(kind, secret) is not None for kind in (r"[a-zà-ÿ]", r"[A-Z]", r"\d", r"[^\w.-]"))
        return len(secret) >= 6 and kinds >= 2 and (any(c.isdigit() for c in secret) or kinds >= 3)
    return len(secret) >= 12 and mixed(secret)


def mixed(secret: str) -> bool:
    """Letters and digits, as in random text; a name such as “sk-learn-contributions” has no digits."""
    return any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret)
