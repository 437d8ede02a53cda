"""The lexical (BM25) index. Derived from the store, never the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.retrieval import Filters, IndexedFields


@dataclass(frozen=True, slots=True)
class LexicalRow:
    id: str
    question: str
    """Empty for a passage that has none."""
    answer: str
    fields: IndexedFields


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """Normalised BM25 in 0..about 1 (1 = every term of the query matched at full weight): divided by
    the sum of the idf of all query terms, unseen ones included."""

    id: str
    question: float
    """Against the question field."""
    pair: float
    """Against question and answer together."""


@dataclass(frozen=True, slots=True)
class WordMatches:
    rows: tuple[LexicalRow, ...]
    total: int
    """Of how many rows these were found."""


class WordSearch(Protocol):
    """Finds rows by words in the store itself: slower and coarser than an index, and never out of date."""

    async def matches(self, tenant_id: str, text: str, limit: int, filters: Filters) -> WordMatches:
        """Those that share most with the text, best first."""
        ...


class LexicalIndex(Protocol):
    """BM25 with the stemmer of each row's language, within one tenant.

    `search` stems the query per language of the rows it meets (a German query word meets German rows).
    Word statistics are the tenant's own, so that nothing can be inferred about others. Visibility,
    filters, tenancy and failures as in `VectorIndex`. Hits are sorted by descending `pair + question`.
    Any text is a valid query: there is no query syntax.
    """

    async def open(self) -> None: ...

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None: ...

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None: ...

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]: ...

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]: ...

    async def count(self, tenant_id: str) -> int: ...

    async def clear(self, tenant_id: str) -> None: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class ReplaceableLexicalIndex(LexicalIndex, Protocol):
    """As `ReplaceableVectorIndex`; what may be another is how texts are taken apart."""

    async def prepare(self) -> bool: ...

    async def take_over(self) -> None: ...
