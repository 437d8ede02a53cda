"""Versions keep changes; together they are the document as it was."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.documents import MOST_STEPS, Document, DocumentVersion, PairSnapshot, pairs_as_of
from domain.qa_pairs import PairMetadata

NOW = datetime(2026, 1, 7, tzinfo=UTC)


def snap(key: str, answer: str) -> PairSnapshot:
    return PairSnapshot(key, f"What is {key}?", answer, "en", PairMetadata())


def version(number: int, pairs: dict[str, str], removed: tuple[str, ...], *, whole: bool) -> DocumentVersion:
    return DocumentVersion(
        id=f"v_{number}",
        created_at=NOW,
        updated_at=NOW,
        document_id="doc",
        number=number,
        changes="",
        pairs=tuple(snap(key, answer) for key, answer in pairs.items()),
        removed=removed,
        whole_number=None if whole else 1,
    )


Step = tuple[dict[str, str], frozenset[str]]
keys = st.sampled_from("abcdef")
steps = st.lists(st.tuples(st.dictionaries(keys, st.text(max_size=3)), st.frozensets(keys)), max_size=8)


@given(first=st.dictionaries(keys, st.text(max_size=3)), changes=steps)
def test_a_chain_of_changes_is_what_the_changes_made(first: dict[str, str], changes: list[Step]) -> None:
    held, chain = dict(first), [version(1, first, (), whole=True)]
    for number, (put, gone) in enumerate(changes, start=2):
        removed = tuple(gone - put.keys())
        held = {key: text for key, text in {**held, **put}.items() if key not in removed}
        chain.append(version(number, put, removed, whole=False))
        assert {s.qa_id: s.answer for s in pairs_as_of(chain)} == held


def document(**changes: int) -> Document:
    return Document(id="doc", created_at=NOW, updated_at=NOW, title="FAQ", language="en", **changes)


def test_the_first_version_is_whole_and_so_is_the_first_after_an_older_program_wrote() -> None:
    assert document(qa_pairs_count=100).needs_whole_version(1)
    assert document(qa_pairs_count=100, latest_version=7).needs_whole_version(1)


def test_a_version_is_whole_when_changes_have_cost_as_much() -> None:
    kept = {"latest_version": 3, "whole_version": 1, "qa_pairs_count": 100}
    assert not document(**kept, changes_since=98).needs_whole_version(1)
    assert document(**kept, changes_since=98).needs_whole_version(2)


def test_reading_a_version_never_takes_very_many_steps() -> None:
    kept = {"whole_version": 1, "qa_pairs_count": 1_000_000}
    assert not document(**kept, latest_version=MOST_STEPS).needs_whole_version(1)
    assert document(**kept, latest_version=MOST_STEPS + 1).needs_whole_version(1)


def test_archiving_and_restoring_make_the_next_version_whole() -> None:
    kept = document(latest_version=2, whole_version=1, qa_pairs_count=100)
    kept.archive(NOW, 100)
    assert kept.needs_whole_version(1)
    kept.whole_version = 3
    kept.restore(NOW)
    assert kept.needs_whole_version(1)


def test_a_version_from_before_counts_were_kept_counts_its_pairs() -> None:
    kept = version(1, {"a": "x", "b": "y"}, (), whole=True)
    assert kept.qa_pairs_count == 2
    assert kept.first_needed == 1
