"""Receivers that mean harm, each in its own way: `async with misbehaving("gzip bomb") as url`."""

import asyncio
import datetime
import socket
import ssl
import tempfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.receivers import receiving

Writer = asyncio.StreamWriter
Misdeed = Callable[[Writer], Awaitable[None]]
OPENING = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OPENING + b"Transfer-Encoding: chunked\r\n\r\n"


async def _forever(writer: Writer, beginning: bytes, piece: bytes, pause: float = 0.0) -> None:
    writer.write(beginning)
    while not writer.is_closing():
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


async def silence(writer: Writer) -> None:
    await asyncio.sleep(60)


async def slow_headers(writer: Writer) -> None:
    await _forever(writer, OPENING, b"X-Y: z\r\n", 0.05)


async def slow_body(writer: Writer) -> None:
    await _forever(writer, OPENING + b"Content-Length: 5000\r\n\r\n", b"x", 0.05)


async def endless_headers(writer: Writer) -> None:
    await _forever(writer, OPENING, b"X-Y: " + b"z" * 1000 + b"\r\n")


async def endless_body(writer: Writer) -> None:
    await _forever(writer, CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n")


async def endless_continue(writer: Writer) -> None:
    await _forever(writer, b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)


@lru_cache
def packed_bomb() -> bytes:
    """200 MB of nothing, packed piece by piece: the receiver's own memory is not what is measured."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(200)), packer.flush()])


async def gzip_bomb(writer: Writer) -> None:
    bomb = packed_bomb()
    writer.write(OPENING + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    await writer.drain()


async def redirect_to_metadata(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def reset_within_headers(writer: Writer) -> None:
    writer.write(OPENING + b"Content-Le")
    await writer.drain()
    writer.transport.abort()


async def garbage(writer: Writer) -> None:
    writer.write(b"\x00\xff" * 50_000)
    await writer.drain()


async def huge_length(writer: Writer) -> None:
    await _forever(writer, OPENING + b"Content-Length: 999999999999\r\n\r\n", b"x" * 65536)


MISDEEDS: dict[str, Misdeed | None] = {
    deed.__name__.replace("_", " "): deed
    for deed in (
        silence, slow_headers, slow_body, endless_headers, endless_body, endless_continue, gzip_bomb,
        redirect_to_metadata, reset_within_headers, garbage, huge_length,
    )
} | dict.fromkeys(("never reads", "silent TLS handshake", "certificate of nobody"))  # fmt: skip


@asynccontextmanager
async def misbehaving(name: str) -> AsyncIterator[str]:
    """The URL of a receiver on this machine that does as it is called."""
    deed = MISDEEDS[name]
    if deed is None:
        async with _SPECIAL[name]() as url:
            yield url
        return
    packed_bomb()
    async with receiving() as receiver:
        receiver.does(lambda _, writer: deed(writer))
        yield receiver.url


@asynccontextmanager
async def _deaf(scheme: str) -> AsyncIterator[str]:
    """Lets connections wait for ever: the system accepts them, and nobody reads."""
    with socket.create_server(("127.0.0.1", 0), backlog=5) as server:
        yield f"{scheme}://127.0.0.1:{server.getsockname()[1]}/hook"


@asynccontextmanager
async def _unvouched() -> AsyncIterator[str]:
    async with receiving(certificate("localhost")) as receiver:
        yield receiver.url.replace("127.0.0.1", "localhost")


_SPECIAL = {
    "never reads": lambda: _deaf("http"),
    "silent TLS handshake": lambda: _deaf("https"),
    "certificate of nobody": _unvouched,
}


def certificate(name: str, kept: Path | None = None) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for the name that nobody vouches for; kept in a file if asked."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        both = kept or Path(folder) / "pem"
        both.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(both)
    return context
