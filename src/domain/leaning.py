"""Telling that a question leans on what was said before, in five languages.

A pronoun leans outwards unless the question itself said before, in an earlier clause, what it stands for.
"""

import re
from collections.abc import Mapping, Sequence

from domain.stopwords import QUESTION_WORDS, stop_words

PRONOUNS: Mapping[str, str] = {
    "en": r"\b(?:it|its|they|them|their|theirs|he|she|him|her|his)\b|\b(?:this|these|those)\b(?! who| that| which)"
    r"|\b(?:do|about|for|of|with|to|is|does|like|after|before|without) that\b|\bthat one\b|\bthat\b(?=\s*[?.!]"
    r"|$)|\b(?:there"
    r"|here)\b(?=\s*[?.!]|$)"
    r"|\b(?:which|the other|another|what) one\b|\bones?\b(?=\s*[?.!]|$)|\b(?:either|both|any|some|all) of (?:it"
    r"|them|these|those)\b",
    "de": r"\b(?:es|ihn|ihm|ihnen|dort|dafür|damit|davon|darauf|daran|dazu|dabei|dessen|deren|beides)\b"
    r"|\b(?:ist|sind|kostet|geht|heißt|für|wie|mit|kann|macht|dauert|gilt) (?:das|sie|die)\b(?! \w)"
    r"|\bdas\b(?=\s*(?:auch|denn|dann|so|\w+n\s*\?|\?|$))"
    r"|\b(?:dies\w*|jene\w*)\b",
    "fr": r"(?:\b|-)(?:il|elle|ils|elles|lui|leur|eux)\b|\b(?:ça|cela|celui-ci|celle-ci|ceux-ci|celles-ci"
    r"|celui-là|celle-là)\b"
    r"|\b(?:l'|le |la |les )(?=(?:annuler|changer|modifier|utiliser|payer|activer|supprimer|obtenir|faire"
    r"|prouver|renvoyer)\b)"
    r"|\by\b(?=\s+(?:a-t-il|avoir|accéder|aller))|\bce(?:tte|t|s)?\b(?! que|lui)(?=\s+\w+\s*\?)",
    "es": r"\b(?:eso|esto|ello|allí|ahí|él|ella|ellos|ellas|aquello)\b|\blo\b(?! que)|\b\w+[aei]r(?:lo|la|los"
    r"|las|le|les)\b"
    r"|\b(?:ese|esa|esos|esas)\b",
    "ru": r"\b(?:он|она|оно|они|его|её|ее|их|ему|ей|им|ними|ним|ней|нём|нем|него|неё|нее|там|туда|оттуда)\b"
    r"|\b(?:это|этот|эта|эти|этого|этому|этим|этой|этом|этих)\b",
}
"""Words that stand for something said before."""

EXPLETIVES: Mapping[str, str] = {
    "en": r"\b(?:is|was|would|will|isn't) it (?:be )?(?:possible|ok|okay|allowed|safe|true|normal|necessary"
    r"|worth|legal|common|best|"
    r"better|easy|hard|difficult|recommended|mandatory|required)\b|\b(?:is|are|was|were|be) there\b"
    r"|\bthere (?:is|are|was|were)\b"
    r"|\bit (?:is|was) (?:possible|ok|okay|allowed|safe|true|normal|necessary)\b|\bhow long does it take to\b"
    r"|\bwhat does it (?:mean|take|cost) to\b"
    r"|\bthis (?:page|site|app|website|company|service|shop|store|week|month|year|morning|evening)\b"
    r"|\b(?:this|that) (?:i|we|you|is)\b",
    "de": r"\bes gibt\b|\bgibt es\b|\bist es (?:möglich|erlaubt|sicher|nötig|normal|wahr)\b|\bes (?:ist"
    r"|sei) (?:möglich|erlaubt)\b"
    r"|\bgeht es\b|\bdauert es,? bis\b|\bdies(?:e|er|es|em|en) (?:seite|website|woche|monat|jahr|firma)\b",
    "fr": r"\bil y a\b|\by a-t-il\b|\best-il (?:possible|permis|sûr|obligatoire|normal|nécessaire)\b"
    r"|\bil (?:est|faut)\b|\bfaut-il\b"
    r"|\bs'il (?:vous|te)\b|\bqu'est-ce\b|\best-ce\b|\bcombien de temps faut-il\b",
    "es": r"\besta (?:página|web|semana)\b|\beste (?:sitio|mes|año)\b|\bpor lo (?:tanto|menos|general)\b",
    "ru": r"\bэто (?:так|правда|что)\b|\bчто такое это\b|\bэтот (?:сайт|месяц|год)\b|\bэтой (?:неделе|странице)\b",
}
"""Where such a word stands for nothing."""

