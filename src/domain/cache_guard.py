"""Whether two questions that look alike may share an answer."""

import re

_NEGATIONS = frozenset(
    "not no never without cannot can't don't doesn't isn't won't didn't nicht kein keine keinen nie ohne "
    "pas jamais sans aucun aucune ne no nunca sin jamás не нет без никогда нельзя".split()
)

_OPPOSITES = tuple(
    frozenset(pair.split("/"))
    for pair in (
        "on/off enable/disable add/remove open/close start/stop buy/sell increase/decrease before/after "
        "login/logout install/uninstall allow/block show/hide up/down upgrade/downgrade first/last more/less "
        "import/export send/receive activate/deactivate subscribe/unsubscribe with/without old/new "
        "ein/aus öffnen/schließen kaufen/verkaufen vor/nach ouvrir/fermer activer/désactiver avant/après "
        "abrir/cerrar activar/desactivar antes/después включить/выключить открыть/закрыть до/после "
        "добавить/удалить купить/продать"
    ).split()
)

_WORD = re.compile(r"[\w'-]+")
_NAMED = re.compile(r"(?<=[\w,;] )\b[A-ZÀ-ÞА-ЯЁ][\w-]+|\b[A-Z]{2,}\b|\b\w*\d[\w.-]*")


def may_share_answer(asked: str, stored: str) -> bool:
    """False where numbers, names, negation or direction differ: near in wording, opposite in meaning."""
    return _names(asked) == _names(stored) and _polarity(asked) == _polarity(stored)


def _names(text: str) -> frozenset[str]:
    return frozenset(match.casefold() for match in _NAMED.findall(text))


def _polarity(text: str) -> tuple[bool, frozenset[str]]:
    words = frozenset(_WORD.findall(text.casefold()))
    directed = frozenset(word for pair in _OPPOSITES for word in pair & words)
    negated = bool(words & _NEGATIONS) or any(word.endswith("n't") for word in words)
    return negated, directed
