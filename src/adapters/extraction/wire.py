"""Messages between the extractor and its reading processes: eight bytes of length, then MessagePack.

MessagePack and not pickle: a process that a hostile file has taken over must not be able to run code here.
"""

import struct
from typing import Any

import msgspec

from domain.extraction import Extraction, ExtractionLimits

HEADER = struct.Struct("!Q")
LONGEST_REPLY = 256 * 1024 * 1024


class Task(msgspec.Struct, frozen=True, array_like=True):
    name: str
    content: bytes
    limits: ExtractionLimits
    strict: bool


class Reply(msgspec.Struct, frozen=True, array_like=True):
    extraction: Extraction
    last: bool
    """The process ends after this reply."""


def framed(message: Any) -> bytes:
    body = msgspec.msgpack.encode(message)
    return HEADER.pack(len(body)) + body


def task(body: bytes) -> Task:
    return msgspec.msgpack.decode(body, type=Task)


def reply(body: bytes) -> Reply:
    """Raises `msgspec.MsgspecError` for anything else than a reply."""
    return msgspec.msgpack.decode(body, type=Reply)
