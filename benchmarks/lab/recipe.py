"""The published recipe that ranking began with, to the letter, beside the service on the same questions.

    same language:  .4 cos(E q) + .6 cos(E q+a) + .20 Bq + .05 Bqa
    no question:    .8 cos(E text) + .2 max over its sentences, 16 at most, + .30 Ba
    other language: cos(U q) + .05 Bq

E is the English model, U the multilingual one; all pairs are candidates. Right is, for both, the pair that the
set names or one with its very answer.
"""

import re

import numpy as np
from benchmarks.lab.data import Pair
from benchmarks.lab.measures import Numbers, Ranking, places, ranking
from benchmarks.lab.models import embed
from benchmarks.lab.worlds import World

SENTENCES = 16
_END = re.compile(r"(?<=[.!?])\s+|\n+")


def compared(world: World) -> tuple[Ranking, Ranking]:
    """The recipe's, and the service's."""
    service = ranking([outcome.place for outcome in world.outcomes()])
    return ranking(places(_scores(world), _right(world))), service


def _right(world: World) -> np.ndarray:
    answers = {pair.id: pair.answer for pair in world.pairs}
    wanted = [{answers[key] for key in query.relevant if key in answers} for query in world.queries]
    return np.array([[pair.answer in texts for pair in world.pairs] for texts in wanted])


def _scores(world: World) -> Numbers:
    questions, both = world.lexical
    if any(query.language != pair.language for query in world.queries[:1] for pair in world.pairs[:1]):
        return _cosines(world, "use", [p.question or p.answer for p in world.pairs]) + 0.05 * questions
    whole = _cosines(world, "minilm", [p.text for p in world.pairs])
    if not world.pairs[0].question:
        return 0.8 * whole + 0.2 * _best_sentences(world) + 0.30 * both
    asked = _cosines(world, "minilm", [p.titled for p in world.pairs])
    return 0.4 * asked + 0.6 * whole + 0.20 * questions + 0.05 * both


def _cosines(world: World, model: str, texts: list[str]) -> Numbers:
    return (embed(model, [query.text for query in world.queries]) @ embed(model, texts).T).astype(np.float64)


def _best_sentences(world: World) -> Numbers:
    cut = [_sentences(pair) for pair in world.pairs]
    cosines = _cosines(world, "minilm", [sentence for sentences in cut for sentence in sentences])
    starts = np.cumsum([0, *(len(sentences) for sentences in cut[:-1])])
    return np.maximum.reduceat(cosines, starts, axis=1)


def _sentences(pair: Pair) -> list[str]:
    return [part for part in _END.split(pair.answer) if part.strip()][:SENTENCES] or [pair.answer]
