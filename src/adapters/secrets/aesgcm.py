"""AES-256-GCM with the context as associated data. Sealed texts name the master key they were sealed with."""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.signing import fingerprint

NONCE_BYTES = 12
VERSION = "v1"


def _derived(master: str, purpose: bytes) -> bytes:
    """32 bytes for one purpose; the master key may be of any length and spelling."""
    return HKDF(hashes.SHA256(), 32, salt=b"supportrag", info=purpose).derive(master.encode())


def _key_id(master: str) -> str:
    return _derived(master, b"key id").hex()[:12]


class AesGcmCipher:
    """Seals with the first master key, opens with any: put a new one first to rotate."""

    def __init__(self, *masters: str) -> None:
        if not masters or not all(masters):
            raise ValueError("a master key is needed")
        self._ciphers = {_key_id(master): AESGCM(_derived(master, b"secrets at rest")) for master in masters}
        self._master = masters[0]
        self._current = next(iter(self._ciphers))
        self._fingerprints = _derived(masters[0], b"fingerprints")

    def seal(self, text: str, context: str) -> str:
        """`v1.<key id>.<base64 of nonce and ciphertext>`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, text.encode(), context.encode())
        return f"{VERSION}.{self._current}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        try:
            version, key_id, payload = sealed.split(".")
            raw = base64.b64decode(payload, validate=True)
            cipher = self._ciphers[key_id]
            text = cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode())
        except (ValueError, KeyError, binascii.Error, InvalidTag) as error:
            raise ValueError("this was sealed with another master key, for another place, or was changed") from error
        if version != VERSION:
            raise ValueError(f"sealed texts of version {version} are unknown")
        return text.decode()

    def derive(self, purpose: str) -> str:
        return _derived(self._master, b"derived:" + purpose.encode()).hex()

    def fingerprint(self, secret: str) -> str:
        return fingerprint(secret, self._fingerprints)
