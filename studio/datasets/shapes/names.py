"""What people call their columns, in English and German; the first name of a list wins."""

import re

NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        *("id", "ids", "uid", "uuid", "guid", "idx", "index", "nr", "no", "row", "row number", "number of row", "key"),
        *("url", "link", "date", "datum", "time", "timestamp", "created at", "updated at", "zeile", "lfd nr"),
    ),
    "prompt": (
        *("prompt", "question", "instruction", "input", "query", "request", "user", "message", "problem", "task"),
        *("frage", "anfrage", "anweisung", "aufgabe", "eingabe", "nachricht", "human"),
    ),
    # What a reply refers to when nothing in the table is called a prompt.
    "source": ("article", "document", "dialogue", "dialog", "source", "text", "passage", "content", "title", "artikel"),
    "reply": (
        *("reply", "answer", "response", "completion", "output", "assistant", "target", "solution", "answers"),
        *("antwort", "antworten", "ausgabe", "lösung", "loesung"),
        *("summary", "translation", "zusammenfassung", "übersetzung", "highlights"),
    ),
    "context": ("context", "background", "reference", "kontext", "hintergrund"),
    "passage": ("passage", "context", "paragraph", "article", "document", "story", "kontext", "textstelle", "absatz"),
    "question": ("question", "query", "frage"),
    "answer": ("answer", "answers", "antwort", "antworten"),
    "instruction": ("instruction", "anweisung", "aufgabe"),
    "input": ("input", "eingabe"),
    "output": ("output", "response", "ausgabe", "antwort"),
    "history": ("history", "verlauf"),
    "system": ("system", "system prompt", "system message", "systemprompt", "systemnachricht"),
    "tools": ("tools", "functions", "function definitions", "werkzeuge"),
    "conversation": (
        *("messages", "conversations", "conversation", "dialog", "dialogue", "dialogs", "turns", "chat", "chats"),
        *("gespräch", "gespräche", "unterhaltung", "verlauf"),
    ),
    "chosen": (
        *("chosen", "preferred", "preferred output", "accepted", "better", "winner", "chosen response", "bevorzugt"),
        *("besser", "bessere antwort"),
    ),
    "rejected": (
        *("rejected", "non preferred", "non preferred output", "dispreferred", "worse", "loser", "rejected response"),
        *("abgelehnt", "schlechter", "schlechtere antwort"),
    ),
    "verdict": (
        *("label", "kto tag", "thumbs", "thumb", "feedback", "verdict", "vote", "rating", "liked", "helpful", "good"),
        *("is good", "upvoted", "accepted", "daumen", "bewertung", "hilfreich", "urteil"),
    ),
    "text": (
        *("text", "sentence", "content", "body", "review", "comment", "tweet", "post", "utterance", "message"),
        *("description", "ticket", "satz", "inhalt", "kommentar", "nachricht", "beschreibung", "rezension"),
    ),
    "document": (
        *(
            "text",
            "document",
            "content",
            "body",
            "article",
            "paragraph",
            "passage",
            "page content",
            "markdown",
            "story",
        ),
        *("dokument", "inhalt", "artikel", "absatz"),
    ),
    "title": ("title", "titel", "headline", "heading", "name", "überschrift"),
    "label": (
        *(
            "label",
            "labels",
            "category",
            "categories",
            "class",
            "intent",
            "sentiment",
            "topic",
            "topics",
            "tag",
            "tags",
        ),
        *("genre", "genres", "emotion", "emotions", "department", "priority", "type", "kategorie", "kategorien"),
        *("klasse", "absicht", "stimmung", "thema", "themen", "abteilung", "priorität", "art"),
    ),
    "number": (
        *(
            "score",
            "rating",
            "stars",
            "price",
            "value",
            "amount",
            "grade",
            "target",
            "hours",
            "minutes",
            "days",
            "cost",
        ),
        *(
            "count",
            "similarity",
            "punkte",
            "bewertung",
            "sterne",
            "preis",
            "betrag",
            "note",
            "wert",
            "stunden",
            "dauer",
        ),
    ),
    "group": (
        *("conversation id", "session id", "thread id", "dialog id", "dialogue id", "chat id", "ticket id"),
        *("document id", "doc id", "article id", "user id", "customer id", "kundennummer", "session", "thread"),
        *("document", "file", "filename", "file name", "document name", "datei", "dateiname", "group", "gruppe"),
    ),
}


def plain(name: str) -> str:
    """A name as it stands in the lists: “Reply_Text” and “replyText” are both “reply text”."""
    return " ".join(words_of(name))


def words_of(name: str) -> list[str]:
    """The words that a column's name is made of, in lower case."""
    parted = re.sub(r"([a-zäöüß0-9])([A-ZÄÖÜ])", r"\1 \2", name)
    return re.findall(r"[^\W_]+", parted.lower())
