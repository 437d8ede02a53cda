"""An inverted index in arrays: exact statistics, rows that come and go."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.indexing.codes import Codes
from adapters.indexing.table import Column, Mask, RowTable
from adapters.lexical.bm25 import Statistics, by_rank, saturation
from adapters.lexical.tokens import QueryTerms, RowTerms, query_terms
from application.ports.lexical import LexicalHit
from domain.retrieval import Filters, IndexedFields

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FREQUENCY = 0xFFFF


class Lengths:
    """The lengths of one field, and their mean over the rows that have the field."""

    def __init__(self) -> None:
        self._of_slot = Column(np.int64)
        self._total = 0
        self._rows = 0

    @property
    def average(self) -> float:
        return self._total / self._rows if self._rows else 0.0

    def put(self, slot: int, length: int) -> None:
        self.remove(slot)
        self._of_slot[slot] = length
        self._total += length
        self._rows += length > 0

    def remove(self, slot: int) -> None:
        held = int(self._of_slot.first(slot + 1)[slot])
        self._total -= held
        self._rows -= held > 0
        self._of_slot[slot] = 0

    def at(self, slots: Ints) -> Ints:
        lengths: Ints = self._of_slot.first(int(slots.max(initial=-1)) + 1)[slots]
        return lengths


class Postings:
    """One tenant's rows. Not for several threads at once, unless all of them only read."""

    def __init__(self) -> None:
        self._table = RowTable()
        self._terms: Codes[str] = Codes()
        self._posted: list[array[int]] = []
        """By term code: slot << 32 | times in the question << 16 | times in the pair."""
        self._row_terms: dict[int, array[int]] = {}
        self._questions, self._pairs = Lengths(), Lengths()

    def __len__(self) -> int:
        return len(self._table)

    def put(self, row_id: str, terms: RowTerms, fields: IndexedFields) -> None:
        self._unpost(self._table.slot(row_id))
        slot = self._table.put(row_id, fields)
        self._post(slot, terms)
        self._questions.put(slot, terms.question_length)
        self._pairs.put(slot, terms.pair_length)

    def remove(self, row_id: str) -> None:
        slot = self._table.remove(row_id)
        self._unpost(slot)

    def search(self, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        admitted = self._table.admitted(filters)
        questions, pairs = self._score(text, admitted)
        sums = questions + pairs
        found = np.flatnonzero(sums)
        if len(found) > limit:
            cut = np.partition(sums[found], len(found) - limit)[len(found) - limit]
            found = found[sums[found] >= cut]
        return sorted(self._hits(found, questions, pairs), key=by_rank)[:limit]

    def scores(self, text: str, ids: Iterable[str]) -> dict[str, LexicalHit]:
        slots = np.array(list(self._table.known(ids).values()), np.int64)
        wanted = np.zeros(self._table.size, np.bool_)
        wanted[slots] = True
        return {hit.id: hit for hit in self._hits(slots, *self._score(text, wanted))}

    def _hits(self, slots: Ints, questions: Floats, pairs: Floats) -> Iterator[LexicalHit]:
        for slot, question, pair in zip(slots.tolist(), questions[slots].tolist(), pairs[slots].tolist(), strict=True):
            yield LexicalHit(self._table.row_id(slot), question, pair)

    def _score(self, text: str, wanted: Mask | None) -> tuple[Floats, Floats]:
        """Both scores by slot, of the wanted slots."""
        questions, pairs = np.zeros(self._table.size), np.zeros(self._table.size)
        languages = self._table.languages()
        for language in languages:
            mask = self._table.in_language(language) if len(languages) > 1 else None
            both = mask & wanted if mask is not None and wanted is not None else mask
            self._add(query_terms(text, language), wanted if both is None else both, questions, pairs)
        return questions, pairs

    def _add(self, query: QueryTerms, wanted: Mask | None, questions: Floats, pairs: Floats) -> None:
        known = Statistics(len(self), self._frequency, self._questions.average, self._pairs.average)
        self._add_field(known.weights(query.question), 16, self._questions, wanted, questions)
        self._add_field(known.weights(query.pair), 0, self._pairs, wanted, pairs)

    def _add_field(
        self, weights: Sequence[tuple[str, float]], shift: int, lengths: Lengths, wanted: Mask | None, sums: Floats
    ) -> None:
        for term, weight in weights:
            slots, times = self._occurrences(term, shift, wanted)
            sums[slots] += weight * saturation(times, lengths.at(slots).astype(np.float64), lengths.average)

    def _occurrences(self, term: str, shift: int, wanted: Mask | None) -> tuple[Ints, Floats]:
        code = self._terms.get(term)
        posted = np.array(self._posted[code] if code is not None else (), np.int64)
        times = posted >> shift & FREQUENCY
        slots = posted >> 32
        kept = times > 0 if wanted is None else (times > 0) & wanted[slots]
        return slots[kept], times[kept].astype(np.float64)

    def _frequency(self, term: str) -> int:
        code = self._terms.get(term)
        return 0 if code is None else len(self._posted[code])

    def _post(self, slot: int, terms: RowTerms) -> None:
        """Written for speed: this loop is most of what filling an index costs."""
        posted, acquire, question, pair = self._posted, self._terms.acquire, terms.question, terms.pair
        codes = self._row_terms[slot] = array("i")
        place = slot << 32
        for term in terms.known:
            code = acquire(term)
            if code == len(posted):
                posted.append(array("q"))
            posted[code].append(place | question.get(term, 0) << 16 | pair.get(term, 0))
            codes.append(code)

    def _unpost(self, slot: int | None) -> None:
        if slot is None:
            return
        for code in self._row_terms.pop(slot, ()):
            posted = self._posted[code]
            place = int(np.flatnonzero(np.frombuffer(posted, np.int64) >> 32 == slot)[0])
            posted[place] = posted[-1]
            posted.pop()
            self._terms.release(code)
        self._questions.remove(slot)
        self._pairs.remove(slot)
