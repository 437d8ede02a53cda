"""The rows of one index by slot, with the columns that filters look at."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.indexing.codes import Codes
from domain.retrieval import Filters, IndexedFields

Mask = NDArray[np.bool_]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Exact microseconds since the epoch; a moment without a zone is taken for UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


class Column:
    """A numpy array that grows by doubling."""

    def __init__(self, dtype: Any) -> None:
        self._data: NDArray[Any] = np.zeros(16, dtype)

    def __setitem__(self, slot: int, value: Any) -> None:
        if slot >= len(self._data):
            grown = np.zeros(max(slot + 1, 2 * len(self._data)), self._data.dtype)
            grown[: len(self._data)] = self._data
            self._data = grown
        self._data[slot] = value

    def __getitem__(self, slot: int) -> Any:
        return self._data[slot]

    def first(self, size: int) -> NDArray[Any]:
        """The first `size` values, without copying."""
        if size > len(self._data):
            self[size - 1] = 0
        return self._data[:size]


class CodedColumn:
    """A column of recurring values."""

    def __init__(self) -> None:
        self.codes: Codes[str | None] = Codes()
        self.data = Column(np.int32)

    def put(self, slot: int, value: str | None) -> None:
        self.data[slot] = self.codes.acquire(value)

    def remove(self, slot: int) -> None:
        self.codes.release(int(self.data[slot]))

    def get(self, slot: int) -> str | None:
        return self.codes.value(int(self.data[slot]))

    def among(self, values: Iterable[str | None], size: int) -> Mask:
        wanted = np.zeros(max(1, len(self.codes)), np.bool_)
        wanted[self.codes.known(values)] = True
        found: Mask = wanted[self.data.first(size)]
        return found


class RowTable:
    """Slots of rows: a row keeps its slot for life, a removed row's slot goes to a later one."""

    def __init__(self) -> None:
        self.size = 0
        """One more than the largest slot there has been."""
        self._slots: dict[str, int] = {}
        self._ids: list[str] = []
        self._free: list[int] = []
        self._alive = Column(np.bool_)
        self._documents, self._languages = CodedColumn(), CodedColumn()
        self._categories, self._intents = CodedColumn(), CodedColumn()
        self._handoff = Column(np.bool_)
        self._updated = Column(np.int64)
        self._metadata: dict[int, Mapping[str, str]] = {}
        self._holders: dict[tuple[str, str], set[int]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def put(self, row_id: str, fields: IndexedFields) -> int:
        """The slot of the row, new or replaced."""
        slot = self._slots.get(row_id)
        if slot is None:
            slot = self._place(row_id)
        else:
            self._forget_fields(slot)
        self._keep_fields(slot, fields)
        return slot

    def remove(self, row_id: str) -> int | None:
        """The slot that became free, if there was such a row."""
        slot = self._slots.pop(row_id, None)
        if slot is None:
            return None
        self._forget_fields(slot)
        self._ids[slot] = ""
        self._alive[slot] = False
        self._free.append(slot)
        return slot

    def slot(self, row_id: str) -> int | None:
        return self._slots.get(row_id)

    def row_id(self, slot: int) -> str:
        return self._ids[slot]

    def ids(self) -> list[str]:
        return list(self._slots)

    def live_slots(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._alive.first(self.size))

    def known(self, ids: Iterable[str]) -> dict[str, int]:
        return {row_id: slot for row_id in ids if (slot := self._slots.get(row_id)) is not None}

    def fields(self, row_id: str) -> IndexedFields:
        slot = self._slots[row_id]
        return IndexedFields(
            document_id=self._documents.get(slot) or "",
            language=self._languages.get(slot) or "",
            category=self._categories.get(slot),
            intent=self._intents.get(slot),
            requires_handoff=bool(self._handoff[slot]),
            updated_at=EPOCH + int(self._updated[slot]) * MICROSECOND,
            metadata=dict(self._metadata.get(slot, {})),
        )

    def languages(self) -> list[str]:
        return [language or "" for language in self._languages.codes]

    def in_language(self, language: str) -> Mask:
        among: Mask = self._languages.among((language,), self.size) & self._alive.first(self.size)
        return among

    def admitted(self, filters: Filters) -> Mask | None:
        """Which slots hold rows that satisfy the filters; None for every slot."""
        if filters.is_empty():
            return self._alive.first(self.size) if self._free else None
        mask: Mask = self._alive.first(self.size).copy()
        for column, values in (
            (self._categories, filters.categories),
            (self._intents, filters.intents),
            (self._languages, filters.languages),
            (self._documents, filters.document_ids),
        ):
            if values:
                mask &= column.among(values, self.size)
        self._narrow(mask, filters)
        return mask

    def _narrow(self, mask: Mask, filters: Filters) -> None:
        if filters.updated_after is not None:
            mask &= self._updated.first(self.size) > micros(filters.updated_after)
        if filters.requires_handoff is not None:
            mask &= self._handoff.first(self.size) == filters.requires_handoff
        for item in filters.metadata.items():
            holders = np.zeros(self.size, np.bool_)
            holders[list(self._holders.get(item, ()))] = True
            mask &= holders

    def _place(self, row_id: str) -> int:
        if self._free:
            slot = self._free.pop()
            self._ids[slot] = row_id
        else:
            slot = self.size
            self.size += 1
            self._ids.append(row_id)
        self._slots[row_id] = slot
        self._alive[slot] = True
        return slot

    def _keep_fields(self, slot: int, fields: IndexedFields) -> None:
        self._documents.put(slot, fields.document_id)
        self._languages.put(slot, fields.language)
        self._categories.put(slot, fields.category)
        self._intents.put(slot, fields.intent)
        self._handoff[slot] = fields.requires_handoff
        self._updated[slot] = micros(fields.updated_at)
        if fields.metadata:
            self._metadata[slot] = dict(fields.metadata)
        for item in fields.metadata.items():
            self._holders.setdefault(item, set()).add(slot)

    def _forget_fields(self, slot: int) -> None:
        for column in (self._documents, self._languages, self._categories, self._intents):
            column.remove(slot)
        for item in self._metadata.pop(slot, {}).items():
            self._holders[item].discard(slot)
            if not self._holders[item]:
                del self._holders[item]