OPENINGS: Mapping[str, str] = {
    "en": r"^(?:and|but|also|so|then|what about|how about|what if|or|why not|what else|ok(?:ay)?,? (?:and|but"
    r"|so))\b[ ,]*",
    "de": r"^(?:und|aber|auch|also|dann|was ist mit|wie (?:sieht es|ist es|steht es) (?:aus )?mit|oder"
    r"|warum nicht)\b[ ,]*",
    "fr": r"^(?:et|mais|aussi|donc|alors|ou|qu'en est-il|pourquoi pas)\b[ ,]*",
    "es": r"^(?:y|pero|también|entonces|o|qué hay de|qué tal|qué pasa con|por qué no)\b[ ,]*",
    "ru": r"^(?:а если|а как насч[её]т|а что насч[её]т|что насч[её]т|как насч[её]т|а|и|но|тогда|или"
    r"|почему нет)\b[ ,]*",
}
"""Beginnings that go on from something."""

PREPOSITIONS: Mapping[str, frozenset[str]] = {
    "en": frozenset("to for from in at on with without by via about under over".split()),
    "de": frozenset("nach für von aus in im am auf mit ohne bei per über zu zum zur".split()),
    "fr": frozenset("à au aux pour de depuis en dans sur avec sans par chez vers".split()),
    "es": frozenset("a al para de desde en con sin por sobre hacia".split()),
    "ru": frozenset("в во на для из с со к ко по без через о об от у до".split()),
}

LEAD_INS = frozenset(
    "much many long often far viel viele lange know tell wondering wonder check say see find sounds sure ok "
    "okay oh yes no first also please thanks thank "
    "great good "
    "nice hello hi hey momentarily one ones wissen sagen sag bitte danke hallo gut wüsste gern savez savoir "
    "dire dites merci "
    "bonjour d'accord sabe saber decir dime gracias hola vale знаете скажите подскажите узнать спасибо "
    "здравствуйте хорошо".split()
)
"""Words of courtesy around a question: nothing that a pronoun could stand for."""

_BEING = frozenset("is are was were will ist sind war wird est sont était es son está están était est-ce".split())

_CLAUSES = re.compile(
    r"[,;:.!?]\s+|\s+(?:and|but|because|if|when|while|und|aber|weil|wenn|falls|et|mais|si|quand|y|pero|porque|cuando|"
    r"и|но|если|когда|потому)\s+"
)
_DEFINITE = re.compile(r"\bthe ([a-z][\w-]+)")
"""English has words of its own for what both sides know: `the restaurant` after a restaurant was spoken of."""
FRAGMENT = 4
"""So many words without a question word are no question of their own."""


def known(language: str) -> str:
    return language if language in PRONOUNS else "en"


def words(text: str) -> list[str]:
    return re.findall(r"\w+(?:['’-]\w+)*", text)


def content_words(text: str, language: str) -> list[str]:
    """In their order and spelling."""
    dull = stop_words(known(language))
    return [word for word in words(text) if len(word) > 1 and word.casefold() not in dull]


def named(text: str, language: str) -> list[str]:
    """What a pronoun could stand for."""
    return [word for word in content_words(text, language) if word.casefold() not in LEAD_INS]


def opening(question: str, language: str) -> str:
    """What it opens with that goes on from something; mostly nothing."""
    found = re.match(OPENINGS[known(language)], question.lstrip(" ¿¡"), re.IGNORECASE)
    return found.group() if found else ""


def is_fragment(question: str, language: str) -> bool:
    """Too little for a question: `And to Mexico?`, `How much?`, `For sale items?`."""
    said = words(question.strip(" ¿¡")[len(opening(question, language)) :])
    if not said or len(said) > FRAGMENT:
        return not said
    starts = said[0].casefold()
    says_little = len(named(" ".join(said), language)) < (1 if _asks(starts, language) else 2)
    return says_little or starts in PREPOSITIONS[known(language)]


def _asks(word: str, language: str) -> bool:
    return word in _BEING or word in QUESTION_WORDS[known(language)]


def leans(question: str, language: str, history: Sequence[str] = ()) -> bool:
    """Whether the question needs what was said before. `history` are the texts of both sides."""
    text = question.casefold().strip(" ¿¡")
    if opening(text, language) or is_fragment(text, language):
        return True
    bare = re.sub(EXPLETIVES[known(language)], " ", text)
    for found in re.finditer(PRONOUNS[known(language)], bare):
        if not _named_before(bare[: found.start()], found.group(), language):
            return True
    return known(language) == "en" and _speaks_of_the_known(text, history)


def _named_before(text: str, pronoun: str, language: str) -> bool:
    """Whether an earlier clause has something that the pronoun can stand for. In French inversion
    (`ce paquet est-il libre`) the same clause has it, before the verb."""
    *earlier, here = _CLAUSES.split(text) or [""]
    if pronoun.startswith("-"):
        before_verb = here.removesuffix("-t").rpartition(" ")[0]
        return any(named(clause, language) for clause in (*earlier, before_verb))
    return any(named(clause, language) for clause in earlier)


def _speaks_of_the_known(text: str, history: Sequence[str]) -> bool:
    spoken_of = {word for said in history for word in words(said.casefold())}
    return any(noun in spoken_of for noun in _DEFINITE.findall(text))
