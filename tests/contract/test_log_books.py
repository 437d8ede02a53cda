"""What every log book promises: lines are found by what they are, each by its own tenant only."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.logs.memory import MemoryLogBook
from adapters.logs.postgres import WAITING, PostgresLogBook
from adapters.storage.postgres import PostgresStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.logs import LogFilter, LogLine
from domain.errors import InvalidInput, ServiceUnavailable
from domain.paging import PageRequest

NOW = datetime(2026, 1, 7, 10, 15, 30, tzinfo=UTC)
NEWEST = PageRequest(sort="-timestamp")


@pytest.fixture(params=["memory", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def book(url: str | None) -> AsyncIterator[Any]:
    if url is None:
        yield MemoryLogBook("platform")
        return
    store = PostgresStore(url, ManualClock(), CountingIds())
    await store.open()
    yield PostgresLogBook(store.transaction, "platform")
    await store.close()


def line(message: str = "Connection timeout", minutes: int = 0, **members: Any) -> LogLine:
    usual = {"level": "ERROR", "source": "retrieval.qdrant", "tenant_id": "acme"}
    return LogLine(at=NOW + timedelta(minutes=minutes), message=message, **{**usual, **members})


async def messages(book: Any, request: PageRequest = NEWEST, tenant: str = "acme", **wanted: Any) -> list[str]:
    await book.flush()
    return [found.message for found in (await book.page(tenant, LogFilter(**wanted), request)).items]


async def test_a_line_comes_back_as_it_was_written(book: Any) -> None:
    written = line(request_id="req_1", trace_id="a" * 32, fields={"route": "/x", "duration_ms": 1.5, "parts": ["a"]})
    book.write(written)
    await book.flush()
    assert (await book.page("acme", LogFilter(), NEWEST)).items == (written,)


async def test_lines_are_found_by_what_they_are(book: Any) -> None:
    book.write(line("one", level="INFO", source="http", request_id="req_1", fields={"route": "/api/v1/Queries"}))
    book.write(line("two", 1, source="retrieval", trace_id="t2"))
    book.write(line("three 100%", 2))
    book.write(line("four", 3, source="retrieval_lab"))
    assert await messages(book, level="INFO") == ["one"]
    assert await messages(book, source="retrieval") == ["three 100%", "two"]
    assert await messages(book, request_id="req_1") == ["one"]
    assert await messages(book, trace_id="t2") == ["two"]
    assert await messages(book, since=NOW + timedelta(minutes=2)) == ["four", "three 100%"]
    assert await messages(book, until=NOW) == ["one"]
    assert await messages(book, q="queries") == ["one"]
    assert await messages(book, q="0%") == ["three 100%"]


async def test_a_tenant_sees_its_own_lines_and_the_operators_those_of_nobody(book: Any) -> None:
    book.write(line("mine"))
    book.write(line("another's", tenant_id="other"))
    book.write(line("the service's", tenant_id=None))
    assert await messages(book) == ["mine"]
    assert await messages(book, tenant="platform") == ["the service's"]


async def test_pages_follow_each_other_and_new_lines_don_t_move_them(book: Any) -> None:
    for number in range(5):
        book.write(line(str(number)))
    await book.flush()
    first = await book.page("acme", LogFilter(), PageRequest(limit=2, sort="-timestamp"))
    book.write(line("late"))
    after = PageRequest(limit=2, sort="-timestamp", cursor=first.next_cursor)
    assert [found.message for found in first.items] == ["4", "3"]
    assert (first.total, first.has_next) == (5, True)
    assert await messages(book, after) == ["2", "1"]
    assert await messages(book, PageRequest(limit=2, offset=1, sort="timestamp")) == ["1", "2"]


@pytest.mark.parametrize("cursor", ["nonsense", "!!", "bG9nOi0x", "bG9nOjk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"])
async def test_a_cursor_of_somewhere_else_is_refused(book: Any, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        await book.page("acme", LogFilter(), PageRequest(cursor=cursor, sort="-timestamp"))


async def test_what_is_old_is_forgotten(book: Any) -> None:
    book.write(line("old", -10))
    book.write(line("new"))
    await book.flush()
    assert await book.forget(NOW) == 1
    assert await messages(book) == ["new"]


async def test_a_line_with_what_no_store_can_hold_is_kept_without_it(book: Any) -> None:
    book.write(line("odd", fields={"value": "a\0b\ud800"}))
    assert await messages(book, q="odd") == ["odd"]


async def test_while_the_database_is_away_lines_wait_and_the_oldest_go_first() -> None:
    def away(_: str | None) -> Any:
        raise ServiceUnavailable

    book = PostgresLogBook(away, "platform")
    for number in range(WAITING + 3):
        book.write(line(str(number)))
    with pytest.raises(ServiceUnavailable):
        await book.flush()
    assert book.dropped == 3
    assert [waiting.message for waiting in book._waiting][:2] == ["3", "4"]


async def test_the_lines_of_some_traces_go_and_no_others(book: Any) -> None:
    book.write(line("hers", trace_id="t1"))
    book.write(line("his", trace_id="t2"))
    book.write(line("nobody's"))
    book.write(line("another tenant's", trace_id="t1", tenant_id="other"))
    await book.flush()
    assert await book.erase("acme", {"t1"}) == 1
    assert await messages(book) == ["nobody's", "his"]
    assert await messages(book, tenant="other") == ["another tenant's"]
