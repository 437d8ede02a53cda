"""Cleaning text and telling questions from other lines, in English, German, French, Spanish, Russian."""

import re

_QUESTION_WORDS = (
    r"how|what|what's|why|when|where|who|whom|whose|which|"
    r"wie|was|warum|wieso|weshalb|wann|wo|wohin|woher|wer|wem|wen|welche[rsnm]?|wozu|womit|"
    r"comment|pourquoi|quand|où|qui|quel(?:le)?s?|qu['’]est|est-ce|combien|puis-je|peut-on|"
    r"cómo|qué|por qué|cuándo|dónde|quién(?:es)?|cuál(?:es)?|cuánt[oa]s?|para qué|"
    r"как|что|почему|зачем|когда|где|кто|кому|как(?:ой|ая|ое|ие|им|ую)|сколько|куда|откуда|можно ли|чем"
)
_STARTS_AS_QUESTION = re.compile(rf"(?:¿|\(?(?:{_QUESTION_WORDS})\b)", re.IGNORECASE)
_ADDRESS = re.compile(r"\S*(?:://|www\.)\S*")
_CHAPTER_WORDS = r"chapter|section|part|appendix|kapitel|abschnitt|chapitre|partie|capítulo|sección|глава|раздел|часть"
_NUMBERING = re.compile(
    rf"^(?:(?:{_CHAPTER_WORDS})\s+(?:\d+(?:\.\d+)*|(?-i:[IVXLC]+|[A-Z]))(?:[.:)]|\s*[-–—])\s*"
    r"|§+\s*\d+(?:\.\d+)*\.?\s+"
    r"|\(?\d{1,3}(?:\.\d{1,3})*[.)]+(?=\s|[^\W\d])\s*"
    r"|\d{1,3}(?:\.\d{1,3}){2,}\s*(?=[^\W\d])"
    r"|\d{1,3}\.\d{1,3}\s*(?-i:(?=[A-ZÀ-ÝА-ЯЁ¿(\"'«“‘„])))(?=\S)",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:\s*\.){3,}\s*[\divxlc]*\s*$|\s{2,}\d+\s*$|\t\d+\s*$")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\r\f\u00a0\u2000-\u200a\u202f\u3000]+")
_GENERIC = frozenset(
    "overview introduction example examples note notes summary details description usage installation "
    "requirements background general other more einleitung einführung überblick beispiel beispiele hinweis "
    "hinweise zusammenfassung allgemeines exemple exemples remarque remarques résumé généralités "
    "introducción ejemplo ejemplos nota notas resumen общее введение обзор пример примеры примечание "
    "примечания описание установка android ios windows linux macos".split()
)
_QUESTION_MARKS = "?？؟"
_MAX_QUESTION_LINE = 400
_LONGEST_HEADING = 1000


def printable(text: str) -> str:
    """Without control characters, lone surrogates and invisible marks."""
    return _UNWANTED.sub("", text)


def clean(text: str) -> str:
    """Spaces inside a line collapsed, breaks between lines kept."""
    return "\n".join(_SPACES.sub(" ", line).strip() for line in printable(text).split("\n")).strip()


def one_line(text: str) -> str:
    return " ".join(printable(text).split())


def tidy_block(text: str) -> str:
    """Code or a cell of several lines: its indentation kept, blank edges and trailing spaces dropped."""
    lines = [line.rstrip() for line in printable(text.expandtabs(4)).replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def without_numbering(heading: str) -> str:
    """`2.3. How?` and `Chapter 4: Payment` without their numbers, `¶` and page leaders."""
    if len(heading) > _LONGEST_HEADING:
        return one_line(heading)
    text = _LEADERS.sub("", one_line(heading).rstrip("¶#").strip())
    bare = _NUMBERING.sub("", text, count=1).strip()
    return bare or text


def is_question(line: str) -> bool:
    """A line that asks: with a question mark outside addresses, or opening with a question word."""
    if len(line) > _LONGEST_HEADING:
        return False
    text = _ADDRESS.sub("", without_numbering(line))
    if not text or len(text) > _MAX_QUESTION_LINE:
        return False
    return asks(text) or (text[-1] != ":" and bool(_STARTS_AS_QUESTION.match(text)))


def asks(text: str) -> bool:
    """Says it with a question mark, near its beginning."""
    start = text[:_LONGEST_HEADING]
    return any(mark in start for mark in _QUESTION_MARKS) and any(
        mark in _ADDRESS.sub("", start) for mark in _QUESTION_MARKS
    )


def ends_asking(text: str) -> bool:
    return bool(re.search(r"[?？؟][!?.…\"'’”»)\s:]*$", text[-40:].strip()))


def is_generic(heading: str) -> bool:
    """A heading that says nothing without the one above it."""
    return heading.casefold().strip(" .:") in _GENERIC


def likeness(text: str) -> str:
    """What two spellings of one heading have in common: its letters and digits."""
    return re.sub(r"[\W_]+", "", without_numbering(text).casefold())


def first_words(text: str, count: int = 12) -> str:
    """The first sentence of a passage, or as many words of it as fit in a title."""
    sentence = re.split(r"(?<=[.!?…])\s", one_line(text), maxsplit=1)[0]
    words = sentence.split()
    return " ".join(words) if len(words) <= count else " ".join(words[:count]) + " …"
