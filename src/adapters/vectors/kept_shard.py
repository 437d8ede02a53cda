"""A shard whose changes are on disk before they are seen."""

import threading
from collections.abc import Iterable, Iterator, Sequence

from adapters.vectors.journal import Change, Damaged, Journal
from adapters.vectors.shard import NO_VECTOR, Shard
from adapters.vectors.spaces import Matrix
from application.ports.vectors import VectorRow

SLACK = 10_000
"""Outdated rows a journal may hold, besides as many as it has rows, before it is written anew."""


class KeptShard(Shard):
    """Writes wait for each other; searches wait for no disk."""

    def __init__(self, dimension: int, ivf_above: int, journal: Journal) -> None:
        super().__init__(dimension, ivf_above)
        self._journal = journal
        self._writer = threading.Lock()
        self._journaled = 0

    def load(self, whole: bool) -> None:
        """Raises `Damaged`, and is then empty; at once when the file is known not to be whole."""
        try:
            if not whole:
                raise Damaged("the file is missing or lost its end")
            for change in self._journal.replay():
                self._apply_change(change)
        except Damaged:
            self.clear()
            raise

    def upsert(self, rows: Sequence[VectorRow], matrix: Matrix) -> None:
        with self._writer:
            self._keep(_put(rows, matrix))
            super().upsert(rows, matrix)
            self._tidy()

    def delete(self, ids: Iterable[str]) -> None:
        with self._writer:
            known = list(self._table.known(ids))
            if known:
                self._keep(Change(known))
                super().delete(known)
                self._tidy()

    def clear(self) -> None:
        with self._writer:
            self._journal.rewrite(())
            self._journaled = 0
            super().clear()

    def _keep(self, change: Change) -> None:
        self._journal.append(change)
        self._journaled += len(change.ids)

    def _tidy(self) -> None:
        if self._journaled > 2 * len(self) + SLACK:
            self._journal.rewrite(self._all_rows())
            self._journaled = len(self)

    def _all_rows(self) -> Iterator[Change]:
        for rows, matrix in self.batches():
            yield _put(rows, matrix)

    def _apply_change(self, change: Change) -> None:
        self._journaled += len(change.ids)
        if not change.fields:
            super().delete(change.ids)
            return
        pairs = zip(change.ids, change.fields, strict=True)
        super().upsert([VectorRow(row_id, NO_VECTOR, fields) for row_id, fields in pairs], change.matrix())


def _put(rows: Sequence[VectorRow], matrix: Matrix) -> Change:
    return Change([row.id for row in rows], [row.fields for row in rows], matrix.tobytes())
