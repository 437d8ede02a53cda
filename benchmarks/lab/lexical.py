"""BM25 as the service scores it, as matrices of queries by pairs."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from benchmarks.lab.data import Pair

from adapters.lexical.postings import Postings
from adapters.lexical.tokens import row_terms
from domain.retrieval import Filters, IndexedFields

Scores = npt.NDArray[np.float64]


def scores(pairs: Sequence[Pair], queries: Sequence[str]) -> tuple[Scores, Scores]:
    """Against the question field, and against question and answer together."""
    postings = Postings()
    for row, pair in enumerate(pairs):
        fields = IndexedFields("lab", pair.language, None, None, False, datetime.fromtimestamp(0, UTC))
        postings.put(str(row), row_terms(pair.titled, pair.answer, pair.language), fields)
    found = np.zeros((2, len(queries), len(pairs)))
    for at, query in enumerate(queries):
        for hit in postings.search(query, len(pairs), Filters()):
            found[:, at, int(hit.id)] = hit.question, hit.pair
    return found[0], found[1]
