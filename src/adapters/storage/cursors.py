"""Cursors: the sort value and id of the last item seen, in an opaque word that says what sort it was made for."""

import base64
import binascii
from datetime import datetime
from functools import cache
from types import GenericAlias
from typing import Annotated, Any

import msgspec

from adapters.storage.layout import Field, is_storable
from domain.errors import InvalidInput

Key = tuple[Any, str]
"""The value of the sort field, and the id that breaks ties."""


def foreign_cursor() -> InvalidInput:
    text = "This cursor was not made by this list; take next_cursor of its last page, with the same sort."
    return InvalidInput(text, field="cursor")


def encode_cursor(sort: str, key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((sort, *key))).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str, field: Field) -> Key:
    """Raises `InvalidInput` for all but what `encode_cursor` made for this sort of this field's type."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, value, last_id = _decoder(field).decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError) as error:
        raise foreign_cursor() from error
    if made_for != sort or not is_storable(value) or not is_storable(last_id):
        raise foreign_cursor()
    return value, last_id


@cache
def _decoder(field: Field) -> msgspec.json.Decoder[tuple[str, Any, str]]:
    exact: dict[type, Any] = {
        datetime: Annotated[datetime, msgspec.Meta(tz=True)],
        int: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    }
    value: Any = exact.get(field.type, field.type)
    value = value | None if field.nullable else value
    return msgspec.json.Decoder(GenericAlias(tuple, (str, value, str)))
