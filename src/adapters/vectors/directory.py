"""The folder of a dense index kept on disk: one journal a shard, and a manifest of what must be there."""

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from adapters.vectors.journal import Header, Journal, write_atomically
from adapters.vectors.spaces import refuse_other_digest
from domain.errors import Conflict
from domain.vectors import EmbeddingSpace


class Manifest(msgspec.Struct):
    complete: bool = False
    """Whether the index has once held all that the store holds, and lost nothing since."""
    spaces: dict[str, EmbeddingSpace] = {}
    shards: dict[str, tuple[str, str]] = {}
    """Tenant and space by file name."""
    sizes: dict[str, int] = {}
    """The files' sizes, when they were left in good order."""


class IndexDirectory:
    """One process at a time; the second gets a `Conflict`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._lock_file: int | None = None
        self.manifest = Manifest()

    def open(self, spaces: Sequence[EmbeddingSpace]) -> None:
        if self._lock_file is None:
            self._path.mkdir(parents=True, exist_ok=True)
            self._lock_file = self._locked()
            self.manifest = self._read()
        for space in spaces:
            if kept := self.manifest.spaces.get(space.name):
                refuse_other_digest(kept, space)
        with self._guard:
            self.manifest.spaces.update({space.name: space for space in spaces})
            self._write()

    def kept(self, space: EmbeddingSpace) -> Iterator[tuple[str, Journal]]:
        """The tenants that have a shard in the space, with its journal."""
        for tenant_id, name in list(self.manifest.shards.values()):
            if name == space.name:
                yield tenant_id, self._journal(tenant_id, space)

    def is_whole(self, journal: Journal) -> bool:
        """Whether the file lost nothing since it was left in good order."""
        left = self.manifest.sizes.get(journal.path.name, 0)
        return journal.path.exists() and journal.path.stat().st_size >= left

    def create(self, tenant_id: str, space: EmbeddingSpace) -> Journal:
        journal = self._journal(tenant_id, space)
        journal.rewrite(())
        with self._guard:
            self.manifest.shards[journal.path.name] = (tenant_id, space.name)
            self._write()
        return journal

    def set_complete(self, complete: bool) -> None:
        with self._guard:
            self.manifest.complete = complete
            self._write()

    def forget_sizes(self) -> None:
        with self._guard:
            self.manifest.sizes = {}
            self._write()

    def close(self) -> None:
        if self._lock_file is None:
            return
        with self._guard:
            files = (self._path / name for name in self.manifest.shards)
            self.manifest.sizes = {file.name: file.stat().st_size for file in files if file.exists()}
            self._write()
        os.close(self._lock_file)
        self._lock_file = None

    def _journal(self, tenant_id: str, space: EmbeddingSpace) -> Journal:
        name = hashlib.sha256(f"{tenant_id}\0{space.name}".encode()).hexdigest()[:32]
        return Journal(self._path / f"{name}.rows", Header(tenant_id, space))

    def _locked(self) -> int:
        descriptor = os.open(self._path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Conflict(f"The index in {self._path} is in use by another process.") from error
        return descriptor

    def _read(self) -> Manifest:
        """An unreadable manifest counts as none."""
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode((self._path / "manifest.json").read_bytes(), type=Manifest)
        for orphan in self._path.glob("*.rows"):
            orphan.unlink()
        return Manifest()

    def _write(self) -> None:
        content = msgspec.json.format(msgspec.json.encode(self.manifest))
        write_atomically(self._path / "manifest.json", (content,))
