"""Questions, what was answered, from what, and what people thought of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import InvalidInput, Problem, QueryTooLong

MIN_QUESTION = 3
MAX_QUESTION = 2000
MAX_TIMEOUT_SECONDS = 30.0
MAX_COMMENT = 2000
MAX_TAGS = 10
_LANGUAGE = re.compile(r"[A-Za-z]{2}([-_][A-Za-z0-9]+)*")


class Action(StrEnum):
    AUTO_REPLY = "auto_reply"
    ESCALATE = "escalate"
    WITH_OPERATOR = "with_operator"
    FAILED = "failed"
    """Of records only: nobody got an answer, and no person was called."""


class Outcome(StrEnum):
    COMPLETED = "completed"
    ESCALATED = "escalated"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    content: str
    timestamp: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What the caller may steer; `None` leaves it to the configuration."""

    use_hybrid_search: bool | None = None
    use_reranking: bool | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout_seconds: float | None = None
    use_cache: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it was asked. `history` of the request wins over the session's."""

    text: str
    user_id: str | None = None
    session_id: str | None = None
    history: tuple[Turn, ...] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    options: QueryOptions = QueryOptions()
    filters: Mapping[str, str] = field(default_factory=dict)
    """Pair metadata that answers must carry, e.g. {"entity": "HOTEL X"}."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """For questions that came in by a channel: source, thread_id, channel, correlation_id …"""

    @property
    def language_hint(self) -> str | None:
        """The two letters of the language that `metadata` names, which overrides detection."""
        hint = self.metadata.get("language")
        return hint.lower()[:2] if isinstance(hint, str) and _LANGUAGE.fullmatch(hint) else None


def checked_text(text: str, maximum: int = MAX_QUESTION) -> str:
    """The question, trimmed; refuses what is too short or too long."""
    trimmed = text.strip()
    size = {"provided_length": len(trimmed)}
    if len(trimmed) > maximum:
        message = f"Question too long (max {maximum} characters)"
        raise QueryTooLong(problems=[Problem(message, "question", details={"max_length": maximum, **size})])
    if len(trimmed) < MIN_QUESTION:
        message = f"Question too short (min {MIN_QUESTION} characters)"
        raise InvalidInput(problems=[Problem(message, "question", details={"min_length": MIN_QUESTION, **size})])
    return trimmed


@dataclass(frozen=True, slots=True)
class Source:
    """A pair that an answer rests on."""

    document_id: str
    qa_id: str
    title: str
    question: str
    excerpt: str
    relevance_score: float
    category: str | None = None
    intent: str | None = None
    url: str | None = None
    language: str = "en"


@dataclass(frozen=True, slots=True)
class EscalationVerdict:
    """Why a person should take over, for whom, and how soon."""

    reason: str
    code: str
    category: str
    team: str
    priority: str = "normal"


@dataclass(frozen=True, slots=True)
class Answer:
    text: str | None
    confidence: float
    action: Action
    sources: tuple[Source, ...] = ()
    escalation: EscalationVerdict | None = None
    escalation_id: str | None = None
    cache_hit: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """retrieval_mode, documents_checked, documents_used, language_detected, generation_mode, degraded …"""


@dataclass(frozen=True, slots=True)
class Feedback:
    feedback_id: str
    rating: int
    recorded_at: datetime
    helpful: bool | None = None
    correct: bool | None = None
    comment: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class QueryRecord(Aggregate):
    """A question that was submitted, kept for audit, analytics and learning."""

    question: str
    standalone_question: str
    answer: str | None
    confidence: float
    action: Action
    outcome: Outcome
    user_id: str | None = None
    session_id: str | None = None
    language: str = "en"
    category: str | None = None
    intent: str | None = None
    sources: tuple[Source, ...] = ()
    escalation_id: str | None = None
    escalation_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    cache_hit: bool = False
    processing_time_ms: int = 0
    trace_id: str = ""
    source: str | None = None
    """Where it came from: web, telegram, batch …"""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    feedback: Feedback | None = None

    def rate(self, feedback: Feedback) -> Feedback | None:
        """Takes the feedback; returns the one it replaces."""
        replaced, self.feedback = self.feedback, feedback
        return replaced
