"""The words before and after a number, which tell what it is: “call 020 …” or “order no. 020 …”."""

import re

PHONE = re.compile(
    r"\b(?:tel|telephone|tél|télé|téléphone\w*|phone\w*|call(?:ed|ing|s)?|mobile?|mob|cell(?:phone)?|fax|whats\s?app|sms"
    r"|text(?:ed)? (?:me|us|him|her|them)|dial\w*|(?<!-)ring(?= (?:me|us|him|her|them|on|up)\b|\s*\Z)"
    r"|hotline|landline|extension|reach(?:ed|able)?|contact|voicemail"
    r"|(?:my|our|his|her|their|new|home|work|office|emergency) number"
    r"|telefon\w*|handy\w*|mobil\w*|ruf\w*|anruf\w*|angerufen|rückruf\w*|durchwahl|erreich\w*|nummer lautet|festnetz\w*"
    r"|appel\w*|portable|joindre|joignable|numéro|num|llam\w+|teléfono\w*|móvil|celular|número|contáct\w+"
    r"|telefono|cellulare|chiam\w+|telefone|ligue(?! ?[12]\b)|ligar|telefoon\w*|bel(?:len)?|mobiel|zadzwoń|komórk\w*"
    r"|ring[ae]|puhelin\w*|soita|signal|viber|телефон\w*|звон\w+|電話|电话|전화)\b|☎|📞|📱|✆"
    r"|\b(?:[tmpf]:|(?-i:[TMPF]\.))",  # but “p. 721” is a page, and “8 p.m.” a time
    re.IGNORECASE,
)
CARD = re.compile(
    r"\b(?:cards?|visa|credit|debit|paid|pay|charge\w*|(?:kredit)?karte\w*|carte|tarjeta|carta|cartão)\b", re.IGNORECASE
)
OTHER = re.compile(
    r"\b(?:order\w*|invoice\w*|tracking|track|parcel|shipment|reference|ref|ticket|case|customer|member\w*|article|item"
    r"|sku|serial|s/n|model|part|account|acct|id|isbn(?:-1[03])?|issn|imei|ean|gtin|upc|barcode|vat|tax|batch|lot|version"
    r"|claim|policy|booking|transaction|confirmation|po|page|pages|pp|zip|postcode|timestamp|unix|sum|total|price|amount"
    r"|code|population|score|doi|patent|bestell\w*|auftrag\w*|rechnung\w*|kunden\w*|artikel\w*|sendung\w*|paket\w*"
    r"|vertrag\w*|vorgang\w*|aktenzeichen|steuer\w*|ust\w*|commande|facture|colis|dossier|référence|réf|client|siret|siren"
    r"|pedido|factura|referencia|cliente|envío|seguimiento|ordine|fattura|bestelling|ordre)\b|[#№]",
    re.IGNORECASE,
)
BEFORE, AFTER = 45, 28  # characters; about a clause


def named_otherwise(text: str, start: int) -> bool:
    """Whether the words right before say that this number is an order, a ticket, a page…

    When they speak of a telephone too, the word that stands closer to the number counts.
    """
    before = text[max(0, start - BEFORE) : start]
    other = max((match.end() for match in OTHER.finditer(before)), default=-1)
    return other >= 0 and other > max((match.end() for match in PHONE.finditer(before)), default=-1)


def card_before(text: str, start: int) -> bool:
    return CARD.search(text, max(0, start - BEFORE), start) is not None


def phone_near(text: str, start: int, end: int) -> bool:
    """Whether a word of telephones stands before or after text[start:end]: “call …”, “… is my mobile”."""
    if PHONE.search(text, max(0, start - BEFORE), start):
        return True
    after = re.split(r"[.!?\n]\s", text[end : end + AFTER], maxsplit=1)[0]
    return PHONE.search(after) is not None
