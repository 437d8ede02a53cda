"""How the service does, counted from recorded queries: by time, by group, by document."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain.errors import InvalidInput
from domain.queries import Outcome, QueryRecord

MIN_PERIOD, MAX_PERIOD = timedelta(hours=1), timedelta(days=90)
MIN_RESOLUTION, MAX_RESOLUTION = timedelta(minutes=1), timedelta(days=1)
MAX_POINTS = 2160
"""As many as 90 days have hours."""
TOP_INTENTS = 3
LABEL_LENGTH = 64
"""Of a `source`, which callers name freely; what is longer counts under its beginning."""
UNAVAILABLE = frozenset({"SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT", "INTERNAL_ERROR"})
"""Failures that are the service's own; a refused question is not one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPAN = re.compile(r"([1-9]\d{0,4})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_ROUND_RESOLUTIONS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 360, 1440)]
_COMFORTABLE_POINTS = 90


@dataclass(frozen=True, slots=True)
class Tally:
    """What is added up over queries. `took_ms` and `rating_sum` are sums."""

    queries: int = 0
    answered: int = 0
    escalated: int = 0
    failed: int = 0
    unavailable: int = 0
    """Failed by the service's own fault."""
    cache_hits: int = 0
    took_ms: int = 0
    ratings: int = 0
    rating_sum: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in COUNTED))

    @property
    def average_ms(self) -> float | None:
        return round(self.took_ms / self.queries, 2) if self.queries else None

    @property
    def cache_hit_rate(self) -> float | None:
        return share(self.cache_hits, self.queries) if self.queries else None

    @property
    def availability(self) -> float | None:
        return round(1 - self.unavailable / self.queries, 5) if self.queries else None

    @property
    def satisfaction(self) -> float | None:
        """The mean rating, 1 to 5."""
        return round(self.rating_sum / self.ratings, 2) if self.ratings else None


COUNTED = tuple(member.name for member in fields(Tally))


def tally_of(query: QueryRecord) -> Tally:
    return Tally(
        queries=1,
        answered=query.outcome is Outcome.COMPLETED,
        escalated=query.outcome is Outcome.ESCALATED,
        failed=query.outcome is Outcome.FAILED,
        unavailable=query.error_code in UNAVAILABLE,
        cache_hits=query.cache_hit,
        took_ms=query.processing_time_ms,
        ratings=query.feedback is not None,
        rating_sum=query.feedback.rating if query.feedback else 0,
    )


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def share(part: int, whole: int) -> float:
    """0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds, by the nearest rank: each is a time that some query really took."""

    p50: int = 0
    p95: int = 0
    p99: int = 0


RANKS = (0.50, 0.95, 0.99)


def percentiles(times: Iterable[int]) -> Percentiles:
    """0 of no times."""
    ordered = sorted(times)
    if not ordered:
        return Percentiles()
    return Percentiles(*(ordered[_rank(share_, len(ordered))] for share_ in RANKS))


