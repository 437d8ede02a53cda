"""The question sets: who asks what, among which pairs, and which pairs are right."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.ranking import with_subject

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@dataclass(frozen=True)
class Pair:
    id: str
    question: str
    """Empty for a passage."""
    answer: str
    language: str
    entity: str = ""

    @property
    def titled(self) -> str:
        """The question as the service indexes it."""
        return with_subject(self.question, self.entity.title())

    @property
    def text(self) -> str:
        return f"{self.titled} {self.answer}".strip()


@dataclass(frozen=True)
class Query:
    text: str
    relevant: frozenset[str]
    language: str
    entities: frozenset[str] = frozenset()
    """Where not empty: the pairs' entities that the search is filtered to."""


@dataclass(frozen=True)
class QuestionSet:
    name: str
    pairs: tuple[Pair, ...]
    queries: tuple[Query, ...]


def rows(path: str) -> list[dict[str, Any]]:
    with (ROOT / path).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def pairs(path: str) -> tuple[Pair, ...]:
    return tuple(
        Pair(r["id"], r.get("question", ""), r.get("answer") or r.get("text", ""), r["lang"], r.get("entity", ""))
        for r in rows(path)
    )


def queries(path: str) -> tuple[Query, ...]:
    return tuple(Query(r["query"], frozenset(r["relevant"]), r["lang"]) for r in rows(path))


def stackfaq() -> QuestionSet:
    return QuestionSet("stackfaq", pairs("faq/stackfaq/corpus.jsonl"), queries("faq/stackfaq/queries.jsonl"))


def covidfaq() -> QuestionSet:
    return QuestionSet("covidfaq", pairs("faq/covidfaq/corpus.jsonl"), queries("faq/covidfaq/queries.jsonl"))


def mixed() -> QuestionSet:
    return QuestionSet("mixed", pairs("faq/mixed/corpus.jsonl"), stackfaq().queries + covidfaq().queries)


def answers_only(language: str) -> QuestionSet:
    """The Debian FAQ with its questions hidden: each question has to find its answer's text."""
    return _hidden(f"debianfaq {language}, question hidden", pairs(f"faq/debianfaq/corpus.{language}.jsonl"))


def python_answers() -> QuestionSet:
    return _hidden("pythonfaq, question hidden", pairs("faq/pythonfaq/corpus.jsonl"))


def _hidden(name: str, known: Sequence[Pair]) -> QuestionSet:
    asked = tuple(Query(p.question, frozenset([p.id]), p.language) for p in known)
    return QuestionSet(name, tuple(replace(p, question="") for p in known), asked)


def across(language: str) -> QuestionSet:
    """Translated questions over the English Debian FAQ."""
    asked = queries(f"faq/debianfaq/queries.{language}.jsonl")
    return QuestionSet(f"debianfaq {language} → en", pairs("faq/debianfaq/corpus.en.jsonl"), asked)


def xquad(asked: str, told: str | None = None) -> QuestionSet:
    told = told or asked
    name = f"xquad {asked}" if asked == told else f"xquad {asked} → {told}"
    return QuestionSet(name, pairs(f"xquad/paragraphs.{told}.jsonl"), queries(f"xquad/questions.{asked}.jsonl"))


def dstc11(context: int = 1, *, filtered: bool = False, titled: bool = True) -> QuestionSet:
    """Turns of a dialogue, after `context` turns before them; `titled` keeps the pairs' entity."""
    found = pairs("faq/dstc11/corpus.jsonl")
    known = found if titled or filtered else tuple(replace(p, entity="") for p in found)
    asked = tuple(_turn(row, context, filtered) for row in rows("faq/dstc11/queries.jsonl"))
    turn = "previous turn + turn" if context else "last turn"
    name = f"dstc11, {turn}" + (", right entity" if filtered else "") + ("" if titled else ", entity hidden")
    return QuestionSet(name, known, asked)


def _turn(row: dict[str, Any], context: int, filtered: bool) -> Query:
    before = [turn.split(": ", 1)[-1] for turn in row["context"][-context:]] if context else []
    entities = frozenset(row["entities"]) if filtered else frozenset()
    return Query(" ".join([*before, row["query"]]), frozenset(row["relevant"]), row["lang"], entities)


def reference() -> QuestionSet:
    folder = "faq/support_rag_reference"
    known = tuple(
        Pair(f"ref-{n}", r["question"], r["answer"], "en")
        for n, r in enumerate(rows(f"{folder}/qa_data_extended.jsonl"))
    )
    asked = tuple(_expected(row, known) for row in rows(f"{folder}/ground_truth.jsonl"))
    return QuestionSet("support_rag_reference", known, asked)


def _expected(row: dict[str, Any], known: Iterable[Pair]) -> Query:
    return Query(row["question"], frozenset(p.id for p in known if p.answer in row["expected_chunks"]), "en")


def among_languages() -> QuestionSet:
    """English questions whose articles are in English, among pairs in four languages."""
    english = mixed()
    known = tuple(p for p in english.pairs if not p.id.startswith("deb"))
    others = (p for code in ("de", "fr", "ru") for p in _translated(code))
    return QuestionSet("mixed, among four languages", (*known, *others), english.queries)


def only_translated() -> QuestionSet:
    """English questions whose articles exist in German, French and Russian only."""
    others = tuple(p for code in ("de", "fr", "ru") for p in _translated(code))
    known = tuple(p for p in mixed().pairs if not p.id.startswith("deb"))
    ids = {p.id for p in others}
    asked = (
        Query(p.question, frozenset(f"{p.id}@{code}" for code in ("de", "fr", "ru")) & ids, "en")
        for p in pairs("faq/debianfaq/corpus.en.jsonl")
    )
    found = tuple(query for query in asked if query.relevant)
    return QuestionSet("debianfaq en → de, fr, ru", (*known, *others), found)


def half_translated(code: str) -> QuestionSet:
    """Questions whose articles are all there in English, and every second one in their own language, in
    which the other half of the questions meets only wrong articles."""
    own = sorted(_translated(code), key=lambda p: p.id)[::2]
    asked = across(code)
    has_own = {p.id.split("@")[0] for p in own}
    without = tuple(q for q in asked.queries if not q.relevant & has_own)
    return QuestionSet(f"debianfaq {code} → en, not {code}", (*mixed().pairs, *own), without)


def _translated(code: str) -> tuple[Pair, ...]:
    return tuple(replace(p, id=f"{p.id}@{code}") for p in pairs(f"faq/debianfaq/corpus.{code}.jsonl"))


def small(questions: QuestionSet, size: int, count: int) -> tuple[QuestionSet, ...]:
    """One question each over `size` pairs drawn from the set; half of the time its article is there."""
    chance = random.Random(size)
    return tuple(_drawn(questions, size, chance) for _ in range(count))


def _drawn(questions: QuestionSet, size: int, chance: random.Random) -> QuestionSet:
    query = chance.choice(questions.queries)
    right = [p for p in questions.pairs if p.id in query.relevant]
    others = chance.sample([p for p in questions.pairs if p.id not in query.relevant], size)
    known = [*right[:1], *others[1:]] if chance.random() < 0.5 else others
    return QuestionSet(f"{size} of {questions.name}", tuple(known), (query,))


def out_of_scope() -> tuple[str, ...]:
    """Questions about other subjects altogether."""
    parts = ("oos_test", "oos_train", "oos_val")
    return tuple(row["text"] for part in parts for row in rows(f"intents/clinc150/{part}.jsonl"))
