"""What other systems send in: proving that it is theirs, and that it is new."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from domain.aggregates import Aggregate
from domain.signing import body_signature, digest_of, same, standard_signature, timed_signature

TOLERANCE = timedelta(minutes=5)
MAX_BODY_BYTES = 1024 * 1024
MAX_SIGNATURES = 10
"""How many space-separated Standard Webhooks signatures are looked at."""
MAX_CORRELATION_ID = 256
DECOY_KEY = bytes(32)
"""Checked against when there is no such webhook, so that the refusal takes as long."""


class Channel(StrEnum):
    """What kind of thing comes in; the last part of the route."""

    MESSAGE = "message"
    DOCUMENT = "document"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An incoming request as it arrived. Header names in lower case; `body` the raw bytes."""

    headers: Mapping[str, str]
    body: bytes
    peer: str | None
    trace_id: str = ""

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    @property
    def webhook_id(self) -> str:
        return self.header("x-webhook-id")


@dataclass(frozen=True, slots=True)
class Proof:
    """The signature that held, by a name of its own, and the time it was made at (`None`: see the body)."""

    digest: str
    signed_at: datetime | None


def parse_time(value: Any) -> datetime | None:
    """A moment from unix seconds (number or digits) or RFC 3339; `None` for anything else."""
    try:
        if isinstance(value, str) and not value.isdigit():
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        return datetime.fromtimestamp(float(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_fresh(moment: datetime | None, now: datetime) -> bool:
    """Neither older nor newer than five minutes."""
    return moment is not None and abs(now - moment) <= TOLERANCE


def prove(envelope: Envelope, keys: Sequence[bytes], compat: bool) -> Proof | None:
    """Whether one of the keys signed the envelope, in any of the forms it may use.

    Every form is computed with every key whatever is found, so that the time taken tells nothing."""
    forms = (_strict, _standard, *((_compat,) if compat else ()))
    proofs = [form(envelope, key) for form in forms for key in keys]
    return next((proof for proof in proofs if proof), None)


def _proof(envelope: Envelope, signed_at: str | None) -> Proof:
    """The same signed text has the same name, however the signature was spelt."""
    parts = (envelope.webhook_id.encode(), (signed_at or "").encode(), envelope.body)
    return Proof(digest_of(*parts), parse_time(signed_at) if signed_at else None)


def _strict(envelope: Envelope, key: bytes) -> Proof | None:
    timestamp = envelope.header("x-webhook-timestamp")
    expected = timed_signature(key, timestamp, envelope.body)
    held = _matches_hex(envelope.header("x-webhook-signature"), expected)
    return _proof(envelope, timestamp) if held and timestamp.isdigit() else None


def _standard(envelope: Envelope, key: bytes) -> Proof | None:
    message_id, timestamp = envelope.header("webhook-id"), envelope.header("webhook-timestamp")
    expected = standard_signature(key, message_id, timestamp, envelope.body)
    offered = (envelope.header("webhook-signature").split() or [""])[:MAX_SIGNATURES]
    held = True in [same(one, expected) for one in offered]
    return _proof(envelope, timestamp) if held and timestamp.isdigit() and message_id else None


def _compat(envelope: Envelope, key: bytes) -> Proof | None:
    """Seed 000's older form, in hexadecimal or base64: the body alone, its time inside it."""
    offered = envelope.header("x-webhook-signature") or envelope.header("x-signature")
    expected = body_signature(key, envelope.body)
    held = True in [_matches_hex(offered, _as_hex(expected)), same(offered, expected)]
    return _proof(envelope, None) if held else None


def _as_hex(signature: str) -> str:
    return "sha256=" + base64.b64decode(signature.removeprefix("sha256=")).hex()


def _matches_hex(offered: str, expected: str) -> bool:
    return same(offered.lower(), expected)


def admits(whitelist: Sequence[str], peer: str | None) -> bool:
    """Whether a peer's address is on the list; an empty list admits everybody."""
    if not whitelist:
        return True
    address = _address(peer)
    return address is not None and any(address in ip_network(entry, strict=False) for entry in whitelist)


def _address(peer: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(peer or "")
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A well-formed incoming body. `data` is what the channel's schema asks for."""

    channel: Channel
    event_type: str
    timestamp: datetime
    source: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    event_id: str | None = None

    @property
    def correlation_id(self) -> str | None:
        """Goes back with whatever comes of it."""
        found = self.metadata.get("correlation_id")
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def dedupe_keys(webhook_id: str, envelope: Envelope, notice: Notice, proof: Proof) -> tuple[str, ...]:
    """The names by which the same thing is known when it comes again: the signature's, and the event's
    (`webhook-id`, else the body's `event_id`, else `data.external_message_id` per source)."""
    by_signature = digest_of(b"signature", proof.digest.encode())
    named = _event_name(envelope, notice)
    if named is None:
        return (by_signature,)
    return (by_signature, digest_of(b"event", webhook_id.encode(), notice.channel.encode(), *named))


def _event_name(envelope: Envelope, notice: Notice) -> tuple[bytes, ...] | None:
    named = envelope.header("webhook-id") or notice.event_id
    if named:
        return (b"id", named.encode())
    external = notice.data.get("external_message_id")
    return (b"external", notice.source.encode(), str(external).encode()) if external else None


@dataclass(slots=True, kw_only=True)
class InboxEntry(Aggregate):
    """Something accepted, by one of its names (`id`); the answer is given again to whoever repeats it."""

    webhook_id: str
    webhook_event_id: str
    channel: Channel
    answer: Mapping[str, Any]
