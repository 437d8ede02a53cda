"""`python -m benchmarks.lab [ranking] [recipe] [confidence]`: the figures of docs/quality.md.

The first run embeds every set (ten minutes); later ones take two.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from benchmarks.lab import data
from benchmarks.lab.data import QuestionSet
from benchmarks.lab.fitting import (
    Trial,
    Trials,
    calibrated,
    error_after_labels,
    fitted,
    joined,
    left_out,
    trial_of,
    trials,
)
from benchmarks.lab.measures import (
    answered,
    auroc,
    calibration_error,
    let_through,
    min_max,
    places,
    ranking,
)
from benchmarks.lab.models import embed
from benchmarks.lab.recipe import compared
from benchmarks.lab.worlds import World

from domain.confidence import BUILT_IN as CALIBRATION
from domain.confidence import Calibration

RANKED: tuple[Callable[[], QuestionSet], ...] = (
    data.stackfaq,
    data.covidfaq,
    data.mixed,
    lambda: data.answers_only("en"),
    data.python_answers,
    *(lambda code=code: data.across(code) for code in ("de", "fr", "ru")),
    lambda: data.dstc11(0),
    lambda: data.dstc11(1, titled=False),
    lambda: data.dstc11(1),
    lambda: data.dstc11(0, filtered=True),
    lambda: data.dstc11(1, filtered=True),
    *(lambda code=code: data.xquad(code) for code in ("en", "ru", "de", "es")),
    lambda: data.xquad("ru", "en"),
    lambda: data.xquad("en", "ru"),
    *(lambda code=code: data.answers_only(code) for code in ("de", "fr", "ru")),
    data.reference,
    data.among_languages,
    data.only_translated,
    *(lambda code=code: data.half_translated(code) for code in ("de", "fr", "ru")),
)
COMPARED: tuple[Callable[[], QuestionSet], ...] = (
    *(lambda code=code: data.across(code) for code in ("de", "fr", "ru")),
    lambda: data.xquad("en"),
    lambda: data.answers_only("en"),
    data.python_answers,
    data.stackfaq,
    data.covidfaq,
    data.mixed,
    data.reference,
)
JUDGED: dict[str, tuple[tuple[str, Callable[[], QuestionSet]], ...]] = {
    "English questions over English pairs": (
        ("stack", data.stackfaq),
        ("covid", data.covidfaq),
        ("dstc", lambda: data.dstc11(1)),
        ("dstc", lambda: data.dstc11(0, filtered=True)),
    ),
    "English questions over English passages": (
        ("debian", lambda: data.answers_only("en")),
        ("python", data.python_answers),
        ("xquad", lambda: data.xquad("en")),
    ),
    "questions in one language, pairs in another": tuple(
        (code, lambda code=code: data.across(code)) for code in ("de", "fr", "ru")
    ),
    "passages in the question's language, not English": (
        *(("xquad", lambda code=code: data.xquad(code)) for code in ("ru", "de", "es")),
        *(("debian", lambda code=code: data.answers_only(code)) for code in ("ru", "de", "fr")),
    ),
    "passages in another language": (
        ("ru-en", lambda: data.xquad("ru", "en")),
        ("de-en", lambda: data.xquad("de", "en")),
        ("en-ru", lambda: data.xquad("en", "ru")),
    ),
}
MIXED = ("English questions over English pairs", ("stack", "covid"), data.mixed)


def main(wanted: Sequence[str]) -> None:
    if not wanted or "ranking" in wanted:
        ranking_table()
    if not wanted or "recipe" in wanted:
        recipe_table()
    if not wanted or "confidence" in wanted:
        confidence_tables()
        small_table()


def ranking_table() -> None:
    print("\n## Ranking: hit@1 / hit@5 / MRR@10\n")
    print("| set | pairs | questions | BM25 | MiniLM | min-max 0.7/0.3 | supportrag |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for make in RANKED:
        world = World(make())
        lexical = world.lexical[1]
        dense = _question_field(world)
        baselines = (lexical, dense, 0.7 * min_max(dense) + 0.3 * min_max(lexical))
        figures = [ranking(places(np.where(world.allowed, s, -9.0), world.right)) for s in baselines]
        figures.append(ranking([outcome.place for outcome in world.outcomes()]))
        cells = (world.name, len(world.pairs), len(world.queries), *figures)
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def recipe_table() -> None:
    print("\n## The published recipe and the service: hit@1 / hit@5 / MRR@10\n")
    print("| set | recipe | supportrag |\n| --- | --- | --- |")
    for make in COMPARED:
        world = World(make())
        print("| " + " | ".join(map(str, (world.name, *compared(world)))) + " |", flush=True)


def _question_field(world: World) -> np.ndarray:
    """MiniLM on the question where there is one, on the text where not."""
    asked = embed("minilm", [query.text for query in world.queries])
    return (asked @ embed("minilm", [p.titled or p.text for p in world.pairs]).T).astype(float)


def confidence_tables() -> None:
    for title, makers in JUDGED.items():
        sets = [trials(make()) for _, make in makers]
        families = {each.name: family for each, (family, _) in zip(sets, makers, strict=True)}
        alone = left_out(sets, families)
        if title == MIXED[0]:
            extra = trials(MIXED[2]())
            kin = [each for each in sets if families[each.name] not in MIXED[1]]
            sets, alone = [*sets, extra], {**alone, extra.name: calibrated(extra.kind, kin)}
        print(f"\n## Confidence: {title}\n")
        print(f"fitted on all: {fitted(sets)}; shipped: {CALIBRATION.of(sets[0].kind)} ({sets[0].kind})\n")
        _table("shipped constants", sets, dict.fromkeys((each.name for each in sets), CALIBRATION))
        _labels_table(sets)
        _table("constants fitted without the set and its kin", sets, alone)
        _means(sets, alone)
        _thresholds(sets)


def small_table() -> None:
    """A company's first pairs: one question over few of them, its article there half of the time."""
    print("\n## Confidence: small knowledge bases\n")
    print("| pairs | AUROC | ECE | answered ≥ .5 | answered ≥ .9 |\n|" + " --- |" * 5)
    for size in (1, 2, 3, 5, 10):
        worlds = [s for make in (data.stackfaq, data.covidfaq, data.mixed) for s in data.small(make(), size, 300)]
        trial = trial_of([o for questions in worlds for o in World(questions).outcomes()], 1.0)
        p = trial.probabilities(CALIBRATION)
        cells = (f"{auroc(p, trial.right):.3f}", f"{calibration_error(p, trial.right):.3f}")
        shares = (_answered(trial, CALIBRATION, at) for at in (0.5, 0.9))
        print(f"| {size} | {' | '.join((*cells, *shares))} |", flush=True)


