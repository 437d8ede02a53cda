"""A file of checksummed changes: what an index kept on disk is read back from.

A frame is its length (4 bytes), the first 16 bytes of the SHA-256 of the previous frame's checksum and the
payload, and the payload. An unfinished last frame is a change that never returned to its caller; anything
else that does not add up is damage.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import chain as chain_of
from pathlib import Path

import msgspec
import numpy as np

from adapters.vectors.spaces import Matrix
from domain.errors import ServiceUnavailable
from domain.retrieval import IndexedFields
from domain.vectors import EmbeddingSpace

LENGTH, CHECKSUM = 4, 16


class Damaged(Exception):
    """The file is not what was written."""


class Header(msgspec.Struct, frozen=True):
    tenant_id: str
    space: EmbeddingSpace
    version: int = 1


class Change(msgspec.Struct, frozen=True):
    """Rows put (`fields` and `vectors` as long as `ids`) or deleted (without)."""

    ids: list[str]
    fields: list[IndexedFields] = []
    vectors: bytes = b""

    def matrix(self) -> Matrix:
        return np.frombuffer(self.vectors, np.float32).reshape(len(self.ids), -1)


class Journal:
    """The changes of one shard, in order. Not for several threads at once."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self._header = header
        self._size = 0
        self._chain = b""

    def replay(self) -> Iterator[Change]:
        """Raises `Damaged`; cuts an unfinished tail off."""
        self._size, self._chain = 0, b""
        if not self.path.exists():
            raise Damaged(f"{self.path.name} is missing")
        frames = self._frames(self.path.read_bytes())
        try:
            if msgspec.msgpack.decode(next(frames, b""), type=Header) != self._header:
                raise Damaged(f"{self.path.name} belongs to another index")
            for payload in frames:
                yield msgspec.msgpack.decode(payload, type=Change)
        except msgspec.DecodeError as error:
            raise Damaged(f"{self.path.name} cannot be read") from error
        os.truncate(self.path, self._size)

    def append(self, change: Change) -> None:
        """On disk when it returns, or not at all."""
        frame, chain = self._frame(change, self._chain)
        try:
            with self.path.open("r+b") as file:
                file.truncate(self._size)
                file.seek(self._size)
                _write_through(file.fileno(), frame)
        except OSError as error:
            raise ServiceUnavailable("The index cannot be written to disk.") from error
        self._size, self._chain = self._size + len(frame), chain

    def rewrite(self, changes: Iterable[Change]) -> None:
        """Replaces the file by these changes, atomically."""
        before, self._size, self._chain = (self._size, self._chain), 0, b""
        try:
            write_atomically(self.path, self._framed(chain_of((self._header,), changes)))
        except ServiceUnavailable:
            self._size, self._chain = before
            raise

    def _framed(self, parts: Iterable[Header | Change]) -> Iterator[bytes]:
        for part in parts:
            frame, self._chain = self._frame(part, self._chain)
            self._size += len(frame)
            yield frame

    def _frames(self, content: bytes) -> Iterator[bytes]:
        while len(content) >= self._size + LENGTH + CHECKSUM:
            start = self._size + LENGTH + CHECKSUM
            end = start + int.from_bytes(content[self._size : self._size + LENGTH], "little")
            if end > len(content):
                return
            payload, chain = content[start:end], content[self._size + LENGTH : start]
            if chain != _checksum(self._chain, payload):
                raise Damaged(f"{self.path.name} fails its checksum")
            self._size, self._chain = end, chain
            yield payload

    @staticmethod
    def _frame(part: Header | Change, chain: bytes) -> tuple[bytes, bytes]:
        payload = msgspec.msgpack.encode(part)
        checksum = _checksum(chain, payload)
        return len(payload).to_bytes(LENGTH, "little") + checksum + payload, checksum


def _checksum(chain: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(chain + payload).digest()[:CHECKSUM]


def _write_through(descriptor: int, frame: bytes) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def write_atomically(path: Path, parts: Iterable[bytes]) -> None:
    """The old file or the new one, whatever happens."""
    temporary = path.with_suffix(".new")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise ServiceUnavailable("The index cannot be written to disk.") from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
