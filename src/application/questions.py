"""The vectors of questions that were asked: as kept from the last time, else made."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from application.embedding import digest_of
from application.ports.archive import KeptVector, VectorArchive
from application.ports.insights import Views
from application.ports.models import Embedder
from domain.gaps import Asked
from domain.ranking import RankingProfile, SpaceProfile
from domain.vectors import Vector

KEPT_TEXTS = 6000
"""That stay at hand in each space where there is no archive."""


class QuestionVectors:
    def __init__(self, embedder: Embedder, profile: RankingProfile, archive: VectorArchive | None = None) -> None:
        self._embedder, self._profile, self._archive = embedder, profile, archive
        self._at_hand: OrderedDict[tuple[str, str], Vector] = OrderedDict()

    @property
    def same_topic(self) -> dict[str, float]:
        """By space, in the order in which they are to be preferred."""
        return {space.name: space.same_topic for space in self._profile.spaces}

    async def __call__(self, tenant_id: str, asked: Sequence[Asked]) -> list[Views]:
        """Of each question its vectors in the spaces that serve its language. Raises `ServiceUnavailable`."""
        by_space = {space.name: await self._in(tenant_id, space, asked) for space in self._profile.spaces}
        return [
            {space: vectors[each.text] for space, vectors in by_space.items() if each.text in vectors} for each in asked
        ]

    async def _in(self, tenant_id: str, space: SpaceProfile, asked: Sequence[Asked]) -> Mapping[str, Vector]:
        """By text. What one model can compare with all others needs no second one."""
        served = [each for each in asked if space.serves(each.language)]
        if space.languages is None and self._has_own_space(asked):
            return {}
        if self._archive is None:
            return await self._remembered(space.name, [each.text for each in served])
        return await self._kept(self._archive, tenant_id, space.name, served)

    def _has_own_space(self, asked: Sequence[Asked]) -> bool:
        """Whether a space of few languages serves every one of these questions."""
        special = [space for space in self._profile.spaces if space.languages is not None]
        return any(all(space.serves(each.language) for each in asked) for space in special)

    async def _remembered(self, space: str, texts: Sequence[str]) -> Mapping[str, Vector]:
        missing = [text for text in texts if (space, text) not in self._at_hand]
        for text, vector in zip(missing, await self._embedder.embed(space, missing), strict=True):
            self._at_hand[space, text] = vector
        found = {text: self._at_hand[space, text] for text in texts}
        while len(self._at_hand) > KEPT_TEXTS * len(self._profile.spaces):
            self._at_hand.popitem(last=False)
        return found

    async def _kept(
        self, archive: VectorArchive, tenant_id: str, space: str, asked: Sequence[Asked]
    ) -> Mapping[str, Vector]:
        """Each wording with the oldest of its questions, which stays the same when it is asked again."""
        model = next(each for each in self._embedder.spaces if each.name == space)
        texts = {each.queries[-1].id: each.text for each in asked}
        recipes = {key: digest_of([(text, 1.0)]) for key, text in texts.items()}
        known = await archive.find(tenant_id, model, recipes)
        missing = [key for key in texts if key not in known]
        made = dict(zip(missing, await self._embedder.embed(space, [texts[key] for key in missing]), strict=True))
        if made:
            fresh = [KeptVector(key, recipes[key], vector) for key, vector in made.items()]
            await archive.keep(tenant_id, model, fresh)
        return {texts[key]: vector for key, vector in {**known, **made}.items()}
