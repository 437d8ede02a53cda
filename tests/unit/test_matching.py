"""Fields, conditions and bodies, without any store."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.aggregates import SPECIMENS, Specimen, aggregates, examples_of, specimen, values_of

from adapters.storage.codec import EVENT_TYPES, decode, decode_event, encode, encode_event, twin
from adapters.storage.layout import Field, blob_fields, indexed_fields, is_storable
from adapters.storage.matching import matches, path_value, sort_key
from adapters.storage.postgres.statements import COLUMN_TYPES
from application.ports.storage import TABLES, Table
from domain.aggregates import Event
from domain.events import DocumentArchived
from domain.paging import Condition, Op


def test_a_path_leads_through_members_and_mappings_and_ends_in_nothing_where_a_part_is_missing() -> None:
    item = specimen("a", word="w", anything={"deep": {"er": 1}})
    assert path_value(item, "word") == "w"
    assert path_value(item, "anything.deep.er") == 1
    assert path_value(item, "anything.deep.missing.more") is None
    assert path_value(item, "inner.word") is None


@given(values=st.lists(st.none() | st.integers()))
def test_nothing_sorts_below_everything(values: list[int | None]) -> None:
    ordered = sorted(values, key=sort_key)
    known = [value for value in values if value is not None]
    assert ordered == [None] * (len(values) - len(known)) + sorted(known)


@pytest.mark.parametrize("op", [op for op in Op if op not in (Op.EQ, Op.IN)])
def test_nothing_is_greater_smaller_or_like_what_is_unknown(op: Op) -> None:
    assert not matches(specimen("a", note=None), (Condition("note", op, "x"),))
    assert not matches(specimen("a", note="x"), (Condition("note", op, None),))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_indexed_field_of_the_registry_has_a_type_that_a_column_can_have(table: Table[Any]) -> None:
    assert all(field.type in COLUMN_TYPES for field in indexed_fields(table).values())


def test_a_field_knows_its_type_and_whether_it_may_be_missing() -> None:
    fields = indexed_fields(SPECIMENS)
    assert fields["colour"] == Field("colour", str, nullable=False)
    assert fields["rank"] == Field("rank", int, nullable=True)
    assert fields["flag"].type is bool
    assert fields["labels"].type is tuple
    assert fields["inner.word"].column == "inner_word" and fields["inner.word"].nullable
    assert fields["inner.extra.key"].nullable, "any key of a mapping may be missing"


@pytest.mark.parametrize("path", ["nothing", "inner.nothing", "word.length"])
def test_a_table_cannot_name_a_field_that_its_aggregate_lacks(path: str) -> None:
    with pytest.raises((KeyError, TypeError)):
        indexed_fields(Table("wrong", Specimen, "wrong", (path,)))


@given(item=aggregates(SPECIMENS))
def test_a_body_gives_back_its_aggregate_with_bytes_kept_apart(item: Specimen) -> None:
    body, blobs = encode(item, item.version)
    assert set(blobs) == set(blob_fields(Specimen)) == {"content", "thumbnail"}
    assert decode(Specimen, body, blobs) == item


@given(item=aggregates(SPECIMENS))
def test_a_twin_is_equal_and_leaves_events_and_version_where_they_were(item: Specimen) -> None:
    item.record(DocumentArchived(document_id="d", qa_archived=1))
    copied = twin(item, version=item.version + 1)
    assert (copied.version, item.version) == (1, 0)
    copied.version = 0
    assert copied == item
    assert copied.take_events() == [] and len(item.take_events()) == 1


@pytest.mark.parametrize("text", ["", "any text, 文字, \U0001f600", "\x01", 7, None])
def test_a_text_is_storable(text: Any) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["\0", "a\0b", "half \ud83d"])
def test_what_is_no_character_is_not_storable(text: str) -> None:
    assert not is_storable(text)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES.keys())
def test_every_event_of_the_catalogue_comes_back_as_it_was(kind: type[Event]) -> None:
    for event in examples_of(values_of(kind), 20):
        assert decode_event(*encode_event(event)) == event


def test_only_events_of_the_catalogue_are_recorded() -> None:
    class Invented(Event):
        pass

    with pytest.raises(TypeError, match="Invented"):
        encode_event(Invented())
