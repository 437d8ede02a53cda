"""One tenant's rows in one space, shared by threads."""

import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from adapters.indexing.table import RowTable
from adapters.indexing.workers import ReadWriteLock
from adapters.vectors.engines import FlatEngine, IvfEngine, Slots, Stopped
from adapters.vectors.spaces import Matrix, is_settled, ranked
from application.ports.vectors import VectorHit, VectorRow
from domain.retrieval import Filters

SPARE = 16
"""Hits fetched beyond the limit, so that equal scores at the cut rarely need a second search."""
CATCH_UP = 1_000
"""Rows that may be caught up with while searches wait: a few milliseconds."""
BATCH = 4_096
NO_VECTOR = array("f")


class Shard:
    """Searches run side by side; a write is seen whole or not at all."""

    def __init__(self, dimension: int, ivf_above: int) -> None:
        self._dimension = dimension
        self._ivf_above = ivf_above
        self._lock = ReadWriteLock()
        self._growing = threading.Lock()
        self._stopped = threading.Event()
        self._table = RowTable()
        self._engine: FlatEngine | IvfEngine = FlatEngine(dimension)
        self._trained_rows = 0
        self._touched: set[int] | None = None

    def __len__(self) -> int:
        with self._lock.reading():
            return len(self._table)

    def upsert(self, rows: Sequence[VectorRow], matrix: Matrix) -> None:
        """The ids are distinct."""
        with self._lock.writing():
            slots = np.array([self._table.put(row.id, row.fields) for row in rows], np.int64)
            self._engine.put(slots, matrix)
            self._note(slots)

    def delete(self, ids: Iterable[str]) -> None:
        with self._lock.writing():
            freed = [slot for row_id in ids if (slot := self._table.remove(row_id)) is not None]
            if isinstance(self._engine, IvfEngine):
                self._engine.remove(np.array(freed, np.int64))
            self._note(np.array(freed, np.int64))

    def clear(self) -> None:
        with self._lock.writing():
            self._start_empty()

    def search(self, query: Matrix, limit: int, filters: Filters) -> list[VectorHit]:
        if limit <= 0:
            return []
        with self._lock.reading():
            mask = self._table.admitted(filters)
            matching = len(self._table) if mask is None else int(np.count_nonzero(mask))
            asked = min(limit + SPARE, matching)
            while asked:
                scores, slots = self._engine.search(query, asked, mask, matching)
                hits = ranked(self._hits(scores.tolist(), slots.tolist()))
                if asked == matching or is_settled(hits, limit, asked):
                    return hits[:limit]
                asked = min(4 * asked, matching)
        return []

    def scores(self, query: Matrix, ids: Sequence[str]) -> dict[str, float]:
        with self._lock.reading():
            known = self._table.known(ids)
            matrix = self._engine.vectors(np.array(list(known.values()), np.int64)) if known else None
        if matrix is None:
            return {}
        return dict(zip(known, np.einsum("rd,d->r", matrix, query[0]).tolist(), strict=True))

    def batches(self) -> Iterator[tuple[list[VectorRow], Matrix]]:
        """All rows, without their vectors, and the vectors; writers must be kept away meanwhile."""
        ids = self._table.ids()
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            slots = np.array([self._table.slot(row_id) for row_id in some], np.int64)
            rows = [VectorRow(row_id, NO_VECTOR, self._table.fields(row_id)) for row_id in some]
            yield rows, self._engine.vectors(slots)

    def wants_to_grow(self) -> bool:
        rows = len(self._table)
        return rows > self._ivf_above and rows > 4 * self._trained_rows and not self._growing.locked()

    def grow(self) -> None:
        """Moves to an index trained on the present rows, while searches and writes go on."""
        if not self._growing.acquire(blocking=False):
            return
        try:
            self._replace_engine()
        finally:
            with self._lock.writing():
                self._touched = None
            self._growing.release()

    def stop(self) -> None:
        self._stopped.set()

    def _replace_engine(self) -> None:
        with self._lock.writing():
            table, self._touched = self._table, set()
        with self._lock.reading():
            slots = table.live_slots()
            matrix = self._engine.vectors(slots)
        if len(slots) <= self._ivf_above:
            return
        try:
            engine = IvfEngine(slots, matrix, self._stopped.is_set)
        except Stopped:
            return
        while self._take_over(engine, table):
            self._catch_up(engine, table)

    def _take_over(self, engine: IvfEngine, table: RowTable) -> bool:
        """Whether there is still too much to catch up with. A cleared table ends it."""
        with self._lock.writing():
            if self._table is not table or self._touched is None:
                return False
            if len(self._touched) > CATCH_UP:
                return True
            self._apply(engine, *self._changes())
            self._engine, self._trained_rows = engine, len(table)
            return False

    def _catch_up(self, engine: IvfEngine, table: RowTable) -> None:
        with self._lock.writing():
            changes = self._changes() if self._table is table else None
        if changes is not None:
            self._apply(engine, *changes)

    def _changes(self) -> tuple[Slots, Slots, Matrix]:
        """What was touched since the last time: all of it, what of it is alive, and its vectors."""
        touched = np.array(sorted(self._touched or ()), np.int64)
        self._touched = set()
        alive = np.intersect1d(touched, self._table.live_slots())
        return touched, alive, self._engine.vectors(alive)

    @staticmethod
    def _apply(engine: IvfEngine, touched: Slots, alive: Slots, matrix: Matrix) -> None:
        engine.remove(touched)
        engine.put(alive, matrix)

    def _start_empty(self) -> None:
        self._table = RowTable()
        self._engine = FlatEngine(self._dimension)
        self._trained_rows = 0
        self._touched = None

    def _note(self, slots: Slots) -> None:
        if self._touched is not None:
            self._touched.update(slots.tolist())

    def _hits(self, scores: list[float], slots: list[int]) -> Iterator[VectorHit]:
        for score, slot in zip(scores, slots, strict=True):
            yield VectorHit(self._table.row_id(slot), score)
