"""Insulting and abusive words, found with a short list. A list of words knows no irony and no quotations."""

import re
from typing import Any

from studio.datasets.health.check import Check, Data, Found, Mended, in_rows, removing
from studio.datasets.health.passages import found_at, passages, quote_around, row_name

# Whole words, lower case. Left out: words that are harmless in one of the other languages (“con”, “dick”, “fick”).
ENGLISH = """
asshole assholes arsehole arseholes bastard bastards bitch bitches bollocks bullshit cocksucker cunt cunts dickhead
dickheads dipshit dumbass dumbfuck faggot faggots fuck fucked fucker fuckers fuckface fuckhead fucking fuckwit
idiot idiots imbecile jackass knobhead moron morons moronic motherfucker motherfuckers motherfucking nigger niggers
retarded scumbag scumbags shitbag shite shithead shitheads shitty sluts tosser tossers twat twats
wanker wankers whore whores
"""
GERMAN = """
abschaum arsch arschgeige arschloch arschlöcher bastarde blödmann dreckschwein dreckskerl dreckstück drecksau drecksack
dummkopf dumpfbacke fettsack ficken ficker fickt flachwichser fotze fotzen hackfresse hirnlos hohlkopf huren hure
hurensohn hurensöhne idioten idiotin idiotisch kanake kanaken kotzbrocken miststück mistkerl missgeburt nutte nutten
pisser schlampe schlampen schwachkopf schwachsinnig schwuchtel schwuchteln scheißkerl spast spasti trottel verpiss
vollidiot vollidioten vollpfosten wichser
"""
FRENCH = """
abruti abrutie abrutis bâtard bâtards batard bougnoule bouffon connard connards connarde connasse connasses conne
couillon crétin crétine crétins débile débiles encule enculé enculés enculer enfoiré enfoirés foutre idiote idiotes
imbécile imbéciles merdeux ntm pédé pétasse pouffiasse putain putes salaud salauds salopard salope salopes
trouduc
"""
SPANISH = """
baboso boludo boluda cabrón cabron cabrona cabrones capullo chingada chingar cojones estúpido estúpida estúpidos
gilipollas hijueputa hijoputa huevón idiotas imbécil imbéciles jodete jódete jodido joder malnacido malparido marica
maricón maricones mierda pendejo pendeja pendejos puta putas puto putos subnormal tarado
"""
WORDS = frozenset(" ".join((ENGLISH, GERMAN, FRENCH, SPANISH)).split())
WORD = re.compile(r"\w+")
SPACES = str.maketrans(dict.fromkeys(".,;:!?\"()[]{}*<>“”«»„¡¿…/&+=-–—_'’", " "))
# Milder words hurt only when they are aimed at somebody.
AIMED = re.compile(
    r"\b(?:you(?:'re|’re| are)(?: all| so| such| really| just)?(?: an?)? (?:stupid|dumb|ugly|worthless|pathetic|trash)"
    r"|(?:du bist|ihr seid|sie sind)(?: so| echt| wirklich)? (?:dumm|blöd|doof|hässlich|erbärmlich|wertlos)"
    r"|halt(?:s| die| dein) (?:maul|fresse|klappe)"
    r"|(?:tu es|vous êtes)(?: trop| si| vraiment)? (?:con|stupide|bête|nul|nulle|laid|moche|pathétique)|ta gueule"
    r"|(?:eres|sois)(?: un| una| muy| tan)? (?:tonto|tonta|feo|fea|inútil|patético|basura)|cállate la boca)\b"
    # As orders, which begin a clause: “so he shut up” tells a story.
    r"|(?:\A|[^\w\s’'-]\s*|\n\s*|\b(?:just|please|oh|you|hey|ok|okay|should|go and) )"
    r"(?:shut up|drop dead(?! gorgeous)|go to hell|(?:go )?kill yourself)\b"
)
NONE = (0, 0)
AIM = re.compile("you|du b|ihr s|sie s|halt|tu es|vous|eres|sois|ta g|cáll|shut|drop|go to|kill")


def find(data: Data) -> Found | None:
    positions: list[int] = []
    examples: list[str] = []
    answered = 0
    for position, text in enumerate(passages(data)):
        lowered = text.lower()
        # Most rows are done here: a set of the words costs a tenth of a long alternation.
        if WORDS.isdisjoint(lowered.translate(SPACES).split()) and not (AIM.search(lowered) and AIMED.search(lowered)):
            continue
        positions.append(position)
        answered += insult(str(data.texts["reply"].iat[position])) != NONE
        if len(examples) < 3:
            examples.append(f"{row_name(data, position)}: {quote_around(text, *insult(text))}")
    where = f", {answered:,} in the answer" if data.kind in ("chat", "preference", "feedback") else ""
    return found_at(positions, examples, in_rows(data, len(positions)) + where)


def insult(text: str) -> tuple[int, int]:
    """Start and end of the first insult of a text; NONE when there is none."""
    lowered = text.replace("İ", "i").lower()  # the one letter that would grow, and move all places after it
    listed = next((match for match in WORD.finditer(lowered) if match[0] in WORDS), None)
    match = listed or AIMED.search(lowered)
    return match.span() if match else NONE


def mend(data: Data, found: Found, options: Any) -> Mended:
    return removing(data, found, options)


CHECK = Check(
    name="insults",
    title="Insults",
    why="The model learns this tone from what it is to write, not from what it only reads. Found with a list of words, "
    "which is not a judgement: quotations and stories count too.",
    severity="note",
    find=find,
    fix="Leave these rows out",
    mend=mend,
)
