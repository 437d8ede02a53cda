"""What words leave open, meaning decides; what they refute stays refuted."""

from array import array
from collections.abc import Sequence

import pytest

from application.meaning import CLOSE, Meaning
from domain.errors import ServiceUnavailable
from domain.ranking import BUILT_IN
from domain.support import Doubt, Evidence
from domain.vectors import Vector

pytestmark = pytest.mark.anyio
SOURCE = (
    "The most common symptoms are fever, tiredness and dry cough. Some people do not even show symptoms. "
    "Travel costs 30 euros."
)
REWORDED = "Typical signs are a temperature, feeling tired and a dry cough."


class Embedder:
    """Everything is as like the first text as it is told."""

    spaces = ()

    def __init__(self, likeness: float) -> None:
        self.likeness = likeness

    async def open(self) -> None:
        """Nothing to open."""

    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]:
        other = array("f", [self.likeness, (1 - self.likeness**2) ** 0.5])
        return [array("f", [1.0, 0.0]), *(other for _ in texts[1:])]

    async def close(self) -> None:
        """Nothing to close."""


class Absent(Embedder):
    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]:
        raise ServiceUnavailable("The model is away.")


def test_a_rewording_is_doubted_together_with_what_it_may_reword() -> None:
    [doubt] = Evidence([SOURCE]).doubts(REWORDED, "en")
    assert doubt.claim == REWORDED
    assert doubt.alike[0] == "The most common symptoms are fever, tiredness and dry cough."
    assert not any("do not" in passage for passage in doubt.alike)


@pytest.mark.parametrize(
    "claim",
    [
        "Typical signs are not a temperature, feeling tired and a dry cough.",
        "Typical signs are a temperature, feeling tired and a dry cough for 9 days.",
        "Elephants like bananas.",
    ],
)
def test_what_is_refuted_or_foreign_has_no_chance(claim: str) -> None:
    [doubt] = Evidence([SOURCE]).doubts(claim, "en")
    assert doubt.alike == ()


@pytest.mark.parametrize(("likeness", "left"), [(0.01, []), (-0.01, [REWORDED])])
async def test_only_a_close_meaning_resolves_a_doubt(likeness: float, left: list[str]) -> None:
    doubts = [Doubt(REWORDED, (SOURCE,))]
    for language, space in (("en", "english"), ("de", "multilingual")):
        embedder = Embedder(CLOSE[space] + likeness)
        assert await Meaning(embedder, BUILT_IN).unresolved(doubts, language) == left


async def test_without_a_model_and_without_passages_doubts_remain() -> None:
    doubts = [Doubt(REWORDED, (SOURCE,))]
    assert await Meaning(Absent(1.0), BUILT_IN).unresolved(doubts, "en") == [REWORDED]
    assert await Meaning(Embedder(1.0), BUILT_IN).unresolved([Doubt("No.")], "en") == ["No."]
