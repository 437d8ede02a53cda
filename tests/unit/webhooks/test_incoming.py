"""What other systems send in is proved before it is believed."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as StandardWebhook

from domain.incoming import Channel, Envelope, Notice, admits, dedupe_keys, is_fresh, parse_time, prove
from domain.signing import standard_spelling

KEY = b"a-key-of-24-bytes-or-more"
NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"event_type":"message.created"}'


def mac(text: bytes) -> bytes:
    return hmac.new(KEY, text, hashlib.sha256).digest()


def envelope(body: bytes = BODY, **headers: str) -> Envelope:
    given_ = {name.replace("_", "-"): value for name, value in headers.items()}
    return Envelope({"x-webhook-id": "whk_1", **given_}, body, "203.0.113.9")


def strict(body: bytes = BODY, stamp: str = STAMP) -> Envelope:
    signature = "sha256=" + mac(stamp.encode() + b"." + body).hex()
    return envelope(body, x_webhook_timestamp=stamp, x_webhook_signature=signature)


def standard() -> Envelope:
    signature = StandardWebhook(standard_spelling(KEY.decode())).sign("msg_1", NOW, BODY.decode())
    return envelope(webhook_id="msg_1", webhook_timestamp=STAMP, webhook_signature=f"v1,AAAA {signature}")


def compat(spelling: str) -> Envelope:
    return envelope(x_webhook_signature=f"sha256={spelling}")


def test_the_strict_form_holds() -> None:
    proof = prove(strict(), [KEY], compat=False)
    assert proof is not None and proof.signed_at == NOW


def test_standard_webhooks_headers_hold_too() -> None:
    proof = prove(standard(), [KEY], compat=False)
    assert proof is not None and proof.signed_at == NOW


@pytest.mark.parametrize("spelling", [mac(BODY).hex(), base64.b64encode(mac(BODY)).decode()])
def test_the_older_form_holds_only_where_it_was_chosen(spelling: str) -> None:
    proof = prove(compat(spelling), [KEY], compat=True)
    assert proof is not None and proof.signed_at is None
    assert prove(compat(spelling), [KEY], compat=False) is None


def test_either_key_of_a_rotation_holds_and_no_other() -> None:
    assert prove(strict(), [b"another-key", KEY], compat=False)
    assert prove(strict(), [b"another-key"], compat=True) is None
    assert prove(strict(), [], compat=True) is None


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_flipped_bit_is_refused_in_every_form(position: int, bit: int) -> None:
    for real in (strict(), standard(), compat(mac(BODY).hex())):
        flipped = bytearray(real.body)
        flipped[position % len(flipped)] ^= 1 << bit
        assert prove(Envelope(real.headers, bytes(flipped), None), [KEY], compat=True) is None


@given(
    st.dictionaries(st.sampled_from(sorted(set(strict().headers) | set(standard().headers))), st.text()), st.binary()
)
def test_no_headers_of_any_kind_are_accepted_or_crash(headers: dict[str, str], body: bytes) -> None:
    assert prove(Envelope(headers, body, None), [KEY], compat=True) is None


def test_the_timestamp_is_part_of_what_is_signed() -> None:
    moved = {**strict().headers, "x-webhook-timestamp": str(int(STAMP) + 60)}
    assert prove(Envelope(moved, BODY, None), [KEY], compat=False) is None


@pytest.mark.parametrize(("seconds", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_five_minutes_either_way_are_fresh(seconds: int, fresh: bool) -> None:
    assert is_fresh(NOW + timedelta(seconds=seconds), NOW) is fresh
    assert not is_fresh(None, NOW)


@pytest.mark.parametrize("value", [None, True, "soon", "", float("nan"), 1e300, "9" * 400, {}, []])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert parse_time(value) is None


def test_times_are_read_from_seconds_and_rfc_3339() -> None:
    assert parse_time(STAMP) == parse_time(int(STAMP)) == parse_time("2026-01-07T10:00:00Z") == NOW
    assert parse_time("2026-01-07T10:00:00") == NOW


@pytest.mark.parametrize(
    ("whitelist", "peer", "expected"),
    [
        ((), None, True), (("203.0.113.0/24",), "203.0.113.9", True), (("203.0.113.9",), "203.0.113.9", True),
        (("203.0.113.0/24",), "::ffff:203.0.113.9", True), (("203.0.113.0/24",), "198.51.100.1", False),
        (("203.0.113.0/24",), None, False), (("2001:db8::/32",), "2001:db8::1", True),
        (("10.0.0.0/8",), "nonsense", False),
    ],
)  # fmt: skip
def test_the_whitelist_admits_addresses_and_cidrs(whitelist: tuple[str, ...], peer: str | None, expected: bool) -> None:
    assert admits(whitelist, peer) is expected


def notice(**changes: Any) -> Notice:
    given_: dict[str, Any] = {"data": {"external_message_id": "m1"}, "event_id": None, "source": "crm", **changes}
    return Notice(channel=Channel.MESSAGE, event_type="message.created", timestamp=NOW, metadata={}, **given_)


def keys(envelope_: Envelope, notice_: Notice) -> set[str]:
    proof = prove(envelope_, [KEY], compat=True)
    assert proof is not None
    return set(dedupe_keys("whk_1", envelope_, notice_, proof))


def test_the_same_signature_is_the_same_thing_even_under_another_event_id() -> None:
    assert keys(strict(), notice(event_id="a")) & keys(strict(), notice(event_id="b"))


def test_the_same_event_id_is_the_same_thing_even_signed_anew() -> None:
    later = strict(stamp=str(int(STAMP) + 9))
    assert keys(strict(), notice(event_id="a")) & keys(later, notice(event_id="a"))
    assert not keys(strict(), notice(event_id="a")) & keys(later, notice(event_id="b"))


def test_the_external_message_id_counts_per_source() -> None:
    later = strict(stamp=str(int(STAMP) + 9))
    assert keys(strict(), notice()) & keys(later, notice())
    assert not keys(strict(), notice()) & keys(later, notice(source="mail"))


def test_the_older_form_signed_in_two_spellings_is_one_thing() -> None:
    spellings = (mac(BODY).hex(), base64.b64encode(mac(BODY)).decode())
    assert keys(compat(spellings[0]), notice(data={})) == keys(compat(spellings[1]), notice(data={}))
