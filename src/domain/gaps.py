"""What could not be answered, or was rated badly, by topic: the articles to write next."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from math import log, sqrt

from domain.duplicates import words
from domain.escalation import Reason, normal_form
from domain.queries import QueryRecord
from domain.ranking import SUBJECT_FLOOR
from domain.stopwords import stop_words

UNANSWERED = (
    Reason.NO_SOURCE,
    Reason.LOW_CONFIDENCE,
    Reason.UNSUPPORTED,
    Reason.REPEATED,
    Reason.COMPLAINT,
)
"""Why a person got the question although an article might have answered it. Somebody who asks for a person,
or a pair that goes to one on purpose, is no gap."""
BADLY_RATED = 2
"""A rating of an answer up to this says that it was none."""
EXAMPLES = 5
KEYWORDS = 5
TREND_POINTS = 8
FITS = 0.7
"""From this similarity on a pair is about the topic: hardly any of the wrong ones are (`benchmarks/gaps.py`)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question in one wording, and everybody who asked it so; the newest first."""

    text: str
    language: str
    queries: tuple[QueryRecord, ...]


def by_wording(queries: Iterable[QueryRecord]) -> list[Asked]:
    """Case and punctuation aside. In the order of the queries."""
    wordings: dict[str, list[QueryRecord]] = {}
    for query in queries:
        wordings.setdefault(normal_form(query.standalone_question), []).append(query)
    return [Asked(found[0].standalone_question, found[0].language, tuple(found)) for found in wordings.values()]


@dataclass(frozen=True, slots=True)
class Topic:
    """Questions that ask for the same article, the most typical wording first."""

    asked: tuple[Asked, ...]

    @property
    def id(self) -> str:
        return f"gap_{sha256(normal_form(self.name).encode()).hexdigest()[:16]}"

    @property
    def name(self) -> str:
        return self.asked[0].text

    @property
    def language(self) -> str:
        return self.asked[0].language

    @property
    def queries(self) -> list[QueryRecord]:
        return [query for asked in self.asked for query in asked.queries]

    @property
    def query_count(self) -> int:
        return sum(len(asked.queries) for asked in self.asked)

    @property
    def unanswered_count(self) -> int:
        return sum(query.escalation_reason in UNANSWERED for query in self.queries)

    @property
    def badly_rated_count(self) -> int:
        return sum(is_badly_rated(query) for query in self.queries)

    @property
    def user_count(self) -> int:
        """Whoever asked without a name counts by session, else by question."""
        return len({query.user_id or query.session_id or query.id for query in self.queries})

    @property
    def first_asked_at(self) -> datetime:
        return min(query.created_at for query in self.queries)

    @property
    def last_asked_at(self) -> datetime:
        return max(query.created_at for query in self.queries)

    @property
    def languages(self) -> list[str]:
        """The most common first."""
        counted = Counter(query.language for query in self.queries)
        return sorted(counted, key=lambda language: (-counted[language], language))

    @property
    def examples(self) -> list[str]:
        """The most typical wording, then the most frequent ones."""
        return [asked.text for asked in self._exemplary()]

    @property
    def example_query_ids(self) -> list[str]:
        """The newest question of each of the examples."""
        return [asked.queries[0].id for asked in self._exemplary()]

    def _exemplary(self) -> tuple[Asked, ...]:
        rest = sorted(self.asked[1:], key=lambda asked: -len(asked.queries))
        return (self.asked[0], *rest)[:EXAMPLES]

    def redacted(self, clean: Callable[[str], str]) -> "Topic":
        """As it may be shown."""
        return Topic(tuple(replace(asked, text=clean(asked.text)) for asked in self.asked))

    @property
    def answered_from(self) -> str | None:
        """The pair that most badly rated answers came from, if most of the topic is badly rated answers."""
        if 2 * self.badly_rated_count <= self.query_count:
            return None
        used = Counter(q.sources[0].qa_id for q in self.queries if is_badly_rated(q) and q.sources)
        return used.most_common(1)[0][0] if used else None


def is_badly_rated(query: QueryRecord) -> bool:
    return query.feedback is not None and query.feedback.rating <= BADLY_RATED


def spread(topics: Iterable[Topic]) -> Counter[str]:
    """In how many topics' questions each word stands."""
    return Counter(word for topic in topics for word in _words_of(topic))


