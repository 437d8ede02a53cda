"""What the dense index keeps on disk, and what it says when that cannot be trusted."""

import dataclasses
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.indexed import day, row, vector

from adapters.vectors import kept_shard
from adapters.vectors.faiss import FaissVectorIndex
from domain.errors import Conflict, ServiceUnavailable
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace

EN = EmbeddingSpace("en", "mini", 4, "d1", ("en",))
ALL = Filters()
QUERY = vector(1, 0, 0, 0)


async def opened(path: Path) -> FaissVectorIndex:
    index = FaissVectorIndex(directory=path)
    await index.open([EN])
    return index


async def filled(path: Path) -> None:
    """Two tenants, complete, closed in good order."""
    index = await opened(path)
    await index.rebuilt()
    for tenant in ("one", "two"):
        rows = [row(f"{n}", (n, 0, 0, 0), category="c", metadata={"entity": "X"}) for n in range(9)]
        await index.upsert(tenant, "en", rows)
    await index.delete("one", ["8"])
    await index.close()


async def found(index: FaissVectorIndex, tenant: str) -> list[str]:
    return [hit.id for hit in await index.search(tenant, "en", QUERY, 99, ALL)]


def files(path: Path) -> list[Path]:
    return sorted(path.glob("*.rows"), key=lambda file: file.stat().st_size)


def everything_on(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.iterdir())


async def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    await filled(tmp_path)
    index = await opened(tmp_path)
    assert not index.needs_rebuild
    assert await found(index, "one") == ["7", "6", "5", "4", "3", "2", "1", "0"]
    filters = Filters(metadata={"entity": "X"}, categories=frozenset({"c"}), updated_after=day(-1))
    assert len(await index.search("two", "en", QUERY, 99, filters)) == 9
    await index.close()


async def test_a_cleared_tenant_leaves_nothing_on_disk(tmp_path: Path) -> None:
    await filled(tmp_path)
    index = await opened(tmp_path)
    await index.upsert("one", "en", [row("secret id", (1, 0, 0, 0))])
    await index.clear("one")
    await index.close()
    assert b"secret id" not in everything_on(tmp_path)
    index = await opened(tmp_path)
    assert (await index.count("one", "en"), await index.count("two", "en")) == (0, 9)
    await index.close()


async def test_a_new_directory_needs_a_rebuild_until_told_otherwise(tmp_path: Path) -> None:
    index = await opened(tmp_path)
    assert index.needs_rebuild
    await index.upsert("one", "en", [row("a", (1, 0, 0, 0))])
    await index.close()
    index = await opened(tmp_path)
    assert index.needs_rebuild and await found(index, "one") == ["a"]
    await index.rebuilt()
    assert not index.needs_rebuild
    await index.close()


def _overwrite(file: Path) -> None:
    """One bit of the last vector: still a number."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def _shorten(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def _swap_header(file: Path) -> None:
    """The file of one tenant in place of another's."""
    other = next(path for path in files(file.parent) if path != file)
    file.write_bytes(other.read_bytes() + b"padding")


