"""Pairs anywhere in nested lists and mappings, as JSON holds them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.extraction import AuthoredMetadata, ExtractedPair, Place
from domain.pair_extraction.records import from_mapping, looks_like_questions, metadata
from domain.pair_extraction.vocabulary import metadata_field, question_and_answer
from domain.pair_extraction.wording import clean, one_line

_ASKING = frozenset({"user", "human", "customer"})
_ANSWERING = frozenset({"assistant", "gpt", "bot", "agent", "model"})
_TEXT_KEYS = ("text", "answer", "body", "content", "value")
_CONTAINERS = frozenset(
    "faq faqs items data entries questions pairs results records documents list rows qa content mainentity "
    "main_entity @graph children sections categories articles knowledge knowledge_base topics".split()
)


@dataclass(frozen=True, slots=True)
class _Where:
    place: Place
    inherited: AuthoredMetadata


def from_tree(value: Any, place: Place) -> list[ExtractedPair]:
    """Every pair below `value`, in order; a group's own category, language and tags pass down."""
    return list(_walk(value, _Where(place, AuthoredMetadata())))


def _walk(value: Any, where: _Where) -> Iterator[ExtractedPair]:
    if isinstance(value, list):
        if said := _conversation(value):
            yield ExtractedPair(*said, place=where.place, authored=where.inherited)
            return
        for item in value:
            yield from _walk(item, where)
    elif isinstance(value, Mapping):
        yield from _mapping(value, where)


def _mapping(record: Mapping[str, Any], where: _Where) -> Iterator[ExtractedPair]:
    if schema := _schema_org_question(record):
        yield from from_mapping(schema, where.place, where.inherited)
        return
    if pairs := from_mapping(_scalar_part(_unwrapped(record)), where.place, where.inherited):
        yield from pairs
        return
    if _maps_questions(record):
        yield from _questions_as_keys(record, where)
        return
    yield from _children(record, where)


def _unwrapped(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """`"answers": [{"text": …}]` and `"answer": {"text": …}` as the text of the first answer."""
    pair = question_and_answer(list(record))
    if not pair or not isinstance(record[pair[0]], str):
        return record
    first: Any = record[pair[1]]
    if isinstance(first, list) and first:
        first = first[0]
    text = next((first[key] for key in _TEXT_KEYS if key in first), None) if isinstance(first, Mapping) else None
    if isinstance(text, list) and text:
        text = text[0]
    return {**record, pair[1]: text} if isinstance(text, str) else record


def _scalar_part(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without lists of records: a title over a list of questions is no question itself."""
    nested = any(isinstance(value, list) and any(isinstance(i, Mapping) for i in value) for value in record.values())
    return {} if nested else record


def _children(record: Mapping[str, Any], where: _Where) -> Iterator[ExtractedPair]:
    inherited = _group_metadata(record, where.inherited)
    for key, value in record.items():
        if not isinstance(value, list | Mapping) or key == "metadata":
            continue
        place = where.place
        if key.casefold() not in _CONTAINERS:
            place = replace(place, section=one_line(key) or None)
        yield from _walk(value, _Where(place, inherited))


def _group_metadata(record: Mapping[str, Any], inherited: AuthoredMetadata) -> AuthoredMetadata:
    own = {key: value for key, value in record.items() if metadata_field(key) and not isinstance(value, Mapping)}
    own = {key: value for key, value in own.items() if not _holds_records(value)}
    found = metadata(own, inherited)
    if found.category is None and (name := _group_name(record)):
        found = replace(found, category=name)
    return found


def _holds_records(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _group_name(record: Mapping[str, Any]) -> str | None:
    holds_records = any(_holds_records(value) for value in record.values())
    name = next(
        (record[key] for key in ("name", "title", "section", "topic") if isinstance(record.get(key), str)), None
    )
    is_schema = "@type" in record or "@context" in record
    return one_line(name) if holds_records and name and not is_schema else None


def _schema_org_question(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A schema.org `Question` with its accepted (or first suggested) answer."""
    answer = record.get("acceptedAnswer", record.get("suggestedAnswer"))
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    text = answer.get("text") if isinstance(answer, Mapping) else answer
    name = record.get("name", record.get("text"))
    if not isinstance(text, str) or not isinstance(name, str):
        return None
    return {"question": name, "answer": text, **({"url": record["url"]} if isinstance(record.get("url"), str) else {})}


def _maps_questions(record: Mapping[str, Any]) -> bool:
    keys = list(record)
    return looks_like_questions(keys) and all(isinstance(value, str | list) for value in record.values())


def _questions_as_keys(record: Mapping[str, Any], where: _Where) -> Iterator[ExtractedPair]:
    for key, value in record.items():
        answer = value if isinstance(value, str) else "\n".join(str(item) for item in value)
        yield ExtractedPair(one_line(key), clean(answer), where.place, where.inherited)


def _conversation(turns: list[Any]) -> tuple[str, str] | None:
    """The first thing asked and the first thing replied in a list of chat messages."""
    said = [_turn(turn) for turn in turns if isinstance(turn, Mapping)]
    if not said or len(said) != len(turns) or None in said:
        return None
    spoken = [turn for turn in said if turn]
    asked = next((text for role, text in spoken if role in _ASKING), None)
    replied = next((text for role, text in spoken if role in _ANSWERING), None)
    return (one_line(asked), clean(replied)) if asked and replied else None


def _turn(turn: Mapping[str, Any]) -> tuple[str, str] | None:
    role, text = turn.get("role", turn.get("from")), turn.get("content", turn.get("value"))
    return (role.casefold(), text) if isinstance(role, str) and isinstance(text, str) else None
