"""Rows for the suites of the dense and lexical indexes, and what a filter may say."""

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from application.ports.vectors import VectorRow
from domain.retrieval import Filters, IndexedFields
from domain.vectors import Vector

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY_ONE + timedelta(days=number)


def fields(**changes: object) -> IndexedFields:
    usual: dict[str, object] = {
        "document_id": "doc_1",
        "language": "en",
        "category": None,
        "intent": None,
        "requires_handoff": False,
        "updated_at": DAY_ONE,
    }
    return IndexedFields(**(usual | changes))  # type: ignore[arg-type]  # the names are checked at run time


def vector(*numbers: float) -> Vector:
    return array("f", numbers)


def row(row_id: str, numbers: Sequence[float], **changes: object) -> VectorRow:
    return VectorRow(row_id, vector(*numbers), fields(**changes))


IDS = st.sampled_from([f"qa_{number}" for number in range(8)])
CATEGORIES = st.sampled_from(["billing", "delivery", 'with.dot and "quote"'])
INTENTS = st.sampled_from(["ask", "change"])
LANGUAGES = st.sampled_from(["en", "ru", "xx"])
DOCUMENTS = st.sampled_from(["doc_1", "doc_2"])
METADATA = st.dictionaries(st.sampled_from(["entity", "a.b[0]"]), st.sampled_from(["X", "a.b[0]", "1"]))
MOMENTS = st.integers(0, 3).map(day) | st.just(DAY_ONE + timedelta(microseconds=1))

ANY_FIELDS = st.builds(
    IndexedFields,
    document_id=DOCUMENTS,
    language=LANGUAGES,
    category=st.none() | CATEGORIES,
    intent=st.none() | INTENTS,
    requires_handoff=st.booleans(),
    updated_at=MOMENTS,
    metadata=METADATA,
)
ANY_FILTERS = st.just(Filters()) | st.builds(
    Filters,
    categories=st.frozensets(st.none() | CATEGORIES),
    intents=st.frozensets(st.none() | INTENTS, max_size=1),
    languages=st.frozensets(LANGUAGES),
    updated_after=st.none() | MOMENTS,
    requires_handoff=st.none() | st.booleans(),
    document_ids=st.frozensets(DOCUMENTS, max_size=1),
    metadata=METADATA,
)
ONE_OF_EACH_FILTER = [
    Filters(categories=frozenset({"billing"})),
    Filters(intents=frozenset({"ask", "change"})),
    Filters(languages=frozenset({"ru"})),
    Filters(updated_after=day(1)),
    Filters(requires_handoff=True),
    Filters(document_ids=frozenset({"doc_2"})),
    Filters(metadata={"entity": "X"}),
]
