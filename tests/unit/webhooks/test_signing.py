"""Signatures verify with the tools receivers use, and with nothing else changed."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from domain.canonical import canonical_json
from domain.delivery import PublicEvent, render_body
from domain.signing import data_signature, fingerprint, key_bytes, signature_headers, standard_spelling

SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"
SPELLING = "whsec_azdRbTJ2OVhjVDRiWjhuUjFzVzZ5SDNmSjVkTDBwR2FFdUtpT3hWcU16QQ=="
NOW = datetime.now(UTC).replace(microsecond=250_000)
EVENT = PublicEvent(
    id="evt_01", tenant_id="t", type="query.completed", data={"answer": "Fünf 🎈", "confidence": 1.0}, occurred_at=NOW
)


def body_and_headers(*secrets: str) -> tuple[bytes, dict[str, str]]:
    keys = [key_bytes(secret) for secret in secrets]
    body = render_body("whk_1", EVENT, 1, keys[0])
    return body, dict(signature_headers(keys, EVENT.id, datetime.now(UTC), body))


def test_a_secret_has_two_spellings_of_one_key() -> None:
    assert standard_spelling(SECRET) == SPELLING
    assert key_bytes(SPELLING) == key_bytes(SECRET) == SECRET.encode()


@pytest.mark.parametrize("secret", ["short", "whsec_???", "whsec_c2hvcnQ=", ""])
def test_a_secret_that_cannot_sign_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"secret|whsec_"):
        key_bytes(secret)


def test_the_standard_webhooks_library_accepts_it() -> None:
    body, headers = body_and_headers(SECRET)
    assert StandardWebhook(SPELLING).verify(body, headers)["event_id"] == "evt_01"


def test_the_standard_library_alone_can_verify_every_signature() -> None:
    body, headers = body_and_headers(SECRET)
    key, stamp = SECRET.encode(), headers["X-Webhook-Timestamp"]
    plain = base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()
    timed = hmac.new(key, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Signature"] == f"sha256={plain}"
    assert headers["X-Webhook-Signature"] == f"sha256={timed}"
    sent = json.loads(body)
    inner = hmac.new(key, b"evt_01." + canonical_json(sent["data"]), hashlib.sha256).digest()
    assert sent["metadata"]["signature"] == "sha256=" + base64.b64encode(inner).decode()


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_a_node_receiver_verifies_it_even_after_parsing() -> None:
    body, headers = body_and_headers(SECRET)
    script = """
      const {createHmac} = require('crypto'); const i = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      const again = JSON.stringify(JSON.parse(i.body)); const b = JSON.parse(i.body);
      const mac = (t, e) => createHmac('sha256', i.secret).update(t).digest(e);
      const h = i.headers, t = h['X-Webhook-Timestamp'];
      console.log(JSON.stringify([
        h['X-Signature'] === 'sha256=' + mac(again, 'base64'),
        h['X-Webhook-Signature'] === 'sha256=' + mac(t + '.' + again, 'hex'),
        h['webhook-signature'] === 'v1,' + mac(b.event_id + '.' + t + '.' + again, 'base64'),
        b.metadata.signature === 'sha256=' + mac(b.event_id + '.' + JSON.stringify(b.data), 'base64')]));
    """
    given_ = json.dumps({"body": body.decode(), "headers": headers, "secret": SECRET})
    result = subprocess.run(["node", "-e", script], input=given_.encode(), capture_output=True, check=True)
    assert json.loads(result.stdout) == [True, True, True, True]


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_flipped_bit_anywhere_in_the_body_is_refused(position: int, bit: int) -> None:
    body, headers = body_and_headers(SECRET)
    flipped = bytearray(body)
    flipped[position % len(body)] ^= 1 << bit
    with pytest.raises((WebhookVerificationError, UnicodeDecodeError)):
        StandardWebhook(SPELLING).verify(bytes(flipped), headers)


def test_in_a_rotation_both_keys_verify_and_the_old_one_keeps_the_single_headers() -> None:
    fresh = "another-secret-of-some-length-000000000000"
    body, headers = body_and_headers(SECRET, fresh)
    only_fresh = dict(signature_headers([key_bytes(fresh)], EVENT.id, datetime.now(UTC), body))
    for spelling in (SPELLING, standard_spelling(fresh)):
        assert StandardWebhook(spelling).verify(body, headers)
    assert headers["X-Signature"] == body_and_headers(SECRET)[1]["X-Signature"]
    assert headers["X-Signature-Next"] == only_fresh["X-Signature"]
    assert headers["X-Webhook-Signature-Next"] == only_fresh["X-Webhook-Signature"]


def test_the_three_signed_texts_cannot_be_taken_for_one_another() -> None:
    with pytest.raises(ValueError, match="must begin"):
        signature_headers([SECRET.encode()], "{evil", NOW, b"{}")
    with pytest.raises(ValueError, match="must begin"):
        signature_headers([SECRET.encode()], "evt_1", NOW, b"[]")


def test_the_data_signature_covers_the_event_id() -> None:
    key = SECRET.encode()
    assert data_signature(key, "evt_1", b"{}") != data_signature(key, "evt_2", b"{}")


def test_a_fingerprint_tells_nothing_without_the_master_key() -> None:
    assert fingerprint(SECRET, b"m" * 32) == fingerprint(SPELLING, b"m" * 32)
    assert fingerprint(SECRET, b"m" * 32) != fingerprint(SECRET, b"n" * 32)
