"""What people write around a question: greetings before it, thanks behind it. The question itself stays to the letter.

Openings and closings are whole sentences, so that any two of them can stand around any question.
"""

import re
from random import Random

LONGEST = 400  # characters; behind a page of text nobody says “Quick question”
GREETED = re.compile(
    r"\W*(hello|hi|hey|dear|good (morning|afternoon|evening|day)|hallo|guten|liebe[rs]?|sehr geehrte|servus|moin|"
    r"bonjour|bonsoir|salut|cher|chère|hola|buenos|buenas|estimad[oa])\b",
    re.IGNORECASE,
)
ENDED = re.compile(r"[.!?…][\"'”»)]*\Z")

OPENINGS = {
    "en": (
        "", "Hello! ", "Hi there. ", "Good morning. ", "Hello, I hope you are well. ", "Sorry to bother you. ",
        "Hi, I could use some help. ", "Hello, here is what this is about. ",
    ),
    "de": (
        "", "Hallo! ", "Guten Tag. ", "Guten Morgen. ", "Hallo zusammen. ", "Entschuldigen Sie die Störung. ",
        "Hallo, ich brauche etwas Hilfe. ", "Guten Tag, es geht um Folgendes. ",
    ),
    "fr": (
        "", "Bonjour ! ", "Bonjour à vous. ", "Bonsoir. ", "Bonjour, j'espère que vous allez bien. ",
        "Désolé de vous déranger. ", "Bonjour, j'ai besoin d'aide. ", "Bonjour, voici de quoi il s'agit. ",
    ),
    "es": (
        "", "¡Hola! ", "Buenos días. ", "Buenas tardes. ", "Hola, espero que estén bien. ", "Perdonen la molestia. ",
        "Hola, necesito ayuda. ", "Hola, les cuento de qué se trata. ",
    ),
}  # fmt: skip
QUESTION_OPENINGS = {
    "en": ("Quick question: ", "Hi, I have a question. ", "Can you help me with this? "),
    "de": ("Kurze Frage: ", "Hallo, ich habe eine Frage. ", "Können Sie mir hier helfen? "),
    "fr": ("Petite question : ", "Bonjour, j'ai une question. ", "Pouvez-vous m'aider ? "),
    "es": ("Una pregunta rápida: ", "Hola, tengo una pregunta. ", "¿Me pueden ayudar con esto? "),
}
CLOSINGS = {
    "en": ("", "Thanks for your help.", "Thank you in advance!", "Thanks!", "Many thanks and best wishes."),
    "de": ("", "Danke für Ihre Hilfe.", "Vielen Dank im Voraus!", "Danke!", "Vielen Dank und viele Grüße."),
    "fr": ("", "Merci pour votre aide.", "Merci d'avance !", "Merci !", "Merci beaucoup et bonne journée."),
    "es": ("", "Gracias por su ayuda.", "¡Gracias de antemano!", "¡Gracias!", "Muchas gracias y un saludo."),
}


def framed(text: str, language: str, draw: Random) -> str:
    """The text with something before it, behind it, or both; the same text where a frame would not fit."""
    if language not in OPENINGS or "\n" in text.strip() or len(text) > LONGEST:
        return text
    openings = OPENINGS[language] + (QUESTION_OPENINGS[language] if "?" in text else ())
    opening = "" if GREETED.match(text) else draw.choice(openings)
    closing = draw.choice(CLOSINGS[language] if opening else CLOSINGS[language][1:])
    # Behind words that end without a mark, the thanks begin on a line of their own.
    join = "" if not closing else " " if ENDED.search(text.rstrip()) else "\n"
    return opening + text.strip() + join + closing
