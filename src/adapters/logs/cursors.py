"""Where a page of log lines ended."""

import base64
import binascii

from domain.errors import InvalidInput

_MARK = "log:"


def encode(number: int) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{number}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The line's number. Raises `InvalidInput`."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        number = int(text.removeprefix(_MARK)) if text.startswith(_MARK) else -1
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("This is no cursor of this list.", field="cursor") from error
    if not 0 <= number < 2**63:
        raise InvalidInput("This is no cursor of this list.", field="cursor")
    return number
