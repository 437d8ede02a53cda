"""One tenant's rows in a Tantivy index: it finds the candidates, the formula scores them.

Tantivy rounds the lengths of texts to one byte, counts deleted documents in its statistics until segments
merge, and takes averages over rows that lack the field. So its own scores only choose candidates; the
statistics are kept beside it, and each candidate is scored from the terms stored with it.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import tantivy

from adapters.indexing.table import micros
from adapters.indexing.workers import ReadWriteLock
from adapters.lexical.bm25 import Scorer, Statistics, by_rank, idf
from adapters.lexical.tokens import QueryTerms, RowTerms, counted, query_terms
from application.ports.lexical import LexicalHit, LexicalRow
from domain.retrieval import Filters

HEAP = 15_000_000
"""The least a Tantivy writer takes; it is held only while a batch is written."""
CANDIDATES = 4
"""Candidates fetched per hit wanted."""
AT_LEAST = 64
NO_LABEL = "\0"
"""Stands in the index for no category or no intent: no text that is kept can hold it."""
MUST, SHOULD = tantivy.Occur.Must, tantivy.Occur.Should


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("terms", stored=True)
    for name in ("question", "pair"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    for name in ("document", "language", "category", "intent", "metadata"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_boolean_field("handoff", indexed=True)
    builder.add_integer_field("updated", indexed=True, fast=True)
    return builder.build()


SCHEMA = _schema()


class Totals:
    """The statistics of the rows that are there."""

    def __init__(self) -> None:
        self._frequencies: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._rows = self._questions = self._question_terms = self._pairs = self._pair_terms = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, row: RowTerms, sign: int) -> None:
        self._rows += sign
        self._questions += sign * (row.question_length > 0)
        self._question_terms += sign * row.question_length
        self._pairs += sign * (row.pair_length > 0)
        self._pair_terms += sign * row.pair_length
        for counter, keys in ((self._frequencies, row.known), (self._languages, (row.language,))):
            for key in keys:
                counter[key] += sign
                if not counter[key]:
                    del counter[key]

    def languages(self) -> list[str]:
        return list(self._languages)

    def statistics(self) -> Statistics:
        return Statistics(
            self._rows,
            lambda term: self._frequencies.get(term, 0),
            self._question_terms / max(1, self._questions),
            self._pair_terms / max(1, self._pairs),
        )


class TantivyShard:
    def __init__(self) -> None:
        self._lock = ReadWriteLock()
        self._writer = threading.Lock()
        self._index = tantivy.Index(SCHEMA)
        self._totals = Totals()

    def __len__(self) -> int:
        """Without waiting for a write that is under way."""
        return len(self._totals)

    def upsert(self, rows: Sequence[LexicalRow]) -> None:
        prepared = {row.id: (row, counted(row)) for row in rows}
        with self._writer:
            self._write(list(prepared), [_document(row, terms) for row, terms in prepared.values()])

    def delete(self, ids: Sequence[str]) -> None:
        with self._writer:
            self._write(ids, ())

    def clear(self) -> None:
        with self._writer, self._lock.writing():
            self._index, self._totals = tantivy.Index(SCHEMA), Totals()

    def search(self, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        with self._lock.reading():
            wanted = self._matching(text)
            if wanted is None:
                return []
            conditions = [(MUST, tantivy.Query.boost_query(part, 0.0)) for part in _conditions(filters)]
            query = tantivy.Query.boolean_query([(MUST, wanted), *conditions])
            found = self._stored(query, max(AT_LEAST, CANDIDATES * limit))
            return sorted(self._rescored(text, found), key=by_rank)[:limit]

    def scores(self, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        with self._lock.reading():
            return {hit.id: hit for hit in self._rescored(text, self._rows(ids))}

    def _write(self, replaced: Sequence[str], documents: Sequence[tuple[Any, RowTerms]]) -> None:
        before = [terms for _, terms in self._rows(replaced)]
        if not before and not documents:
            return
        writer = self._index.writer(HEAP, 1)
        for row_id in replaced:
            writer.delete_documents_by_query(tantivy.Query.term_query(SCHEMA, "id", row_id))
        for document, _ in documents:
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        with self._lock.writing():
            self._index.reload()
            for terms in before:
                self._totals.add(terms, -1)
            for _, terms in documents:
                self._totals.add(terms, 1)

    def _rows(self, ids: Sequence[str]) -> list[tuple[str, RowTerms]]:
        query = tantivy.Query.term_set_query(SCHEMA, "id", list(ids))
        return list(self._stored(query, len(ids))) if ids else []

    def _stored(self, query: Any, limit: int) -> Iterator[tuple[str, RowTerms]]:
        searcher = self._index.searcher()
        for _, address in searcher.search(query, limit, count=False).hits:
            document = searcher.doc(address)
            yield document["id"][0], msgspec.msgpack.decode(document["terms"][0], type=RowTerms)

    def _rescored(self, text: str, rows: Iterable[tuple[str, RowTerms]]) -> Iterator[LexicalHit]:
        statistics = self._totals.statistics()
        scorers = {language: Scorer(query_terms(text, language), statistics) for language in self._totals.languages()}
        for row_id, terms in rows:
            yield scorers[terms.language](row_id, terms)

    def _matching(self, text: str) -> Any | None:
        """Any of the terms, weighed as the formula does; None when there are none to look for."""
        searcher, statistics = self._index.searcher(), self._totals.statistics()
        parts = [
            (SHOULD, _weighed(searcher, field, f"{language}:{term}", weight))
            for language in self._totals.languages()
            for field, terms in _by_field(query_terms(text, language))
            for term, weight in statistics.weights(terms)
        ]
        return tantivy.Query.boolean_query(parts) if parts else None


def _weighed(searcher: Any, field: str, term: str, weight: float) -> Any:
    """Tantivy multiplies by an idf of its own: taken out again."""
    rows = max(1, searcher.num_docs)
    own = idf(rows, min(rows, searcher.doc_freq(field, term)))
    return tantivy.Query.boost_query(tantivy.Query.term_query(SCHEMA, field, term, "freq"), weight / own)


def _by_field(terms: QueryTerms) -> tuple[tuple[str, Sequence[str]], ...]:
    return ("question", terms.question), ("pair", terms.pair)


def _document(row: LexicalRow, terms: RowTerms) -> tuple[Any, RowTerms]:
    document = tantivy.Document()
    document.add_text("id", row.id)
    document.add_bytes("terms", msgspec.msgpack.encode(terms))
    for name, counts in (("question", terms.question), ("pair", terms.pair)):
        repeated = (f"{terms.language}:{term}" for term, times in counts.items() for _ in range(times))
        document.add_text(name, " ".join(repeated))
    _add_fields(document, row)
    return document, terms


def _add_fields(document: Any, row: LexicalRow) -> None:
    fields = row.fields
    document.add_text("document", fields.document_id)
    document.add_text("language", fields.language)
    for name, value in (("category", fields.category), ("intent", fields.intent)):
        document.add_text(name, _term(value))
    for item in fields.metadata.items():
        document.add_text("metadata", json.dumps(item))
    document.add_boolean("handoff", fields.requires_handoff)
    document.add_integer("updated", micros(fields.updated_at))


def _term(label: str | None) -> str:
    return NO_LABEL if label is None else label


def _conditions(filters: Filters) -> Iterator[Any]:
    for name, values in (
        ("category", filters.categories),
        ("intent", filters.intents),
        ("language", filters.languages),
        ("document", filters.document_ids),
    ):
        if values:
            yield tantivy.Query.term_set_query(SCHEMA, name, sorted(map(_term, values)))
    for item in filters.metadata.items():
        yield tantivy.Query.term_query(SCHEMA, "metadata", json.dumps(item))
    if filters.requires_handoff is not None:
        yield tantivy.Query.term_query(SCHEMA, "handoff", filters.requires_handoff)
    if filters.updated_after is not None:
        after = micros(filters.updated_after)
        integer = tantivy.FieldType.Integer
        yield tantivy.Query.range_query(SCHEMA, "updated", integer, lower_bound=after, include_lower=False)
