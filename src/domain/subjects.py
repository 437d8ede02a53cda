"""What a conversation is about, by the names that the knowledge itself gives its subjects.

Pairs carry free metadata: `{"entity": "HOTEL X"}`, `{"product": "Model 3"}`. Where one of these values is named in
what was said, what follows is most likely about it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

LONGEST_NAME = 80
SHORTEST_NAME = 3
ON_THE_MATTER = 0.4
"""A pair that is less similar to a question than this is on another matter (`domain.ranking`)."""
NEARLY = 0.2
_WORDS = re.compile(r"[^\W_]+")


def is_name(value: str) -> bool:
    """Rather than a word of description: `easy`, `2024-05-01` and a web address name nothing."""
    fits = SHORTEST_NAME <= len(value) <= LONGEST_NAME and "://" not in value
    return fits and any(sign.isupper() for sign in value)


def subject_of(text: str, known: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The metadata that the text names, of what `known` pairs carry: {"entity": "HOTEL X"}. Of a key with two
    names in the text nobody can tell which is meant; a name inside a longer one is not meant."""
    said = _padded(text)
    named = {(key, value) for each in known for key, value in each.items() if is_name(value) and _padded(value) in said}
    whole = {pair for pair in named if not any(_is_part(pair[1], other) for _, other in named)}
    keys = [key for key, _ in whole]
    return {key: value for key, value in sorted(whole) if keys.count(key) == 1}


def _is_part(value: str, other: str) -> bool:
    return _padded(value) != _padded(other) and _padded(value) in _padded(other)


def _padded(text: str) -> str:
    """Its words between single blanks, so that one text is in another only as whole words."""
    return " " + " ".join(_WORDS.findall(text.casefold())) + " "


def do_as_well(about: Sequence[float], everywhere: Sequence[float], *, leaning: bool) -> bool:
    """Whether pairs about the subject may stand for all, by their similarities to the question, best first: for a
    question that leans on the subject when they are on the matter at all, for one that stands alone when the
    best of them is nearly as similar as the best of all."""
    if not about or not everywhere:
        return bool(about)
    return about[0] >= (ON_THE_MATTER if leaning else max(ON_THE_MATTER, everywhere[0] - NEARLY))
