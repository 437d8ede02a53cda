"""The embedded mode that keeps what it has: a database of its own, indexes and master key in one folder."""

import asyncio
import fcntl
import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from domain.errors import Conflict
from entrypoints.parts import embedded_database, migrate_database
from entrypoints.refusals import BadSettings
from entrypoints.settings import read_settings

KEY_FILE = "master.key"


@contextmanager
def durable(folder: Path) -> Iterator[dict[str, Any]]:
    """The settings of a system that lives in the folder, for as long as its database runs. The database
    migrates by itself: nobody else uses it. Raises `Conflict` while another process has the folder."""
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _left_by_sigterm(), _alone(folder), embedded_database(folder / "postgres") as url:
        kept = {"database_url": url, "data_dir": folder, "master_key": _master_key(folder / KEY_FILE)}
        settings = read_settings(**kept)
        if settings.vectors != "faiss":
            raise BadSettings("--data keeps its index on disk: leave SUPPORTRAG_VECTOR_URL unset, or faiss://.")
        asyncio.run(migrate_database(settings))
        yield kept


@contextmanager
def _left_by_sigterm() -> Iterator[None]:
    """SIGTERM leaves the block as an exception does. By its default it ends the process on the spot, also when uvicorn
    has shut down and raises it once more, and the database would go on without us."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(f"{folder} is in use by another process.") from error
        yield


def _master_key(path: Path) -> str:
    """The one of the last run, or a new one. It is written whole or not at all, and nobody else may read it."""
    if path.exists():
        return path.read_text("ascii").strip()
    key = secrets.token_urlsafe(32)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    return key
