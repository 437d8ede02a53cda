"""The whole program behind a real server on a port of this machine, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

import pytest
from tests.support.system import KEY

from entrypoints.container import build
from entrypoints.http.server import build_app
from entrypoints.serving import serving
from entrypoints.settings import Settings
from entrypoints.system import System

T = TypeVar("T")


@contextmanager
def in_own_loop(context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """Inside the context, which lives in an event loop of another thread, for as long as the block lasts."""
    entered, stop = threading.Event(), threading.Event()
    found: list[T] = []

    async def run() -> None:
        async with context as value:
            found.append(value)
            entered.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert entered.wait(180), "it did not start within three minutes"
    try:
        yield found[0]
    finally:
        stop.set()
        thread.join(30)


@contextmanager
def served(**settings: object) -> Iterator[str]:
    """The address of a server with these settings, for as long as the block lasts."""
    chosen = Settings(_env_file=None, **{"bootstrap_api_key": KEY, **settings})
    with in_own_loop(serving(build_app(System(build(chosen))))) as url:
        yield url


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served() as url:
        yield url
