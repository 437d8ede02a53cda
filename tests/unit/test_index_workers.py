"""The lock of the indexes in process, and their threads."""

import threading
import time
from collections.abc import Callable

import pytest

from adapters.indexing.workers import ReadWriteLock, Workers
from domain.errors import ServiceUnavailable

SOON = 0.05


def started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_readers_share_the_lock() -> None:
    lock, together = ReadWriteLock(), threading.Barrier(2, timeout=5)

    def read() -> None:
        with lock.reading():
            together.wait()

    readers = [started(read), started(read)]
    for reader in readers:
        reader.join(5)
    assert not together.broken


@pytest.mark.parametrize("held", ["reading", "writing"])
@pytest.mark.parametrize("wanted", ["reading", "writing"])
def test_a_writer_shares_it_with_nobody(held: str, wanted: str) -> None:
    lock, got = ReadWriteLock(), threading.Event()

    def want() -> None:
        with getattr(lock, wanted)():
            got.set()

    with getattr(lock, held)():
        other = started(want)
        assert got.wait(SOON) == (held == wanted == "reading")
    assert got.wait(5)
    other.join(5)


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = ReadWriteLock(), []

    def note(kind: str) -> Callable[[], None]:
        def work() -> None:
            with getattr(lock, kind)():
                order.append(kind)

        return work

    with lock.reading():
        writer = started(note("writing"))
        time.sleep(SOON)
        reader = started(note("reading"))
        time.sleep(SOON)
        assert order == []
    writer.join(5)
    reader.join(5)
    assert order == ["writing", "reading"]


def test_an_error_inside_gives_the_lock_back() -> None:
    lock = ReadWriteLock()
    for kind in ("reading", "writing"):
        with pytest.raises(ZeroDivisionError), getattr(lock, kind)():
            raise ZeroDivisionError
    with lock.writing():
        pass


async def test_closed_workers_say_that_the_index_is_closed() -> None:
    workers = Workers(1, "test")
    assert await workers.run(divmod, 7, 2) == (3, 1)
    await workers.close()
    with pytest.raises(ServiceUnavailable):
        await workers.run(divmod, 7, 2)
