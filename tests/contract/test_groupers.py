"""What every grouper promises: each text in one group, and no two groups left that belong together."""

from array import array
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.insights.grouping import AverageLinkage
from application.ports.insights import Views

NEARNESS = {"few": 0.6, "all": 0.8}
GROUPER = AverageLinkage()


def unit(numbers: Sequence[float]) -> "array[float]":
    length = sum(x * x for x in numbers) ** 0.5 or 1.0
    return array("f", (x / length for x in numbers))


def texts(seed: int, count: int) -> list[Views]:
    """Some in both spaces, some in one; around a few centres, so that there is something to find."""
    chance = Random(seed)
    centres = [[chance.gauss(0, 1) for _ in range(6)] for _ in range(3)]
    spaces = [("few",), ("all",), ("few", "all")]
    return [
        {space: unit([x + chance.gauss(0, 0.6) for x in chance.choice(centres)]) for space in chance.choice(spaces)}
        for _ in range(count)
    ]


def margin(first: Views, second: Views) -> float:
    for space, least in NEARNESS.items():
        if space in first and space in second:
            return sum(a * b for a, b in zip(first[space], second[space], strict=True)) - least
    return -4.0


def mean_margin(first: Sequence[Views], second: Sequence[Views]) -> float:
    return sum(margin(a, b) for a in first for b in second) / (len(first) * len(second))


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 25))
async def test_every_text_is_in_one_group_and_no_two_groups_belong_together(seed: int, count: int) -> None:
    given_ = texts(seed, count)
    groups = await GROUPER.group(given_, NEARNESS)
    assert sorted(n for group in groups for n in group) == list(range(count))
    assert [len(group) for group in groups] == sorted((len(group) for group in groups), reverse=True)
    members = [[given_[n] for n in group] for group in groups]
    for n, first in enumerate(members):
        assert all(mean_margin(first, second) < 1e-5 for second in members[:n])
    assert groups == await GROUPER.group(given_, NEARNESS)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 25))
async def test_the_first_of_a_group_is_the_nearest_to_all_of_it(seed: int, count: int) -> None:
    given_ = texts(seed, count)
    for group in await GROUPER.group(given_, NEARNESS):
        members = [given_[n] for n in group]
        nearness = [mean_margin([text], members) for text in members]
        assert nearness[0] == pytest.approx(max(nearness), abs=1e-5)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 20))
async def test_a_text_is_placed_in_the_nearest_group_if_that_is_near_enough(seed: int, count: int) -> None:
    given_, others = texts(seed, count), texts(seed + 1, 10)
    groups = [[given_[n] for n in group] for group in await GROUPER.group(given_, NEARNESS)]
    for text, place in zip(others, await GROUPER.place(others, groups, NEARNESS), strict=True):
        margins = [mean_margin([text], group) for group in groups]
        if place is None:
            assert max(margins) < 1e-5
        else:
            assert margins[place] == pytest.approx(max(margins), abs=1e-5)
            assert margins[place] > -1e-5


async def test_of_nothing_there_are_no_groups_and_in_none_there_is_a_place() -> None:
    assert await GROUPER.group([], NEARNESS) == []
    assert await GROUPER.place(texts(1, 2), [], NEARNESS) == [None, None]


async def test_words_in_two_languages_meet_in_the_space_of_both() -> None:
    near: list[Views] = [
        {"few": unit([1, 0]), "all": unit([1, 0])},
        {"all": unit([1, 0.1])},
        {"few": unit([0, 1]), "all": unit([1, 0])},
    ]
    assert await GROUPER.group(near, NEARNESS) == [[0, 1], [2]]
