"""Confidence is a probability, and labels make it an honest one."""

import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.confidence import (
    BUILT_IN,
    MIN_LABELS,
    NOBODY,
    SINGLE_SPACE,
    Calibration,
    Constants,
    Evidence,
    Label,
    confidence,
    evidence,
    from_json,
    logit,
    refit,
    sigmoid,
    to_json,
)
from domain.ranking import BUILT_IN as PROFILE
from domain.ranking import Ranked, Signals, asked, rank

kinds = st.sampled_from([*BUILT_IN.constants, "unheard/of"])
found = st.builds(Evidence, st.floats(-1, 2), st.floats(-2, 2), kinds)
labels = st.lists(st.builds(Label, st.floats(-8, 8), st.booleans()), min_size=MIN_LABELS, max_size=80)


def ranked(*relevances: float) -> list[Ranked]:
    candidates = [
        Signals(f"p{n}", "en", {"english": value}, answer=f"answer {n}") for n, value in enumerate(relevances)
    ]
    return rank(asked("how do I pay", "en"), candidates, PROFILE)


@given(found)
def test_confidence_is_a_probability(what: Evidence) -> None:
    for calibration in (BUILT_IN, SINGLE_SPACE):
        assert 0.0 <= confidence(what, calibration) <= 1.0


def test_nothing_found_is_no_confidence() -> None:
    assert evidence([]) is None
    assert confidence(None, BUILT_IN) == 0.0


@given(found, st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_never_makes_less_sure(what: Evidence, nearer: float, clearer: float) -> None:
    better = replace(what, dense=what.dense + nearer, gap=what.gap + clearer)
    assert confidence(better, BUILT_IN) >= confidence(what, BUILT_IN)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10), st.floats(0, 1))
def test_another_rival_never_makes_more_sure(relevances: list[float], rival: float) -> None:
    before, after = evidence(ranked(*relevances)), evidence([*ranked(*relevances), *ranked(rival)])
    assert before is not None
    assert after is not None
    top = max(relevances)
    assert after.gap <= before.gap + 1e-9
    assert before.gap <= top - NOBODY + 1e-9


def test_two_near_rivals_weigh_more_than_one() -> None:
    one, two = evidence(ranked(0.8, 0.7)), evidence(ranked(0.8, 0.7, 0.7))
    assert one is not None
    assert two is not None
    assert two.gap < one.gap < 0.1


def test_a_pair_that_stands_alone_is_measured_against_nobody() -> None:
    alone = evidence(ranked(0.8))
    assert alone is not None
    assert alone.gap == pytest.approx(0.8 - NOBODY)


def test_the_same_answer_twice_is_no_rival() -> None:
    twins = [replace(r, answer="the same") for r in ranked(0.8, 0.79)]
    assert evidence(twins) == evidence(twins[:1])


def test_a_reranker_s_choice_against_the_ranking_makes_less_sure() -> None:
    first, second = ranked(0.8, 0.6)
    kept, overruled = evidence([first, second]), evidence([second, first])
    assert kept is not None
    assert overruled is not None
    assert overruled.gap < 0 < kept.gap


def test_a_close_paraphrase_is_answered_and_a_foreign_subject_is_not() -> None:
    assert confidence(evidence(ranked(0.85, 0.45, 0.4)), BUILT_IN) > 0.9
    assert confidence(evidence(ranked(0.25, 0.22, 0.2)), BUILT_IN) < 0.1


def test_every_space_and_view_has_constants_of_its_own() -> None:
    for space in PROFILE.spaces:
        own = [view for view in space.weights if space.languages is None or "other" not in view]
        assert all(f"{space.name}/{view}" in BUILT_IN.constants for view in own)


@given(st.floats(-1e6, 1e6))
def test_sigmoid_is_symmetric_and_never_overflows(z: float) -> None:
    assert sigmoid(z) + sigmoid(-z) == pytest.approx(1.0)


def test_few_labels_change_nothing() -> None:
    assert refit([Label(5.0, False)] * (MIN_LABELS - 1), BUILT_IN) is BUILT_IN


@given(labels)
def test_a_refit_finds_the_minimum_of_its_loss(some: list[Label]) -> None:
    moved = refit(some, BUILT_IN)
    least = loss(some, moved.slope, moved.shift)
    for slope, shift in ((0.02, 0.0), (-0.02, 0.0), (0.0, 0.02), (0.0, -0.02)):
        assert moved.slope <= 0.1 or least <= loss(some, moved.slope + slope, moved.shift + shift) + 1e-9


@given(labels)
def test_a_refit_keeps_the_order_of_answers(some: list[Label]) -> None:
    assert refit(some, BUILT_IN).slope > 0


@given(labels, st.randoms())
def test_a_refit_does_not_depend_on_the_order_of_labels(some: list[Label], chance: random.Random) -> None:
    shuffled = chance.sample(some, len(some))
    one, other = refit(some, BUILT_IN), refit(shuffled, BUILT_IN)
    assert (one.slope, one.shift) == pytest.approx((other.slope, other.shift), abs=1e-6)


def test_labels_of_an_overconfident_service_bring_it_down_to_the_truth() -> None:
    chance = random.Random(11)
    logits = [chance.gauss(1.0, 2.0) for _ in range(400)]
    judged = [Label(z, chance.random() < sigmoid(0.5 * z - 1.0)) for z in logits]
    moved = refit(judged, BUILT_IN)
    assert moved.slope == pytest.approx(0.5, abs=0.15)
    assert moved.shift == pytest.approx(-1.0, abs=0.35)
    assert moved.labels == 400


def test_a_refit_starts_from_the_shipped_slope_however_often_it_is_done() -> None:
    judged = [Label(z / 10, z > 3) for z in range(-20, 40)]
    once = refit(judged, BUILT_IN)
    assert refit(judged, once) == once


def test_a_calibration_survives_json() -> None:
    moved = replace(BUILT_IN, slope=0.8, shift=-0.4, labels=31)
    assert from_json(json.loads(json.dumps(to_json(moved)))) == moved


def test_the_logit_of_a_label_is_before_slope_and_shift() -> None:
    calibration = Calibration({"a/b": Constants(2.0, 3.0, -1.0)}, slope=0.5, shift=0.25)
    what = Evidence(0.5, 0.1, "a/b")
    assert logit(what, calibration) == pytest.approx(0.3)
    assert confidence(what, calibration) == pytest.approx(sigmoid(0.5 * 0.3 + 0.25))


def loss(some: list[Label], slope: float, shift: float) -> float:
    parts = (sigmoid(slope * label.logit + shift) for label in some)
    likelihoods = (p if label.right else 1 - p for p, label in zip(parts, some, strict=True))
    return 2 * (slope - 1) ** 2 + 0.25 * shift**2 - sum(math.log(max(p, 1e-300)) for p in likelihoods)
