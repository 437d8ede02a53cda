"""Signatures of what is sent: three conventions at once, one key per webhook.

The three signed texts begin with `{` (the body), a digit (the time) and `evt_` (the event): none can be
taken for another.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
MIN_KEY_BYTES = 8
ADVISED_KEY_BYTES = 24
SECRET_LENGTH = 43
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def key_bytes(secret: str) -> bytes:
    """The key a secret stands for: the decoded bytes of a `whsec_…`, otherwise its UTF-8.

    Raises `ValueError` when what follows `whsec_` is not base64, or the key is shorter than 8 bytes."""
    key = _decoded(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else secret.encode()
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"a secret needs at least {MIN_KEY_BYTES} bytes")
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows whsec_ is not base64") from error


def standard_spelling(secret: str) -> str:
    """The secret as libraries of the Standard Webhooks specification take it."""
    return PREFIX + base64.b64encode(key_bytes(secret)).decode()


def fingerprint(secret: str, master: bytes) -> str:
    """Names a secret without helping to guess it: keyed, so that weak secrets cannot be searched for."""
    return "hmac-sha256:" + hmac.digest(master, b"fingerprint:" + key_bytes(secret), "sha256").hex()[:32]


def _digest(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def base64_of(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def body_signature(key: bytes, body: bytes) -> str:
    """`X-Signature`: over the body alone."""
    return "sha256=" + base64_of(_digest(key, body))


def timed_signature(key: bytes, timestamp: str, body: bytes) -> str:
    """`X-Webhook-Signature`: over `{timestamp}.{body}`, in hexadecimal."""
    return "sha256=" + _digest(key, timestamp.encode() + b"." + body).hex()


def standard_signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """`webhook-signature` of the Standard Webhooks specification: over `{id}.{timestamp}.{body}`."""
    return "v1," + base64_of(_digest(key, f"{message_id}.{timestamp}.".encode() + body))


def data_signature(key: bytes, event_id: str, data: bytes) -> str:
    """`metadata.signature` inside the body: over the event id and the compact JSON of `data`, as a body cannot
    hold its own."""
    return "sha256=" + base64_of(_digest(key, event_id.encode() + b"." + data))


def signature_headers(keys: Sequence[bytes], event_id: str, moment: datetime, body: bytes) -> Mapping[str, str]:
    """All signature headers at once. `keys` runs from the oldest key still valid to the newest: receivers
    of the single-valued headers stay on the oldest until its overlap ends and find the newest in `…-Next`."""
    timestamp = str(int(moment.timestamp()))
    _require_distinct(event_id, timestamp, body)
    headers = {
        "X-Signature": body_signature(keys[0], body),
        "X-Webhook-Signature": timed_signature(keys[0], timestamp, body),
        "X-Webhook-Timestamp": timestamp,
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(standard_signature(key, event_id, timestamp, body) for key in keys),
    }
    if len(keys) > 1:
        headers["X-Signature-Next"] = body_signature(keys[-1], body)
        headers["X-Webhook-Signature-Next"] = timed_signature(keys[-1], timestamp, body)
    return headers


def _require_distinct(event_id: str, timestamp: str, body: bytes) -> None:
    if not (body.startswith(b"{") and _TIMESTAMP.fullmatch(timestamp) and event_id.startswith("evt_")):
        raise ValueError("the signed texts must begin with '{', a digit and 'evt_'")


def same(given: str, expected: str) -> bool:
    """Whether two signatures are equal, in time that tells nothing about where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def digest_of(*parts: bytes) -> str:
    """A name for a sequence of texts, the same for the same ones only."""
    together = hashlib.sha256()
    for part in parts:
        together.update(len(part).to_bytes(8, "big") + part)
    return together.hexdigest()
