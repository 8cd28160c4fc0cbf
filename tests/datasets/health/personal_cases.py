"""Texts with and without personal data, made from a seed: what is planted is known, so that a scanner can be judged.

Telephone numbers come from the plans of the countries (the examples of phonenumbers with other last digits), account
numbers from the registry of IBANs; nothing here reads the patterns of the scanner.
"""

import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from stdnum import iban, luhn, numdb

from studio.datasets.personal.scan import scan


def words(text: str) -> list[str]:
    return text.split()


ALPHANUMERIC = string.ascii_letters + string.digits
COUNTRIES = words(
    "US CA GB IE DE AT CH FR BE NL LU ES PT IT SE NO DK FI PL CZ GR HU RO BG TR RU UA IL AE SA EG ZA NG KE GH MA IN PK"
    " BD LK JP KR CN HK TW SG MY TH VN PH ID AU NZ BR MX AR CL CO PE UY CR"
)
WRITTEN = {
    "phone": [
        "Please call me on {} before noon.",
        "My number is {}, thanks.",
        "Sie erreichen mich unter {} ab 9 Uhr.",
        "Tel.: {}",
        "You can text me at {}.",
        "{} is my mobile.",
        "Appelez-moi au {} demain.",
        "Mi teléfono es {}.",
        "Anna Berg\nSales\nPhone {}\nFax on request",
        "I tried WhatsApp ({}) and nobody answered.",
        "Contact: {} (mornings only)",
        "Can your driver ring {} when he is here?",
    ],
    "e-mail": [
        "Write to {} please.",
        "My address is {}.",
        "Kontakt: {}",
        "<{}> wrote:",
        "From: Jo Li <{}>, Monday",
        "cc {}; thanks",
        "Account {}, password forgotten",
        "Send it to {}, not to the shop.",
        "mailto:{}",
        "Is “{}” still right?",
    ],
    "card": [
        "I paid with {} last week.",
        "Card number: {}, expires soon.",
        "Meine Karte {} wurde abgelehnt.",
        "Please charge {}.",
        "{} was declined twice",
        "The number on the front says {} and it does not work.",
    ],
    "iban": [
        "IBAN: {}",
        "Please refund to {}, thank you.",
        "Mein Konto ist {} bei der Sparkasse.",
        "{} AND NOT the old account",
        "Transfer it to {}.",
        "Virement sur le compte {} svp",
    ],
    "ip": [
        "Login from {} at noon.",
        "The server {} does not answer.",
        "I cannot ping {}.",
        "{} - - [request] GET /index",
        "Blocked address: {}",
        "My router shows {} as its outside address.",
        "ssh root@{}",
    ],
    "key": [
        "My key is {} and it fails.",
        "export KEY={}",
        "Use `{}` to log in.",
        "curl -H 'X-Key: {}' does not work",
        '{{"key": "{}"}}',
        "Oops, I posted {} here.",
    ],
}
NAMES = words("anna jo.li max.mustermann s.o'neil chidi_obi info+news mara-lena 7seas kundenservice zoë x j_9 jürgen")
DOMAINS = words(
    "gmail.com web.de posteo.net mail.co.uk uni-bonn.de laposte.fr firma.shop corp.example.org sub.a.b.io müller.de"
    " outlook.com qq.com yahoo.co.jp proton.me acme-tools.store"
)


class Case(NamedTuple):
    """A text and what was planted in it as (kind, value); nothing in a hard negative."""

    text: str
    planted: tuple[tuple[str, str], ...]


def planted_cases(count: int, seed: int = 0) -> list[Case]:
    """`count` texts with one value each, all kinds in turn."""
    dice = random.Random(seed)
    makers: list[tuple[str, Callable[[random.Random], str]]] = [
        ("phone", phone),
        ("e-mail", email),
        ("card", card),
        ("iban", account),
        ("ip", address),
        ("key", key),
    ]
    cases = []
    for number in range(count):
        kind, make = makers[number % len(makers)]
        if kind == "key" and dice.random() < 0.35:
            cases.append(labelled(dice))
            continue
        value = make(dice)
        cases.append(Case(dice.choice(WRITTEN[kind]).format(value), ((kind, value),)))
    return cases


