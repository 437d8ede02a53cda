"""When a person should take over, and the record of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain import settings
from domain.aggregates import Aggregate
from domain.errors import Conflict
from domain.events import EscalationAssigned, EscalationResolved, QuestionEscalated
from domain.human_requests import asks_for_human, complains, makes_complaint, speaks_of_complaints
from domain.queries import EscalationVerdict


class Reason(StrEnum):
    NO_SOURCE = "no_source"
    LOW_CONFIDENCE = "low_confidence"
    REQUIRES_HANDOFF = "requires_handoff"
    INTENT = "intent"
    ASKED_FOR_HUMAN = "asked_for_human"
    REPEATED = "repeated_question"
    UNSUPPORTED = "unsupported_answer"
    REQUESTED = "requested"
    COMPLAINT = "complaint"


_WORDS = {
    Reason.NO_SOURCE: "Nothing in the knowledge base answers this",
    Reason.LOW_CONFIDENCE: "Not confident enough in the best answer found",
    Reason.REQUIRES_HANDOFF: "Requires human review",
    Reason.INTENT: "Questions of this intent go to a person",
    Reason.ASKED_FOR_HUMAN: "The customer asks for a person",
    Reason.REPEATED: "The same question came repeatedly in this conversation",
    Reason.UNSUPPORTED: "The answer was not supported by its sources",
    Reason.REQUESTED: "Handed over on request",
    Reason.COMPLAINT: "The customer complains, and nothing approved answers that",
}

_PRIORITY = {Reason.ASKED_FOR_HUMAN: "high", Reason.REPEATED: "high", Reason.COMPLAINT: "high"}

PRIORITIES = ("urgent", "high", "normal", "low")


def rank_of(priority: str) -> int:
    """Its place in the operators' queue: 0 comes first."""
    return PRIORITIES.index(priority)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when the decision falls."""

    question: str
    language: str
    confidence: float | None
    """Of the best answer; `None` when nothing was found."""
    answers: str | None = None
    """The question that the best answer was approved for."""
    category: str | None = None
    requires_handoff: bool = False
    intent_weight: float = 0.0
    times_asked: int = 1
    """How often this question came in this session, this time included."""
    unsupported: bool = False


def decide(evidence: Evidence, policy: settings.Escalation) -> EscalationVerdict | None:
    """Why a person should answer, or `None`. The first reason in order of weight is the one named."""
    reason = _reason(evidence, policy)
    return verdict(reason, evidence.category, policy) if reason else None


def verdict(reason: Reason, category: str | None, policy: settings.Escalation) -> EscalationVerdict:
    known = category or policy.default_category
    return EscalationVerdict(
        reason=_WORDS[reason],
        code=reason,
        category=known,
        team=policy.teams.get(known, policy.default_team),
        priority=_PRIORITY.get(reason, "normal"),
    )


def requested(words: str, priority: str | None, policy: settings.Escalation) -> EscalationVerdict:
    """Of somebody who asked for it, in their own words."""
    asked = verdict(Reason.REQUESTED, None, policy)
    return replace(asked, reason=words, priority=priority or asked.priority)


def _reason(evidence: Evidence, policy: settings.Escalation) -> Reason | None:
    if asks_for_human(evidence.question, evidence.language):
        return Reason.ASKED_FOR_HUMAN
    if evidence.unsupported:
        return Reason.UNSUPPORTED
    if _is_complaint(evidence, policy):
        return Reason.COMPLAINT
    if evidence.confidence is None:
        return Reason.NO_SOURCE
    if evidence.requires_handoff:
        return Reason.REQUIRES_HANDOFF
    if evidence.times_asked >= policy.repeated_question_limit:
        return Reason.REPEATED
    if evidence.confidence < policy.confidence_threshold:
        return Reason.LOW_CONFIDENCE
    tipped = evidence.confidence * (1.0 - evidence.intent_weight) < 1.0 - policy.intent_weight_threshold
    return Reason.INTENT if tipped else None


def _is_complaint(evidence: Evidence, policy: settings.Escalation) -> bool:
    """A complaint is a person's, unless what was approved is about complaining; mere displeasure is, unless
    something approved answers what it comes with."""
    answered = evidence.confidence is not None and evidence.confidence >= policy.confidence_threshold
    if not answered:
        return complains(evidence.question, evidence.language)
    declared = makes_complaint(evidence.question, evidence.language)
    return declared and not speaks_of_complaints(evidence.answers or "")


def normal_form(question: str) -> str:
    """The form in which two askings of the same question are equal."""
    return " ".join(re.findall(r"\w+", question.casefold()))


def times_asked(question: str, earlier: Sequence[str]) -> int:
    """How often the question came, this time included."""
    wanted = normal_form(question)
    return 1 + sum(normal_form(text) == wanted for text in earlier)


class EscalationStatus(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


@dataclass(slots=True, kw_only=True)
class Escalation(Aggregate):
    """A conversation, or a single question, that a person is to take over."""

    session_id: str | None
    user_id: str | None
    query_id: str | None
    reason: str
    reason_code: str
    category: str
    team: str
    priority: str
    question: str
    rank: int = 2
    """Of the priority, for sorting: 0 comes first."""
    summary: str = ""
    status: EscalationStatus = EscalationStatus.OPEN
    transcript: tuple[Mapping[str, Any], ...] = ()
    operator_id: str | None = None
    operator_name: str | None = None
    assigned_at: datetime | None = None
    first_response_at: datetime | None = None
    """When a person first said something to the customer."""
    resolved_at: datetime | None = None
    answer: str | None = None
    staged_draft_id: str | None = None
    staged_qa_id: str | None = None
    """The answer as it waits for a review, in the draft and as a pair."""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_a_call_for_somebody(self) -> bool:
        """Rather than a question that nobody could answer."""
        return self.reason_code in (Reason.ASKED_FOR_HUMAN, Reason.REQUESTED)

    def announce(self, origin: Mapping[str, Any]) -> None:
        """Tells the world, with what came with the question's origin going back to it."""
        self.record(
            QuestionEscalated(
                query_id=self.query_id,
                escalation_id=self.id,
                reason=self.reason,
                escalation_category=self.category,
                priority=self.priority,
                user_id=self.user_id,
                session_id=self.session_id,
                conversation_summary=self.summary,
                last_message=self.question,
                source_metadata={k: v for k, v in origin.items() if k != "correlation_id"},
                correlation_id=origin.get("correlation_id"),
            )
        )

    def assign(self, operator_id: str, operator_name: str | None, now: datetime) -> None:
        if self.status is EscalationStatus.RESOLVED:
            raise Conflict("The escalation is resolved already.")
        self.status, self.operator_id, self.operator_name = EscalationStatus.ASSIGNED, operator_id, operator_name
        self.assigned_at = self.updated_at = now
        self.record(
            EscalationAssigned(
                escalation_id=self.id,
                session_id=self.session_id,
                operator_id=operator_id,
                operator_name=operator_name,
            )
        )

    def respond(self, now: datetime) -> bool:
        """Notes that a person speaks; whether it was the first time."""
        first = self.first_response_at is None
        self.first_response_at = self.first_response_at or now
        return first

    def resolve(self, answer: str | None, operator_id: str | None, now: datetime) -> None:
        if self.status is EscalationStatus.RESOLVED:
            raise Conflict("The escalation is resolved already.")
        self.status, self.answer = EscalationStatus.RESOLVED, answer
        if answer is not None:
            self.respond(now)
        self.operator_id = operator_id or self.operator_id
        self.resolved_at = self.updated_at = now
        self.record(
            EscalationResolved(
                escalation_id=self.id,
                session_id=self.session_id,
                operator_id=self.operator_id,
                answer=answer,
            )
        )
