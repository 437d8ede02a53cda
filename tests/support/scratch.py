"""Folders for servers whose data nobody will miss: in memory where there is room, since what they wait for is
the disk's fsync."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30
"""Bytes; a container's default is 64 MB, and a full one looks to PostgreSQL like a broken disk."""


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
