"""The four metrics over verdicts that are given, and what labels make of a calibration."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calibrating import fit, moved, verdict, worth
from domain.confidence import BUILT_IN, MIN_LABELS, Label, fingerprint, sigmoid
from domain.errors import InvalidInput
from domain.evaluation import DatasetRow, Judged, left_to_judge, numbered, spread
from domain.judging import answer_relevancy, context_precision, context_recall
from domain.queries import Feedback
from domain.settings import ConfidenceFit

shares = st.floats(0.0, 1.0)
many = st.lists(shares, min_size=1, max_size=8)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_with_verdicts_of_yes_and_no_precision_is_that_of_ragas(verdicts: list[bool]) -> None:
    """Average precision over the useful ones, as its documentation has it."""
    precisions = [sum(verdicts[: k + 1]) / (k + 1) for k, useful in enumerate(verdicts) if useful]
    expected = sum(precisions) / len(precisions) if precisions else 0.0
    found = context_precision([float(useful) for useful in verdicts])
    assert found == pytest.approx(expected)


@given(many)
def test_precision_is_a_share_and_best_with_the_useful_ones_first(useful: list[float]) -> None:
    first, last = context_precision(sorted(useful, reverse=True)), context_precision(sorted(useful))
    assert first is not None
    assert last is not None
    assert 0.0 <= last <= first + 1e-9 <= 1.0 + 1e-9


def test_what_is_missing_has_no_score() -> None:
    assert context_precision([]) is None
    assert context_recall([]) is None
    assert spread([None, None]) is None


@given(shares, shares)
def test_an_answer_that_leaves_out_more_is_worth_less_and_one_that_declines_nothing(
    answers: float, half: float
) -> None:
    whole = answer_relevancy(answers, 1.0, declines=False)
    assert whole == answer_relevancy(answers, None, declines=False) == answers
    assert answer_relevancy(answers, half, declines=False) <= whole
    assert answer_relevancy(answers, half, declines=True) == 0.0


def test_the_deviation_is_that_of_all_samples_there_are() -> None:
    found = spread([0.2, 0.4, None, 0.9])
    assert found is not None
    assert (found.mean, found.min, found.max, found.count) == (0.5, 0.2, 0.9, 3)
    assert found.std == pytest.approx(math.sqrt((0.09 + 0.01 + 0.16) / 3), abs=1e-4)


def test_rows_without_an_id_get_one_that_nobody_has() -> None:
    rows = numbered([DatasetRow("a?"), DatasetRow("b?", id="row_0001"), DatasetRow("c?")])
    assert [row.id for row in rows] == ["row_0002", "row_0001", "row_0003"]
    with pytest.raises(InvalidInput) as refused:
        numbered([DatasetRow("a?", id="x"), DatasetRow("b?", id="x")])
    assert refused.value.problems[0].field == "rows.1.id"


def test_what_is_judged_is_not_judged_again() -> None:
    assert left_to_judge(["a", "b", "c"], [Judged("b")]) == ["a", "c"]


@pytest.mark.parametrize(
    ("rating", "helpful", "correct", "expected"),
    [
        (5, None, None, True), (3, None, None, None), (1, None, None, False),
        (5, False, None, False), (1, True, None, True), (5, True, False, False),
    ],
)  # fmt: skip
def test_the_plainest_word_of_feedback_counts(
    rating: int, helpful: bool | None, correct: bool | None, expected: bool | None
) -> None:
    from datetime import UTC, datetime

    given_ = Feedback("fb", rating, datetime(2026, 1, 1, tzinfo=UTC), helpful, correct)
    assert verdict(given_) is expected


def overconfident(count: int) -> list[Label]:
    """Logits from −2 to 4, of which those of a third of their odds are right."""
    logits = [-2.0 + 6.0 * (n % 30) / 29 for n in range(count)]
    return [Label(z, (n * 7919 % 1000) / 1000 < sigmoid(z - 1.1)) for n, z in enumerate(logits)]


def test_labels_of_an_overconfident_service_make_it_more_honest_on_labels_it_has_not_seen() -> None:
    found = fit(overconfident(300), BUILT_IN, BUILT_IN)
    assert found.helps
    assert found.after.loss < found.before.loss
    assert found.after.error < found.before.error
    assert found.setting.shift < 0


def test_the_worth_after_is_that_of_labels_that_the_fit_has_not_seen() -> None:
    """On the very labels that it was fitted to it would look better."""
    labels = overconfident(MIN_LABELS)
    found = fit(labels, BUILT_IN, BUILT_IN)
    seen = worth(labels, [sigmoid(found.calibration.slope * each.logit + found.calibration.shift) for each in labels])
    assert seen.loss < found.after.loss


def test_a_fit_moves_only_the_constants_that_it_was_made_for() -> None:
    mine = ConfidenceFit(0.5, -1.0, 30, fingerprint(BUILT_IN))
    assert moved(BUILT_IN, mine).slope == 0.5
    assert moved(BUILT_IN, ConfidenceFit(0.5, -1.0, 30, "another")) == BUILT_IN
    assert moved(BUILT_IN, ConfidenceFit(shift=-1.0)).shift == -1.0