@pytest.mark.parametrize("harm", [_overwrite, _shorten, _swap_header, Path.unlink])
async def test_a_damaged_shard_starts_empty_and_says_so(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    await filled(tmp_path)
    harm(files(tmp_path)[0])
    index = await opened(tmp_path)
    assert index.needs_rebuild
    assert sorted([await index.count("one", "en"), await index.count("two", "en")])[0] == 0
    for tenant in ("one", "two"):
        await index.upsert(tenant, "en", [row("new", (99, 0, 0, 0))])
    await index.rebuilt()
    await index.close()
    index = await opened(tmp_path)
    assert not index.needs_rebuild
    assert [(await found(index, tenant))[0] for tenant in ("one", "two")] == ["new", "new"]
    await index.close()


async def test_a_damaged_manifest_starts_everything_empty(tmp_path: Path) -> None:
    await filled(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    index = await opened(tmp_path)
    assert index.needs_rebuild and await index.count("one", "en") == 0
    assert files(tmp_path) == []
    await index.close()


async def test_a_change_cut_short_by_a_crash_is_as_if_it_had_not_been_asked_for(tmp_path: Path) -> None:
    """Its caller never heard that it held, and asks again."""
    await filled(tmp_path)
    index = await opened(tmp_path)
    before = {file: file.stat().st_size for file in files(tmp_path)}
    await index.upsert("one", "en", [row("half", (50, 0, 0, 0))])
    [grown] = [file for file in before if file.stat().st_size > before[file]]
    _crash(index)
    os.truncate(grown, (before[grown] + grown.stat().st_size) // 2)
    again = await opened(tmp_path)
    assert not again.needs_rebuild
    assert "half" not in await found(again, "one")
    await again.upsert("one", "en", [row("whole", (50, 0, 0, 0))])
    await again.close()
    third = await opened(tmp_path)
    assert (await found(third, "one"))[0] == "whole"
    await third.close()


def _crash(index: FaissVectorIndex) -> None:
    """Lets the directory go as the end of a process does: without a word."""
    directory = index._directory
    assert directory and directory._lock_file
    os.close(directory._lock_file)
    directory._lock_file = None


def _write_until_killed(path: Path, ready: "multiprocessing.synchronize.Event") -> None:
    import asyncio

    async def write() -> None:
        index = await opened(path)
        await index.rebuilt()
        for number in range(100_000):
            await index.upsert("t", "en", [row(f"{number}", (number, 0, 0, 0))])
            (path / "acknowledged").write_text(f"{number}")
            if number == 20:
                ready.set()

    asyncio.run(write())


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_write_until_killed, args=(tmp_path, ready))
    process.start()
    assert ready.wait(60) and process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    acknowledged = int((tmp_path / "acknowledged").read_text() or 20)
    index = await opened(tmp_path)
    assert not index.needs_rebuild
    assert {f"{number}" for number in range(acknowledged + 1)} <= set(await found(index, "t"))
    await index.close()


async def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    index = await opened(tmp_path)
    with pytest.raises(Conflict):
        await opened(tmp_path)
    await index.close()
    await (await opened(tmp_path)).close()


async def test_other_weights_leave_the_kept_rows_alone(tmp_path: Path) -> None:
    await filled(tmp_path)
    other = FaissVectorIndex(directory=tmp_path)
    with pytest.raises(Conflict):
        await other.open([dataclasses.replace(EN, digest="d9")])
    await other.close()
    index = await opened(tmp_path)
    assert await index.count("one", "en") == 8
    await index.close()


@pytest.fixture
def small_slack() -> Iterator[None]:
    before, kept_shard.SLACK = kept_shard.SLACK, 10
    yield
    kept_shard.SLACK = before


@pytest.mark.usefixtures("small_slack")
async def test_a_row_changed_a_thousand_times_takes_the_room_of_a_few(tmp_path: Path) -> None:
    index = await opened(tmp_path)
    for number in range(300):
        await index.upsert("t", "en", [row("a", (number, 0, 0, 0)), row("b", (-1, 0, 0, 0))])
    assert files(tmp_path)[0].stat().st_size < 10_000
    await index.close()
    index = await opened(tmp_path)
    assert await index.scores("t", "en", QUERY, ["a", "b"]) == {"a": 299.0, "b": -1.0}
    await index.close()


async def test_a_full_disk_refuses_the_change_and_keeps_the_rest(tmp_path: Path) -> None:
    await filled(tmp_path)
    index = await opened(tmp_path)
    original = os.write

    def full(descriptor: int, data: bytes) -> int:
        original(descriptor, bytes(data[:-1]))
        raise OSError(28, "No space left on device")

    os.write = full  # type: ignore[assignment]  # a disk with room for all but one byte
    try:
        with pytest.raises(ServiceUnavailable):
            await index.upsert("one", "en", [row(f"new {n}", (99, 0, 0, 0)) for n in range(50)])
    finally:
        os.write = original
    assert await index.count("one", "en") == 8
    await index.upsert("one", "en", [row("newer", (99, 0, 0, 0))])
    await index.close()
    index = await opened(tmp_path)
    assert not index.needs_rebuild and (await found(index, "one"))[0] == "newer"
    await index.close()
