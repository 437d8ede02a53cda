"""One spelling for all the ways in which a word can be made to look different."""

import re
import unicodedata

_ALIKE = (
    "аa еe оo рp сc уy хx іi јj ѕs ԁd һh ӏl ԛq ԝw мm тt вb нh кk гr пn αa βb εe ιi κk νv οo ρp τt υu χx ωw γy ηn "
    "ɑa ɡg ɩi ıi օo սu ցg հh ոn"
).split()
_AS_LATIN = str.maketrans({pair[0]: pair[1] for pair in _ALIKE})
_AS_CYRILLIC = str.maketrans({pair[1]: pair[0] for pair in reversed(_ALIKE) if "а" <= pair[0] <= "я"})
_DIGITS = str.maketrans("01345789@$!|", "oieastbgasii")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Invisible letters that some models read as plain ones."""
_LATIN = re.compile(r"[a-z]")
_OTHER_SCRIPT = re.compile(r"[^\W\d_a-z]")
_WORD = re.compile(r"[^\W_]+")
_SIGNED_WORD = re.compile(r"(?<![\w@$!|])[\w@$][\w@$!|]{0,38}[\w@$](?![\w@$!|])")
_SPELLED = re.compile(r"(?<!\w)(?:[^\W_][ .*_\-·]{1,2}){3,}[^\W_](?!\w)")


def folded(text: str) -> str:
    """Small letters without accents, invisible signs, full-width forms or look-alikes from another alphabet."""
    if text.isascii():
        return text.lower()
    plain = _INVISIBLE.sub("", text.translate(_TAGS))
    plain = without_marks(unicodedata.normalize("NFKC", plain).casefold())
    return _WORD.sub(_in_one_script, plain)


def without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn")


def _in_one_script(match: re.Match[str]) -> str:
    """A word of two alphabets is a word of the more frequent one in disguise."""
    word = match[0]
    latin, other = len(_LATIN.findall(word)), len(_OTHER_SCRIPT.findall(word))
    if not latin or not other:
        return word
    return word.translate(_AS_LATIN if latin >= other else _AS_CYRILLIC)


def undisguised(text: str) -> str:
    """With `1gn0re` read as ignore: digits and signs inside a word are the letters they look like."""
    return _SIGNED_WORD.sub(_with_letters, text)


def _with_letters(match: re.Match[str]) -> str:
    word = match[0]
    return word if word.isalpha() or not any(c.isalpha() for c in word) else word.translate(_DIGITS)


def unspelled(text: str) -> str:
    """With `i g n o r e` read as ignore. Between words spelled so, two blanks are the gap, or there is none."""
    return _SPELLED.sub(lambda match: re.sub(r"[ .*_\-·]", "", match[0]), re.sub(r"  +", " \u2003 ", text))
