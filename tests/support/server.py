"""The whole program behind a real server on a port of this machine, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.system import KEY

from entrypoints.container import build
from entrypoints.http.server import build_app
from entrypoints.serving import serving
from entrypoints.settings import Settings
from entrypoints.system import System


@contextmanager
def served(**settings: object) -> Iterator[str]:
    """The address of a server with these settings, for as long as the block lasts."""
    started, stop = threading.Event(), threading.Event()
    address: list[str] = []

    async def run() -> None:
        chosen = Settings(_env_file=None, **{"bootstrap_api_key": KEY, **settings})
        async with serving(build_app(System(build(chosen)))) as url:
            address.append(url)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(180), "the server did not start within three minutes"
    try:
        yield address[0]
    finally:
        stop.set()
        thread.join(30)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served() as url:
        yield url
