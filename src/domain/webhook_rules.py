"""What a webhook's owner may set, and within which bounds; every offence is named."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from domain.canonical import canonical_json
from domain.catalogue import TEST, can_be_subscribed
from domain.errors import Problem
from domain.lanes import CEILINGS, LaneLimits
from domain.retries import MAX_RETRIES, MAX_TIMEOUT, MIN_TIMEOUT
from domain.signing import key_bytes

if TYPE_CHECKING:
    from domain.webhooks import Webhook

MAX_URL = 2048
MAX_NAME, MAX_DESCRIPTION = 128, 1000
MAX_EVENTS, MAX_ADDRESSES, MAX_METADATA_BYTES = 100, 100, 4096
MAX_HEADERS, MAX_HEADER_BYTES = 20, 4096
MAX_SECRET = 512
MASK = "********"

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
RESERVED_HEADERS = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
    "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "x-signature", "x-signature-next", "x-webhook-signature",
    "x-webhook-signature-next", "x-webhook-timestamp", "x-webhook-id", "x-event-id", "x-event-type",
    "x-delivery-attempt", "webhook-id", "webhook-timestamp", "webhook-signature",
})  # fmt: skip
"""What the delivery itself sets; compared in lower case."""

Problems = Iterator[Problem]


def _bounded(name: str, value: int | float | None, low: float, high: float) -> Problems:
    if value is not None and not low <= value <= high:
        text = f"{name} must be between {low:g} and {high:g}."
        yield Problem(text, name, details={"minimum": low, "maximum": high, "provided": value})


def _short(name: str, value: str | None, limit: int) -> Problems:
    if value is not None and len(value) > limit:
        details = {"max_length": limit, "provided_length": len(value)}
        yield Problem(f"{name} may have at most {limit} characters.", name, details=details)


def _few(name: str, values: Sequence[Any], limit: int) -> Problems:
    if len(values) > limit:
        details = {"max_items": limit, "provided_items": len(values)}
        yield Problem(f"{name} may have at most {limit} items.", name, details=details)


def _url(webhook: "Webhook") -> Problems:
    if webhook.url is None and webhook.direction != "incoming":
        yield Problem("url is required for a webhook that sends.", "url", details={"rule": "required"})
    yield from _short("url", webhook.url, MAX_URL)


def _events(webhook: "Webhook") -> Problems:
    if not webhook.events and webhook.direction != "incoming":
        text = "events must name at least one event type, a prefix (document.*) or *."
        yield Problem(text, "events", details={"min_items": 1, "provided_items": 0})
    yield from _few("events", webhook.events, MAX_EVENTS)
    for position, name in enumerate(webhook.events[:MAX_EVENTS]):
        if not can_be_subscribed(name):
            yield Problem(_unknown(name), f"events.{position}", details={"rule": "unknown_event_type"})


def _unknown(name: str) -> str:
    if name == TEST.name:
        return "webhook.test goes out only by POST /webhooks/{webhook_id}/test."
    return f"{name[:80]!r} is no event type; GET /api/v1/webhooks/events lists them."


def _texts(webhook: "Webhook") -> Problems:
    yield from _short("name", webhook.name, MAX_NAME)
    yield from _short("description", webhook.description, MAX_DESCRIPTION)
    size = len(canonical_json(webhook.metadata))
    if size > MAX_METADATA_BYTES:
        details = {"max_bytes": MAX_METADATA_BYTES, "provided_bytes": size}
        yield Problem(f"metadata may have at most {MAX_METADATA_BYTES} bytes.", "metadata", details=details)


def _numbers(webhook: "Webhook") -> Problems:
    policy = webhook.retry_policy
    yield from _bounded("retry_policy.max_retries", policy.max_retries, 0, MAX_RETRIES)
    yield from _bounded("retry_policy.timeout_seconds", policy.timeout_seconds, MIN_TIMEOUT, MAX_TIMEOUT)


def _limits(limits: LaneLimits, ceilings: LaneLimits) -> Problems:
    yield from _bounded("limits.in_flight", limits.in_flight, 1, ceilings.in_flight)
    yield from _bounded("limits.per_hour", limits.per_hour, 1, ceilings.per_hour)


def _addresses(webhook: "Webhook") -> Problems:
    yield from _few("ip_whitelist", webhook.ip_whitelist, MAX_ADDRESSES)
    for position, text in enumerate(webhook.ip_whitelist[:MAX_ADDRESSES]):
        if not _is_network(text):
            yield Problem(
                f"{text[:80]!r} is neither an address nor a CIDR.",
                f"ip_whitelist.{position}",
                details={"rule": "address_or_cidr"},
            )


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


_RULES: tuple[Callable[["Webhook"], Problems], ...] = (_url, _events, _texts, _numbers, _addresses)


def problems_of(webhook: "Webhook", ceilings: LaneLimits = CEILINGS) -> list[Problem]:
    """What is wrong with it; `ceilings` bound the limits that its owner may choose."""
    return [problem for rule in _RULES for problem in rule(webhook)] + list(_limits(webhook.limits, ceilings))


def header_problems(headers: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a webhook's own headers: 20 at most, 4 KiB together, none that a delivery sets."""
    return [*_few("headers", list(headers), MAX_HEADERS), *_header_size(headers), *_header_offences(headers)]


def _header_size(headers: Mapping[str, str]) -> Problems:
    size = sum(len(name.encode()) + len(value.encode("utf-8", "replace")) for name, value in headers.items())
    if size > MAX_HEADER_BYTES:
        details = {"max_bytes": MAX_HEADER_BYTES, "provided_bytes": size}
        yield Problem(f"headers may have at most {MAX_HEADER_BYTES} bytes together.", "headers", details=details)


def _header_offences(headers: Mapping[str, str]) -> Problems:
    for name, value in headers.items():
        place = f"headers.{name[:64]}"
        if not _TOKEN.fullmatch(name):
            yield Problem("This is not a header name.", place, details={"rule": "header_name"})
        elif name.lower() in RESERVED_HEADERS:
            yield Problem(f"{name} is set by the delivery itself.", place, details={"rule": "reserved_header"})
        if _CONTROL.search(value) or not value.isprintable() or not value.isascii():
            text = "A header value is printable ASCII without control characters."
            yield Problem(text, place, details={"rule": "header_value"})


def secret_problems(secret: str) -> list[Problem]:
    if len(secret) > MAX_SECRET:
        return list(_short("secret", secret, MAX_SECRET))
    try:
        key_bytes(secret)
    except ValueError as error:
        return [Problem(f"secret: {error}.", "secret", details={"provided_length": len(secret)})]
    return []
