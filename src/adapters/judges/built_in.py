"""The judge that needs no language model: embeddings, the support check, and RAGAS's formulas over both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from application.ports.models import Embedder, LanguageDetector
from domain import judging
from domain.evaluation import Context, Metric, Sample, Scores
from domain.judging import SCALES, Scale
from domain.ranking_profiles import RankingProfile, SpaceProfile, index_texts
from domain.sentences import sentences
from domain.support import Bearing, Evidence, declines, says_something
from domain.support_text import Statement, read
from domain.vectors import Vector, cosine

RESTS = 0.6
"""An answer rests on the context that bears out more than this of it."""
MOST_SENTENCES = 200
"""Read of one text; the rest of a longer one adds nothing to a judgement but time."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text cut into what it claims, in its language."""

    whole: str
    language: str
    claims: tuple[Statement, ...]


class BuiltInJudge:
    """All five languages, and answers in another language than their sources, by the multilingual space."""

    name = "built-in"

    def __init__(self, embedder: Embedder, profile: RankingProfile, languages: LanguageDetector) -> None:
        self._embedder, self._profile, self._languages = embedder, profile, languages

    async def open(self) -> None:
        """Its models are the service's own."""

    async def judge(self, sample: Sample, metrics: Sequence[str]) -> Scores:
        return await _Judgement(sample, self._embedder, self._profile, self._languages)(metrics)


SURE = 0.8
"""A text whose language is told with less confidence is taken to be in that of all texts together."""


class _Judgement:
    """One sample on the bench: every text is read and embedded once."""

    def __init__(
        self, sample: Sample, embedder: Embedder, profile: RankingProfile, languages: LanguageDetector
    ) -> None:
        self._sample, self._embedder, self._detect = sample, embedder, languages.detect
        self._spoken = sample.language or languages.detect(" ".join(_texts(sample))).language
        self._answer = self._read(sample.answer) if sample.answer else None
        self._reference = self._read(sample.reference) if sample.reference else None
        self._approved = self._read(sample.approved) if sample.approved else None
        self._space = self._space_of(profile)
        self._scale: Scale = SCALES.get(self._space.name, SCALES["default"])
        self._vectors: dict[str, Vector] = {}

    async def __call__(self, metrics: Sequence[str]) -> Scores:
        measures: Mapping[str, Callable[[], object]] = {
            Metric.CONTEXT_PRECISION: self._context_precision,
            Metric.CONTEXT_RECALL: self._context_recall,
            Metric.FAITHFULNESS: self._faithfulness,
            Metric.ANSWER_RELEVANCY: self._answer_relevancy,
        }
        scores = {metric: await measures[metric]() for metric in metrics}  # type: ignore[misc]
        return {metric: None if score is None else round(score, 4) for metric, score in scores.items()}

    async def _context_precision(self) -> float | None:
        """A context is useful if it is about what was asked; given a reference, if it also says some of it."""
        useful = [await self._useful(context) for context in self._sample.contexts]
        return judging.context_precision(useful)

    async def _useful(self, context: Context) -> float:
        about = await self._about(context)
        if self._reference is None or not self._reference.claims:
            return about
        said = await self._attributed(self._reference, [context])
        return max(about, max(said)) if max(said) > 0 else about * 0.5

    async def _about(self, context: Context) -> float:
        """How probable it is that the context is about what was asked: by its vector in the index."""
        parts = index_texts(self._space, context.question or "", context.text)
        likeness = sum([weight * await self._likeness(self._sample.question, text) for text, weight in parts])
        return (self._scale.useful if context.question else self._scale.passage)(likeness)

    async def _context_recall(self) -> float | None:
        expected = self._reference or self._approved
        if expected is None or not self._sample.contexts:
            return None
        return judging.context_recall(await self._attributed(expected, self._sample.contexts))

    async def _faithfulness(self) -> float | None:
        if self._answer is None or not self._sample.contexts:
            return None
        return judging.faithfulness(await self._attributed(self._answer, self._sample.contexts))

    async def _answer_relevancy(self) -> float | None:
        if self._answer is None:
            return None
        complete = None
        expected = self._reference or self._approved
        if expected is not None and expected.claims:
            complete = judging.context_recall(await self._attributed(expected, [Context(self._answer.whole)]))
        return judging.answer_relevancy(await self._answers(), complete, declines=declines(self._answer.whole))

    async def _answers(self) -> float:
        """By the question itself, or by the question that the answer's own source answers."""
        assert self._answer is not None  # noqa: S101 - asked for only with one
        parts = [self._answer.whole, *(claim.text for claim in self._answer.claims)]
        direct = self._scale.answers(max([await self._likeness(self._sample.question, part) for part in parts]))
        rests = [context for context in self._sample.contexts if await self._rests_on(context)]
        reverse = [await self._about(context) for context in rests]
        return max(reverse) if reverse else direct

    async def _rests_on(self, context: Context) -> bool:
        assert self._answer is not None  # noqa: S101 - asked for only with one
        said = await self._attributed(self._answer, [context])
        return bool(said) and sum(said) / len(said) > RESTS

    async def _attributed(self, text: _Text, sources: Sequence[Context]) -> list[float]:
        """Of each claim of the text, how probable it is that the sources say it: what the support check leaves
        open is decided by the nearest of their sentences."""
        evidence = Evidence([context.whole for context in sources])
        bearings = [evidence.bearing(claim, text.language) for claim in text.claims]
        near = _windows(sources) if Bearing.UNTOLD in bearings else []
        return [
            self._scale.says(await self._nearest(claim.text, near)) if told is Bearing.UNTOLD else _CERTAIN[told]
            for claim, told in zip(text.claims, bearings, strict=True)
        ]

    async def _nearest(self, claim: str, windows: Sequence[str]) -> float:
        await self._embed([claim, *windows])
        return max(cosine(self._vectors[claim], self._vectors[window]) for window in windows)

    async def _likeness(self, one: str, other: str) -> float:
        await self._embed([one, other])
        return cosine(self._vectors[one], self._vectors[other])

    async def _embed(self, texts: Sequence[str]) -> None:
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if missing:
            vectors = await self._embedder.embed(self._space.name, missing)
            self._vectors.update(zip(missing, vectors, strict=True))

    def _read(self, text: str) -> _Text:
        language = self._language(text)
        statements = [read(sentence, language) for sentence in sentences(text)[:MOST_SENTENCES]]
        return _Text(text, language, tuple(each for each in statements if says_something(each)))

    def _language(self, text: str) -> str:
        found = self._detect(text)
        return found.language if found.confidence >= SURE else self._spoken

    def _space_of(self, profile: RankingProfile) -> SpaceProfile:
        """The first that serves every language there is."""
        spoken = {self._language(text) for text in _texts(self._sample)}
        serving = (space for space in profile.spaces if all(map(space.serves, spoken)))
        return next(serving, profile.spaces[-1])


def _texts(sample: Sample) -> list[str]:
    given = (sample.question, sample.answer, sample.reference, sample.approved)
    return [*(text for text in given if text), *(context.text for context in sample.contexts)]


_CERTAIN = {Bearing.BORNE_OUT: 1.0, Bearing.REFUTED: 0.0}


def _windows(sources: Sequence[Context]) -> list[str]:
    """Sentences and pairs of neighbours; a question alone says nothing, and is read with what follows it."""
    found: list[str] = []
    for source in sources:
        parts = [part for each in sentences(source.whole)[:MOST_SENTENCES] if (part := each.strip())]
        found += [part for part in parts if not part.endswith("?")]
        found += [f"{one} {other}" for one, other in pairwise(parts)]
    return found or [source.whole for source in sources]
