"""Whether a sentence says in other words what a source says."""

from collections.abc import Mapping, Sequence

from application.ports.models import Embedder
from domain.errors import ServiceUnavailable
from domain.ranking import RankingProfile
from domain.support import Doubt
from domain.vectors import cosine

CLOSE: Mapping[str, float] = {"english": 0.82, "multilingual": 0.70}
"""Cosine, by space, from which on a claim with the sources' facts and some of their words says what a passage
says. No planted claim of `benchmarks.support_check` reaches it; of the faithful rewordings that words alone refuse
about every fourth does."""
UNMEASURED = 0.82


class Meaning:
    """Compares by the embeddings that questions and pairs are compared by."""

    def __init__(self, embedder: Embedder, profile: RankingProfile) -> None:
        self._embedder, self._profile = embedder, profile

    async def unresolved(self, doubts: Sequence[Doubt], language: str) -> list[str]:
        """The claims that are no rewordings; all of them when the model cannot be reached."""
        return [doubt.claim for doubt in doubts if not await self._is_reworded(doubt, language)]

    async def _is_reworded(self, doubt: Doubt, language: str) -> bool:
        if not doubt.alike:
            return False
        space = next(space for space in self._profile.spaces if space.serves(language))
        try:
            claim, *passages = await self._embedder.embed(space.name, [doubt.claim, *doubt.alike])
        except ServiceUnavailable:
            return False
        closest = max(cosine(claim, passage) for passage in passages)
        return closest >= CLOSE.get(space.name, UNMEASURED)