COLUMNS = (
    "set, top 1 right, AUROC full, half, with foreign, ECE full, half, with foreign, "
    "let through half, foreign, foreign over the floor, answered ≥ .5 full, half, answered ≥ .9 full, half"
)


def _table(title: str, sets: Sequence[Trials], found: Mapping[str, Calibration]) -> None:
    print(f"{title}\n\n| {' | '.join(COLUMNS.split(', '))} |\n|{' --- |' * len(COLUMNS.split(', '))}")
    for each in sets:
        print(f"| {' | '.join([each.name, *_figures(each, found[each.name])])} |", flush=True)
    print()


def _thresholds(sets: Sequence[Trials]) -> None:
    """Share answered and share of those wrong, by the shipped confidence."""
    levels = (0.4, 0.5, 0.6, 0.7)
    conditions = ("full", "half", "foreign")
    print(f"\n| set | {' | '.join(f'{name} ≥ {t}' for name in conditions for t in levels)} |")
    print("|" + " --- |" * (1 + len(conditions) * len(levels)))
    for each in sets:
        cells = (_answered(t, CALIBRATION, at) for t in each.all for at in levels)
        print(f"| {each.name} | {' | '.join(cells)} |", flush=True)
    print()


MEANS = "means, AUROC full, half, with foreign, ECE half, let through half, foreign, wrong at half coverage"


def _means(sets: Sequence[Trials], alone: Mapping[str, Calibration]) -> None:
    """Ours beside the similarity alone and the plain gap."""
    measures: dict[str, Callable[[Trials, Trial], np.ndarray]] = {
        "similarity of the best alone": lambda _, trial: trial.dense,
        "8.0 dense + 12.7 plain gap - 6.0": lambda _, trial: trial.plain_logits(),
        "fitted without the set": lambda each, trial: trial.logits(alone[each.name]),
        "shipped": lambda _, trial: trial.logits(CALIBRATION),
    }
    print(f"| {' | '.join(MEANS.split(', '))} |\n|{' --- |' * len(MEANS.split(', '))}")
    for name, measure in measures.items():
        rows = np.array([_summary(each, measure) for each in sets])
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in np.nanmean(rows, 0)) + " |", flush=True)


def _summary(each: Trials, measure: Callable[[Trials, Trial], np.ndarray]) -> list[float]:
    among = joined(each.full, each.foreign)
    full, half, mixed = (measure(each, trial) for trial in (each.full, each.half, among))
    return [
        *(auroc(s, t.right) for s, t in ((full, each.full), (half, each.half), (mixed, among))),
        calibration_error(1 / (1 + np.exp(-half)), each.half.right),
        let_through(half, each.half.right, ~each.half.answerable),
        let_through(mixed, among.right, ~among.answerable),
        float(1 - each.full.right[full >= np.median(full)].mean()),
    ]


def _labels_table(sets: Sequence[Trials]) -> None:
    print("ECE with half of the pairs, after so many labelled answers\n\n| set | 0 | 20 | 200 |\n|" + " --- |" * 4)
    for each in sets:
        errors = (error_after_labels(each.half, n) if n < len(each.half.right) else None for n in (0, 20, 200))
        print(f"| {each.name} | " + " | ".join("" if e is None else f"{e:.3f}" for e in errors) + " |")
    print()


def _figures(each: Trials, found: Calibration) -> list[str]:
    among = joined(each.full, each.foreign)
    conditions = (each.full, each.half, among)
    return [
        f"{each.full.right.mean():.3f}",
        *(f"{auroc(t.logits(found), t.right):.3f}" for t in conditions),
        *(f"{calibration_error(t.probabilities(found), t.right):.3f}" for t in conditions),
        *(f"{let_through(t.logits(found), t.right, ~t.answerable):.3f}" for t in (each.half, among)),
        f"{(each.foreign.similarity >= 0.4).mean():.3f}",
        *(_answered(t, found, at) for at in (0.5, 0.9) for t in (each.full, each.half)),
    ]


def _answered(trial: Trial, found: Calibration, threshold: float) -> str:
    share, wrong = answered(trial.probabilities(found), trial.right, threshold)
    return f"{share:.0%}, {wrong:.1%} wrong"


if __name__ == "__main__":
    main(sys.argv[1:])
