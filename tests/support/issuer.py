"""An issuer of access tokens with a real key server, and forgeries of every kind."""

import hmac
import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

NAME, AUDIENCE = "https://id.example", "supportrag-api"


class Issuer:
    """Publishes its keys on a port of this machine; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.asked = 0
        self.is_down = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                body = json.dumps({"keys": [key.as_dict(private=False) for key in issuer.keys]}).encode()
                self.send_response(503 if issuer.is_down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Tests speak for themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.jwks_url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_key(self, kid: str, algorithm: str = "RS256") -> Any:
        parameters = {"kid": kid, "alg": algorithm, "use": "sig"}
        made = (
            RSAKey.generate_key(2048, parameters) if algorithm == "RS256" else ECKey.generate_key("P-256", parameters)
        )
        self.keys.append(made)
        return made


def signed(claims: dict[str, Any], key: Any, algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, claims, key, algorithms=[algorithm])


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """`alg: none`, with an empty signature."""
    return ".".join([_b64({"alg": "none", **header}), _b64(claims), ""])


def signed_with_public_key(claims: dict[str, Any], public: dict[str, Any], text: str) -> str:
    """HMAC, whose secret is the text of a public key: what a verifier that trusts the header falls for."""
    message = f"{_b64({'alg': 'HS256', 'kid': public['kid']})}.{_b64(claims)}"
    return f"{message}.{_b64_bytes(hmac.digest(text.encode(), message.encode(), 'sha256'))}"


def tampered(token: str, **claims: Any) -> str:
    """Other claims under the same signature."""
    header, payload, signature = token.split(".")
    padded = payload + "=" * (-len(payload) % 4)
    return ".".join([header, _b64({**json.loads(urlsafe_b64decode(padded)), **claims}), signature])


def with_header(token: str, **header: Any) -> str:
    return ".".join([_b64(header), *token.split(".")[1:]])


def _b64(value: dict[str, Any]) -> str:
    return _b64_bytes(json.dumps(value).encode())


def _b64_bytes(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()