def keywords(topic: Topic, spread: Counter[str], topics: int) -> list[str]:
    """Words that the topic's questions have more often than other topics' (class-based TF-IDF)."""
    counted = _words_of(topic)
    weight = {word: times * log(1 + topics / max(spread[word], 1)) for word, times in counted.items()}
    return sorted(weight, key=lambda word: (-weight[word], word))[:KEYWORDS]


def _words_of(topic: Topic) -> Counter[str]:
    """In how many wordings each word stands."""
    return Counter(
        word
        for asked in topic.asked
        for word in words(asked.text) - stop_words(asked.language)
        if len(word) > 2 and not word.isdigit()
    )


class Direction(StrEnum):
    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class TopicTrend:
    points: tuple[int, ...]
    """Questions in equal parts of the period, the oldest first."""

    @property
    def direction(self) -> Direction:
        """The later half beside the earlier: a difference within one standard deviation of chance is none."""
        half = len(self.points) // 2
        earlier, later = sum(self.points[:half]), sum(self.points[half:])
        if abs(later - earlier) <= sqrt(later + earlier):
            return Direction.STEADY
        return Direction.RISING if later > earlier else Direction.FALLING


def trend(moments: Iterable[datetime], since: datetime, until: datetime) -> TopicTrend:
    part = max((until - since) / TREND_POINTS, timedelta(microseconds=1))
    counted = Counter(min(int((moment - since) / part), TREND_POINTS - 1) for moment in moments)
    return TopicTrend(tuple(counted[n] for n in range(TREND_POINTS)))


@dataclass(frozen=True, slots=True)
class NearPair:
    """A pair that the knowledge base has already."""

    qa_id: str
    document_id: str
    question: str
    similarity: float
    created_at: datetime
    updated_at: datetime


class Action(StrEnum):
    NEW_ARTICLE = "new_article"
    IMPROVE_PAIR = "improve_pair"
    WATCH = "watch"
    """Somebody wrote or changed an article since: see what it answers before doing more."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    action: Action
    pair: NearPair | None = None


def suggestion(topic: Topic, nearest: Sequence[NearPair], found: "Deflection | None") -> Suggestion:
    """What to do about a topic, given the nearest pairs, best first."""
    if found is not None:
        return Suggestion(Action.WATCH, found.articles[0])
    blamed = next((pair for pair in nearest if pair.qa_id == topic.answered_from), None)
    fitting = blamed or next((pair for pair in nearest if pair.similarity >= FITS), None)
    return Suggestion(Action.IMPROVE_PAIR, fitting) if fitting else Suggestion(Action.NEW_ARTICLE)


def changed_since(topic: Topic, nearest: Iterable[NearPair]) -> list[NearPair]:
    """The pairs that came, or were changed, after the topic was first asked, and may be about it."""
    return [pair for pair in nearest if pair.similarity >= SUBJECT_FLOOR and pair.updated_at > topic.first_asked_at]


@dataclass(frozen=True, slots=True)
class Deflection:
    """What became of a topic once there was an article for it."""

    articles: tuple[NearPair, ...]
    since: datetime
    asked_before: int
    answered_after: int
    """Questions of the topic that the articles have answered since, and nobody rated badly."""
    unanswered_after: int

    @property
    def rate(self) -> float | None:
        """Share of the later questions that no person had to answer."""
        asked = self.answered_after + self.unanswered_after
        return round(self.answered_after / asked, 4) if asked else None


@dataclass(frozen=True, slots=True)
class AnsweredSince:
    """A question of a topic that was answered from a pair."""

    qa_id: str
    at: datetime


def deflection(topic: Topic, changed: Sequence[NearPair], answered: Sequence[AnsweredSince]) -> Deflection | None:
    """Of the changed pairs that are about the topic: by their likeness, or because they answer its questions."""
    used = {each.qa_id for each in answered}
    articles = tuple(pair for pair in changed if pair.similarity >= FITS or pair.qa_id in used)
    if not articles:
        return None
    since = min(pair.updated_at for pair in articles)
    ids = {pair.qa_id for pair in articles}
    after = sum(each.qa_id in ids and each.at >= since for each in answered)
    before = sum(query.created_at < since for query in topic.queries)
    return Deflection(articles, since, before, after, topic.query_count - before)
