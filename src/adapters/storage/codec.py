"""Aggregates and events as JSON, and back. Both stores go through it, so that neither can hold what the
other cannot: in a mapping of anything, tuples come back as lists and times as text."""

import copy
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from adapters.storage.layout import blob_fields
from domain import events
from domain.aggregates import Aggregate, Event
from domain.errors import InvalidInput

A = TypeVar("A", bound=Aggregate)

_encoder = msgspec.json.Encoder()
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""An escaped U+0000, and not a backslash that is escaped before the letters u0000."""

EVENT_TYPES: Mapping[str, type[Event]] = {
    name: kind for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)
}


def encode(item: Aggregate, version: int) -> tuple[bytes, dict[str, bytes | None]]:
    """The body as that version, without the aggregate's waiting events, and the bytes that are kept beside it."""
    blobs = {name: getattr(item, name) for name in blob_fields(type(item))}
    bare = copy.copy(item)
    bare.version, bare._events = version, []
    for name in blobs:
        setattr(bare, name, b"")
    return _json(bare), blobs


def decode(kind: type[A], body: bytes | str, blobs: Mapping[str, bytes | None]) -> A:
    item: A = _decoder(kind).decode(body)
    for name, content in blobs.items():
        setattr(item, name, content)
    return item


def twin(item: A, version: int | None = None) -> A:
    """A copy that shares nothing changeable, and is what a database would give back."""
    return decode(type(item), *encode(item, item.version if version is None else version))


def encode_event(event: Event) -> tuple[str, bytes]:
    """The name of its class, and its members."""
    name = type(event).__name__
    if EVENT_TYPES.get(name) is not type(event):
        raise TypeError(f"{name} is not an event of domain.events")
    return name, _json(event)


def decode_event(name: str, payload: bytes | str) -> Event:
    event: Event = _decoder(EVENT_TYPES[name]).decode(payload)
    return event


def _json(value: object) -> bytes:
    try:
        text = _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise InvalidInput("This text holds half a character (a lone surrogate).") from error
    if b"\\u0000" in text and _NUL.search(text):
        raise InvalidInput("This text holds the character U+0000, which is not text.")
    return text


def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    if kind not in _decoders:
        _decoders[kind] = msgspec.json.Decoder(kind)
    return _decoders[kind]
