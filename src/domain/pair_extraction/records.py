"""Pairs that stand in columns or under keys, with the metadata beside them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.extraction import AuthoredMetadata, ExtractedPair, Place
from domain.pair_extraction.vocabulary import metadata_field, question_and_answer, translated_pairs
from domain.pair_extraction.wording import asks, clean, is_question, one_line

_NOTHING = AuthoredMetadata()
_YES = frozenset("true yes y 1 ja да sí si oui x +".split())
_MAX_DEPTH_OF_METADATA = 6
GENERATED = "auto_generated"
"""How an export marks questions that nobody wrote as such."""


def from_mapping(record: Mapping[str, Any], place: Place, inherited: AuthoredMetadata) -> list[ExtractedPair]:
    """The pair or pairs (one per language) of one record; empty when it has no question and answer."""
    keys = list(record)
    translations = translated_pairs(keys)
    if translations:
        used = {key for pair in translations.values() for key in pair}
        return [_pair(record, pair, place, inherited, used, language) for language, pair in translations.items()]
    plain = question_and_answer([key for key in keys if textual(record[key])])
    return [_pair(record, plain, place, inherited, set(plain), None)] if plain else []


def from_rows(header: Sequence[str], rows: Iterable[tuple[Place, Sequence[str]]]) -> list[ExtractedPair] | None:
    """One pair a row; None when the header names no question and answer."""
    if question_and_answer(header) is None and not translated_pairs(header):
        return None
    pairs: list[ExtractedPair] = []
    for place, row in rows:
        record = dict(zip(header, row, strict=False))
        pairs += from_mapping(record, place, _NOTHING)
    return pairs


def guessed_columns(rows: Sequence[Sequence[str]]) -> tuple[int, int] | None:
    """Columns of question and answer by what they hold: one that mostly asks, and the longest other."""
    width = max(map(len, rows), default=0)
    columns = [[row[index] if index < len(row) else "" for row in rows] for index in range(width)]
    asking = [sum(asks(cell) for cell in column) / max(1, len(rows)) for column in columns]
    question = max(range(width), key=asking.__getitem__, default=None)
    if question is None or width < 2 or asking[question] < 0.5:
        return None
    lengths = [sum(map(len, column)) if index != question else -1 for index, column in enumerate(columns)]
    return question, max(range(width), key=lengths.__getitem__)


def textual(value: Any) -> bool:
    """Can be a question or an answer: a text, or a list of texts."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str) for item in value)
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _pair(
    record: Mapping[str, Any],
    keys: tuple[str, str],
    place: Place,
    inherited: AuthoredMetadata,
    used: set[str],
    language: str | None,
) -> ExtractedPair:
    questions = _texts(record[keys[0]])
    rest = {key: value for key, value in record.items() if key not in used and key != GENERATED}
    if len(questions) > 1:
        rest["alternative_questions"] = "\n".join(questions[1:])
    question = one_line(questions[0]) if questions else ""
    return ExtractedPair(
        question=question,
        answer=clean("\n".join(_texts(record[keys[1]]))),
        place=place,
        auto_generated=bool(_yes_or_no(record.get(GENERATED), None)),
        authored=metadata(rest, inherited, language),
    )


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(item) for item in values if item is not None and str(item).strip()]


def metadata(
    record: Mapping[str, Any], inherited: AuthoredMetadata = _NOTHING, language: str | None = None
) -> AuthoredMetadata:
    """The fields a record fills; what no field is for goes to `extra` under dotted keys."""
    fields: dict[str, Any] = {}
    extra = dict(inherited.extra)
    for key, value in _flattened(record):
        field = metadata_field(key.rsplit(".", 1)[-1])
        if field and field not in fields and not isinstance(value, Mapping):
            fields[field] = value
        elif text := _text(value):
            extra[key] = text
    return AuthoredMetadata(
        category=_text(fields.get("category")) or inherited.category,
        intent=_text(fields.get("intent")) or inherited.intent,
        language=language or _text(fields.get("language")) or inherited.language,
        requires_handoff=_yes_or_no(fields.get("requires_handoff"), inherited.requires_handoff),
        tags=_tags(fields.get("tags")) or inherited.tags,
        url=_text(fields.get("url")) or inherited.url,
        extra=extra,
    )


def _flattened(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for key, value in record.items():
        name = prefix + one_line(str(key))
        if isinstance(value, Mapping) and depth < _MAX_DEPTH_OF_METADATA:
            inner = prefix if name in ("metadata", "meta") else name + "."
            yield from _flattened(value, inner, depth + 1)
        elif name:
            yield name, value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, Mapping):
        return None
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value))) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value)) or None


def _tags(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        for separator in (";", "|", ","):
            if separator in value:
                value = value.split(separator)
                break
        else:
            value = [value]
    items = value if isinstance(value, list) else []
    return tuple(dict.fromkeys(tag for item in items if (tag := _text(item))))


def _yes_or_no(value: Any, otherwise: bool | None) -> bool | None:
    if value is None or value == "":
        return otherwise
    return value if isinstance(value, bool) else str(value).strip().casefold() in _YES


def looks_like_questions(keys: Sequence[str]) -> bool:
    """Keys of a mapping from question to answer."""
    return bool(keys) and sum(is_question(key) and " " in key.strip() for key in keys) * 2 >= len(keys)
