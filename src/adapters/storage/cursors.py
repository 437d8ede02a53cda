"""Cursors: the sort key of the last item seen, in an opaque word that says what sort it was made for."""

import base64
import binascii
import json
from typing import Any

from domain.errors import InvalidInput


def foreign_cursor() -> InvalidInput:
    text = "This cursor was not made by this list; take next_cursor of its last page, with the same sort."
    return InvalidInput(text, field="cursor")


def encode_cursor(sort: str, key: tuple[Any, str]) -> str:
    (rank, value), last_id = key
    text = json.dumps([sort, rank, value, last_id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, rank, value, last_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise foreign_cursor() from error
    fits = made_for == sort and rank in (0, 1) and isinstance(last_id, str) and not isinstance(value, list | dict)
    if not fits:
        raise foreign_cursor()
    return ((rank, value), last_id)
