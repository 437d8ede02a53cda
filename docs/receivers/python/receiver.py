"""A webhook receiver with nothing but the standard library.

    SUPPORTRAG_WEBHOOK_SECRET=whsec_… python receiver.py 8080

Verifies the Standard Webhooks signature, answers before it works, and takes every event once.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
MAX_BODY = 1024 * 1024
seen: set[str] = set()  # in real life a table with a unique key


def key_of(secret: str) -> bytes:
    """The key of a secret in either of its spellings."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether the body is signed by this secret, within the last (or next) five minutes.

    During a rotation there are two signatures, separated by a space; one that holds is enough."""
    event_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return False
    digest = hmac.digest(key_of(secret), f"{event_id}.{stamp}.".encode() + body, hashlib.sha256)
    expected = "v1," + base64.b64encode(digest).decode()
    offered = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in offered)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > MAX_BODY:
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_genuine(os.environ["SUPPORTRAG_WEBHOOK_SECRET"], dict(self.headers), body, time.time()):
            return self.answer(401)
        self.answer(200)
        event = json.loads(body)
        if event["event_id"] not in seen:  # every attempt has the same event_id
            seen.add(event["event_id"])
            print(event["event_type"], json.dumps(event["data"], ensure_ascii=False), flush=True)  # noqa: T201
        return None

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet: what arrived is printed by do_POST."""


if __name__ == "__main__":
    try:
        key_of(os.environ["SUPPORTRAG_WEBHOOK_SECRET"])
    except (KeyError, binascii.Error):
        sys.exit("Set SUPPORTRAG_WEBHOOK_SECRET to the secret of your webhook.")
    ThreadingHTTPServer(("", int(sys.argv[1]) if len(sys.argv) > 1 else 8080), Receiver).serve_forever()
