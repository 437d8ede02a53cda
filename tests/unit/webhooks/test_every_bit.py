"""Whoever verifies, with whatever: a change of any single bit is refused."""

import base64
import binascii
import hashlib
import hmac
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from domain.delivery import PublicEvent, render_body
from domain.incoming import Envelope, prove
from domain.signing import body_signature, signature_headers, standard_spelling

SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"
KEY = SECRET.encode()
NOW = datetime.now(UTC)
DATA = {"answer": "Fünf 🎈 é", "confidence": 1.0, "tiny": 1e-7, "none": None, "list": [1, 2.5, {"7": True}]}
EVENT = PublicEvent(id="evt_01", tenant_id="t", type="query.completed", data=DATA, occurred_at=NOW)
BODY = render_body("whk_1", EVENT, 1, KEY)
HEADERS: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def signed_now() -> None:
    """Receivers refuse what was signed five minutes ago, and this module may wait long for its turn."""
    HEADERS.update(signature_headers([KEY], EVENT.id, datetime.now(UTC), BODY))


Verifies = Callable[[dict[str, str], bytes], bool]


def by_standardwebhooks(headers: dict[str, str], body: bytes) -> bool:
    try:
        StandardWebhook(standard_spelling(SECRET)).verify(body, headers)
    except (WebhookVerificationError, binascii.Error, UnicodeDecodeError):
        return False
    return True


def by_the_time_stamped_form(headers: dict[str, str], body: bytes) -> bool:
    digest = hmac.new(KEY, headers["X-Webhook-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers["X-Webhook-Signature"].encode(), f"sha256={digest}".encode())


def by_the_body_alone(headers: dict[str, str], body: bytes) -> bool:
    digest = base64.b64encode(hmac.new(KEY, body, hashlib.sha256).digest())
    return hmac.compare_digest(headers["X-Signature"].encode(), b"sha256=" + digest)


def as_incoming(headers: dict[str, str], body: bytes) -> bool:
    """Our own look at what others sign; `compat` admits every form there is."""
    names = {name.lower(): value for name, value in headers.items()} | {"x-webhook-id": "whk_1"}
    return prove(Envelope(names, body, None), [KEY], compat=False) is not None


def flipped(text: bytes) -> Iterator[bytes]:
    for place in range(len(text)):
        for bit in range(8):
            yield text[:place] + bytes([text[place] ^ 1 << bit]) + text[place + 1 :]


SIGNED = {
    by_standardwebhooks: ("webhook-id", "webhook-timestamp"),
    by_the_time_stamped_form: ("X-Webhook-Timestamp", "X-Webhook-Signature"),
    by_the_body_alone: ("X-Signature",),
}


@pytest.mark.parametrize("verifies", SIGNED, ids=lambda verifies: verifies.__name__)
def test_no_flipped_bit_of_a_delivery_is_accepted(verifies: Verifies) -> None:
    assert verifies(HEADERS, BODY)
    assert [body for body in flipped(BODY) if verifies(HEADERS, body)] == []
    for name in SIGNED[verifies]:
        forged = (each.decode("latin-1") for each in flipped(HEADERS[name].encode()))
        assert [value for value in forged if verifies({**HEADERS, name: value}, BODY)] == [], name


def test_no_flipped_bit_of_a_standard_signature_is_accepted() -> None:
    digest = base64.b64decode(HEADERS["webhook-signature"].removeprefix("v1,"))
    forged = ("v1," + base64.b64encode(each).decode() for each in flipped(digest))
    assert [value for value in forged if by_standardwebhooks({**HEADERS, "webhook-signature": value}, BODY)] == []


@pytest.mark.parametrize("form", ["X-Webhook-Signature", "webhook-signature"])
def test_no_flipped_bit_of_what_comes_in_is_accepted(form: str) -> None:
    alone = {
        name: value
        for name, value in HEADERS.items()
        if name.lower().startswith(form.lower().removesuffix("signature"))
    }
    assert as_incoming(alone, BODY)
    assert [body for body in flipped(BODY) if as_incoming(alone, body)] == []


def test_no_flipped_bit_of_the_older_form_is_accepted() -> None:
    names = {"x-webhook-id": "whk_1", "x-webhook-signature": body_signature(KEY, BODY)}
    assert prove(Envelope(names, BODY, None), [KEY], compat=True)
    assert [body for body in flipped(BODY) if prove(Envelope(names, body, None), [KEY], compat=True)] == []


NODE = """
const { createHmac } = require("crypto");
const { body, headers, key } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const raw = Buffer.from(body, "base64");
// What an Express handler does that has only req.body left.
const holds = (bytes) => {
  let text;
  try { text = JSON.stringify(JSON.parse(bytes.toString())); } catch { return false; }
  const plain = createHmac("sha256", key).update(text).digest("base64");
  const timed = createHmac("sha256", key).update(`${headers["X-Webhook-Timestamp"]}.${text}`).digest("hex");
  return headers["X-Signature"] === `sha256=${plain}` && headers["X-Webhook-Signature"] === `sha256=${timed}`;
};
let tried = 0;
const accepted = [];
for (let place = 0; place < raw.length; place++) for (let bit = 0; bit < 8; bit++) {
  const forged = Buffer.from(raw);
  forged[place] ^= 1 << bit;
  tried += 1;
  if (holds(forged)) accepted.push(forged.toString());
}
console.log(JSON.stringify({ genuine: holds(raw), tried, accepted }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_a_node_receiver_that_signs_its_parsed_body_again_refuses_every_flipped_bit() -> None:
    """But for the one that spells the same number with a capital E: parsed, it is what was signed."""
    told = json.dumps({"body": base64.b64encode(BODY).decode(), "headers": HEADERS, "key": SECRET})
    run = subprocess.run(["node", "-e", NODE], input=told.encode(), stdout=subprocess.PIPE, check=True)
    seen = json.loads(run.stdout)
    assert (seen["genuine"], seen["tried"]) == (True, len(BODY) * 8)
    assert seen["accepted"] == [BODY.decode().replace("1e-7", "1E-7")]