def phone(dice: random.Random) -> str:
    while True:
        kind = dice.choice([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
        number = phonenumbers.example_number_for_type(dice.choice(COUNTRIES), kind)
        if number is None:
            continue
        number.national_number += dice.randrange(-3000, 3000)
        if phonenumbers.is_valid_number(number):
            break
    style = dice.choice(["international", "international", "national", "national", "e164", "00", "dots", "trunk"])
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    if style == "national":
        return phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    if style == "e164":
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if style == "00":
        return international.replace("+", "00")
    if style == "dots":
        return international.replace(" ", ".").replace("-", ".")
    if style == "trunk" and number.country_code in (44, 49, 41, 43):
        return international.replace(" ", " (0)", 1)
    return international


def email(dice: random.Random) -> str:
    name = dice.choice(NAMES) + dice.choice(["", "", str(dice.randrange(100))])
    return f"{name}@{dice.choice(DOMAINS)}" if dice.random() < 0.9 else f"{name}@{dice.choice(DOMAINS)}".upper()


def card(dice: random.Random) -> str:
    first, length, groups = dice.choice(
        [("4", 16, 4), ("51", 16, 4), ("2221", 16, 4), ("55", 16, 4), ("37", 15, 0), ("6011", 16, 4), ("3530", 16, 4)]
    )
    digits = first + digits_of(dice, length - len(first) - 1)
    digits += luhn.calc_check_digit(digits)
    separator = dice.choice(["", " ", "-"])
    if not separator:
        return digits
    if not groups:
        return separator.join((digits[:4], digits[4:10], digits[10:]))
    return separator.join(digits[at : at + groups] for at in range(0, length, groups))


def account(dice: random.Random) -> str:
    country = dice.choice(words("DE FR GB ES IT NL BE AT CH PT PL SE NO DK FI IE GR CZ RO HU LU MT TR SA AE IL BR"))
    structure = numdb.get("iban").info(country)[0][1]["bban"]
    letters = {"n": string.digits, "a": string.ascii_uppercase, "c": string.ascii_uppercase + string.digits}
    own, at = "", 0
    while at < len(structure):
        mark = structure.index("!", at)
        own += "".join(dice.choices(letters[structure[mark + 1]], k=int(structure[at:mark])))
        at = mark + 2
    number = country + iban.calc_check_digits(f"{country}00{own}") + own
    return dice.choice([number, iban.format(number), iban.format(number, "-")])


def address(dice: random.Random) -> str:
    if dice.random() < 0.6:
        return ".".join(str(dice.randrange(1, 255 if at else 223)) for at in range(4)).replace("127.", "128.", 1)
    groups = [f"{dice.randrange(0x1000, 0xFFFF):x}" for _ in range(8)]
    groups[0] = dice.choice(["2001", "2a02", "fe80", "2606", "fd00"])
    return ":".join(groups) if dice.random() < 0.5 else ":".join(groups[:3]) + "::" + groups[7]


def key(dice: random.Random) -> str:
    def some(length: int, letters: str = ALPHANUMERIC) -> str:
        return "".join(dice.choices(letters, k=length - 2)) + "a7"

    return dice.choice(
        [
            f"sk-proj-{some(48)}",
            f"sk-ant-api03-{some(90)}",
            f"AKIA{some(16, string.ascii_uppercase + string.digits).upper()}",
            f"AIza{some(35)}",
            f"ghp_{some(36)}",
            f"github_pat_{some(22)}_{some(59)}",
            f"glpat-{some(20)}",
            f"xoxb-{digits_of(dice, 12)}-{digits_of(dice, 12)}-{some(24)}",
            f"sk_live_{some(24)}",
            f"hf_{some(34)}",
            f"npm_{some(36)}",
            f"SG.{some(22)}.{some(43)}",
            f"eyJ{some(30)}.eyJ{some(60)}.{some(43)}",
            f"-----BEGIN RSA PRIVATE KEY-----\n{some(64)}\n{some(64)}\n-----END RSA PRIVATE KEY-----",
        ]
    )


def labelled(dice: random.Random) -> Case:
    """A secret that only the word before it gives away."""
    word = dice.choice(["blau", "Sommer", "pa55w", "Katze"]) + digits_of(dice, 3) + dice.choice("!#x")
    long = "".join(dice.choices(ALPHANUMERIC, k=30)) + "q4"
    text, value = dice.choice(
        [
            ("password: {}", word),
            ("Mein Passwort ist {} und ich komme nicht rein.", word),
            ("mot de passe : {}", word),
            ("PWD={}", word),
            ("token={}", long),
            ("api_key: '{}'", long),
            ('"secret": "{}"', long),
            ("Authorization: Bearer {}", long),
            ("postgres://shop:{}@db.internal/shop", word.replace("#", "x")),
        ]
    )
    return Case(text.format(value), (("key", value),))


def hard_negatives(count: int, seed: int = 0) -> list[Case]:
    """Texts in which numbers and names look like personal data, and are none."""
    dice = random.Random(f"hard {seed}")
    return [Case(dice.choice(NEGATIVES)(dice), ()) for _ in range(count)]


def digits_of(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(string.digits, k=count))


def time(dice: random.Random) -> str:
    return f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}"


def date(dice: random.Random) -> str:
    year, month, day = dice.randrange(1990, 2030), dice.randrange(1, 13), dice.randrange(1, 29)
    return dice.choice([f"{year}-{month:02}-{day:02}", f"{day:02}.{month:02}.{year}", f"{month:02}/{day:02}/{year}"])


def money(dice: random.Random) -> str:
    amount = dice.randrange(10**3, 10**8)
    return dice.choice([f"{amount:,}.00", f"{amount:,}".replace(",", " "), f"{amount:,}".replace(",", ".") + ",50"])


NEGATIVES: list[Callable[[random.Random], str]] = [
    lambda d: f"My order number is {digits_of(d, d.choice([7, 8, 9, 10, 12]))}, where is it?",
    lambda d: f"Order #{digits_of(d, 3)}-{digits_of(d, 7)}-{digits_of(d, 7)} has not arrived.",
    lambda d: f"Bestellung {digits_of(d, 10)} vom {date(d)} fehlt.",
    lambda d: f"Invoice {digits_of(d, 4)}-{digits_of(d, 5)} is dated {date(d)}.",
    lambda d: f"Tracking number {digits_of(d, 20)}",
    lambda d: f"It was posted on {date(d)} at {time(d)}.",
    lambda d: f"Between {date(d)} and {date(d)} we were closed.",
    lambda d: f"He lived here {d.randrange(1900, 1950)}-{d.randrange(1950, 2020)} with his sister.",
    lambda d: f"Update to version {d.randrange(20)}.{d.randrange(30)}.{d.randrange(900)}.{d.randrange(200)} first.",
    lambda d: f"numpy=={d.randrange(3)}.{d.randrange(30)}.{d.randrange(9)}, torch v{d.randrange(3)}.{d.randrange(9)}",
    lambda d: f"See section {d.randrange(1, 9)}.{d.randrange(1, 19)}.{d.randrange(1, 9)}.{d.randrange(1, 9)} below.",
    lambda d: f"That costs {money(d)} euros, or ${money(d)}.",
    lambda d: f"The town has {money(d)} people and {money(d)} trees.",
    lambda d: f"ISBN 978-{d.randrange(10)}-{digits_of(d, 2)}-{digits_of(d, 6)}-{d.randrange(10)}",
    lambda d: f"ISBN-10: {d.randrange(10)}-{digits_of(d, 3)}-{digits_of(d, 5)}-{d.randrange(10)}",
    lambda d: f"{d.randrange(10**5)} + {d.randrange(10**6)} = {d.randrange(10**7)}",
    lambda d: f"Pi is about 3.{digits_of(d, 12)}, the constant is 0.{digits_of(d, 10)}.",
    lambda d: f"The file is {d.randrange(10**9)} bytes long, hash {d.randbytes(16).hex()}.",
    lambda d: f"https://shop.test/item/{digits_of(d, 10)}?ref={digits_of(d, 12)}&at={digits_of(d, 10)}",
    lambda d: f"The network card says {':'.join(d.randbytes(1).hex() for _ in range(6))}.",
    lambda d: "Use std::vector<int> or Foo::Bar::baz() and a[1::2].",
    lambda d: f"At {time(d)} and {time(d)} the alarm rang.",
    lambda d: f"Not a card: {d.randrange(1, 10)}{digits_of(d, 2)}0 {digits_of(d, 4)} {digits_of(d, 2)}",
    lambda d: f"@anna and @max{d.randrange(99)} like icon@2x.png, lodash@{d.randrange(9)}.{d.randrange(9)}.1 too.",
    lambda d: "Clone git@github.com:acme/shop.git, then ask @admin.",
    lambda d: "The password must be at least 12 characters long; a token is a piece of a word.",
    lambda d: "Set api_key=YOUR_API_KEY_HERE_12 or password: <password1>, or token=${TOKEN_2026}.",
    lambda d: f"Your password is: required. Token count: {d.randrange(10**4)} tokens.",
    lambda d: "Listen on 127.0.0.1 or 0.0.0.0 with mask 255.255.255.0.",
    lambda d: f"The part {d.choice('ABX')}{digits_of(d, 10)} fits model {digits_of(d, 4)}-{digits_of(d, 6)}.",
    lambda d: f"DE{digits_of(d, 9)} is our VAT number.",
    lambda d: f"uuid {d.randbytes(4).hex()}-{d.randbytes(2).hex()}-{d.randbytes(2).hex()}-{d.randbytes(6).hex()}",
    lambda d: f"Coordinates {d.uniform(-90, 90):.6f}, {d.uniform(-180, 180):.6f}",
    lambda d: f"Unix time {d.randrange(10**9, 2 * 10**9)}; latency {d.uniform(1, 99):.4f} ms",
    lambda d: f"Pages {d.randrange(100, 999)}-{d.randrange(1000, 1999)}, volume {d.randrange(99)}",
    lambda d: f"Scores: {' '.join(digits_of(d, 2) for _ in range(6))}",
    lambda d: f"We sold {d.randrange(1000, 9999)} 2024 and {d.randrange(1000, 9999)} in 2025.",
]


def judge(cases: list[Case]) -> dict[str, tuple[float, float, int]]:
    """Recall, precision and number planted of every kind; a find counts when kind and both ends are right."""
    right, planted, found = Counter[str](), Counter[str](), Counter[str]()
    for case in cases:
        spans = {(span.kind, span.text) for span in scan(case.text)}
        planted.update(kind for kind, _ in case.planted)
        found.update(kind for kind, _ in spans)
        right.update(kind for kind, _ in spans & set(case.planted))
    return {kind: (right[kind] / planted[kind], right[kind] / max(1, found[kind]), planted[kind]) for kind in planted}


def mistakes(cases: list[Case]) -> Iterator[str]:
    """The cases that went wrong, for people."""
    for case in cases:
        spans = {(span.kind, span.text) for span in scan(case.text)}
        if spans != set(case.planted):
            yield f"{case.text!r}: planted {case.planted}, found {sorted(spans)}"
