"""Threads for index work, and the lock that lets searches share and writes exclude."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from domain.errors import ServiceUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A bounded set of threads. After `close` every call raises `ServiceUnavailable`."""

    def __init__(self, threads: int, name: str, prepare: Callable[[], object] | None = None) -> None:
        """`prepare` runs first in each thread (thread-local settings of native libraries)."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=prepare or (lambda: None))
        self._closed = False

    def ensure_open(self) -> None:
        if self._closed:
            raise ServiceUnavailable("The index is closed.")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.ensure_open()
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown, wait=True)


class ReadWriteLock:
    """Any number of readers or one writer; a waiting writer goes before new readers."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._readers = 0
        self._writing = False
        self._writers_waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._turn:
            self._turn.wait_for(lambda: not self._writing and not self._writers_waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._turn:
                self._readers -= 1
                self._turn.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._turn:
            self._writers_waiting += 1
            self._turn.wait_for(lambda: not self._writing and not self._readers)
            self._writers_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._turn:
                self._writing = False
                self._turn.notify_all()