def _rank(share_: float, count: int) -> int:
    """The least index with at least `share_` of all up to it; whole numbers, so that both stores agree."""
    return -(-round(share_ * 100) * count // 100) - 1


@dataclass(frozen=True, slots=True)
class Measured:
    tally: Tally = Tally()
    percentiles: Percentiles = Percentiles()


@dataclass(frozen=True, slots=True)
class Window:
    """From `since`, a whole minute, to `until`, in buckets that begin at whole multiples of `resolution`
    since 1970 in UTC; the first holds only what came after `since`."""

    since: datetime
    until: datetime
    resolution: timedelta

    @property
    def starts(self) -> Iterator[datetime]:
        start = self.bucket_of(self.since)
        while start <= self.until:
            yield start
            start += self.resolution

    def bucket_of(self, moment: datetime) -> datetime:
        return floor(moment, self.resolution)


@dataclass(frozen=True, slots=True)
class Timeline:
    points: Mapping[datetime, Measured]
    """By the start of the bucket; buckets without queries are absent."""
    whole: Measured


def floor(moment: datetime, step: timedelta) -> datetime:
    return moment - (moment - _EPOCH) % step


def ceiling(moment: datetime, step: timedelta) -> datetime:
    return moment + (_EPOCH - moment) % step


def period_start(period: str, now: datetime) -> datetime:
    """The whole minute at which a period that ends now begins. Raises `InvalidInput`."""
    return floor(now - _bounded(period, "period", MIN_PERIOD, MAX_PERIOD), MIN_RESOLUTION)


def window(period: str, resolution: str | None, now: datetime) -> Window:
    """Raises `InvalidInput` for what cannot be read, is out of bounds, or would give too many points."""
    since = period_start(period, now)
    span = _bounded(period, "period", MIN_PERIOD, MAX_PERIOD)
    step = _round_resolution(span) if resolution is None else _resolution(resolution, span)
    return Window(since, now, step)


def _resolution(text: str, span: timedelta) -> timedelta:
    step = _bounded(text, "resolution", MIN_RESOLUTION, MAX_RESOLUTION)
    if span / step > MAX_POINTS:
        finest = next(r for r in _ROUND_RESOLUTIONS if span / r <= MAX_POINTS)
        message = f"That would be more than {MAX_POINTS} points; take {_said(finest)} or more for this period."
        raise InvalidInput(message, field="resolution", details={"max_points": MAX_POINTS, "min": _said(finest)})
    return step


def _round_resolution(span: timedelta) -> timedelta:
    return next(step for step in _ROUND_RESOLUTIONS if span / step <= _COMFORTABLE_POINTS)


def _bounded(text: str, name: str, least: timedelta, most: timedelta) -> timedelta:
    found = _SPAN.fullmatch(text)
    span = int(found[1]) * _UNITS[found[2]] if found else None
    if span is None or not least <= span <= most:
        message = f"A {name} is a number with m, h or d behind it, from {_said(least)} to {_said(most)}."
        raise InvalidInput(message, field=name, details={"min": _said(least), "max": _said(most)})
    return span


def _said(span: timedelta) -> str:
    return next(f"{span // unit}{name}" for name, unit in reversed(_UNITS.items()) if not span % unit)


class Grouping(StrEnum):
    CATEGORY = "category"
    INTENT = "intent"
    LANGUAGE = "language"
    SOURCE = "source"
    ACTION = "action"
    DAY = "day"


def group_of(query: QueryRecord, grouping: Grouping) -> str | None:
    if grouping is Grouping.DAY:
        return query.created_at.astimezone(UTC).date().isoformat()
    value = getattr(query, grouping)
    return str(value)[:LABEL_LENGTH] if value else None


@dataclass(frozen=True, slots=True)
class GroupCount:
    """What queries of one group and one intent add up to."""

    group: str | None
    intent: str | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Trend:
    group: str | None
    tally: Tally
    top_intents: tuple[str, ...]


def trends(counts: Sequence[GroupCount], grouping: Grouping) -> list[Trend]:
    """Groups with the most queries first, days in their order."""
    by_group: dict[str | None, list[GroupCount]] = defaultdict(list)
    for count in counts:
        by_group[count.group].append(count)
    found = [Trend(group, total(c.tally for c in inside), _top(inside)) for group, inside in by_group.items()]
    if grouping is Grouping.DAY:
        return sorted(found, key=lambda trend: trend.group or "")
    return sorted(found, key=lambda trend: (-trend.tally.queries, trend.group or ""))


def _top(counts: Sequence[GroupCount]) -> tuple[str, ...]:
    queries: Counter[str] = Counter()
    for count in counts:
        if count.intent:
            queries[count.intent] += count.tally.queries
    ranked = sorted(queries, key=lambda intent: (-queries[intent], intent))
    return tuple(ranked[:TOP_INTENTS])


@dataclass(frozen=True, slots=True)
class DocumentUse:
    """How often answers rested on a document's pairs, and what people thought of those answers."""

    document_id: str
    title: str
    last_updated: datetime
    retrieval_count: int
    relevance_sum: float
    ratings: int
    rating_sum: int

    @property
    def avg_relevance_score(self) -> float:
        """0 of a document that was never found."""
        return round(self.relevance_sum / self.retrieval_count, 4) if self.retrieval_count else 0.0

    @property
    def user_satisfaction(self) -> float | None:
        return round(self.rating_sum / self.ratings, 2) if self.ratings else None
