"""Handing a conversation over, and the operators' queue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.escalations import (
    AssignEscalation,
    BrowseEscalations,
    EscalationFilters,
    Resolution,
    ResolveEscalation,
    SpeakAsOperator,
)
from application.use_cases.handing_over import HandOver
from domain.access import Scope
from domain.errors import Conflict, NotFound
from domain.escalation import Escalation, EscalationStatus, Reason
from domain.paging import Page
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import AnswerText, Id, Label, QuestionText
from entrypoints.http.security import Caller

Priority = Literal["low", "normal", "high", "urgent"]
Words = Annotated[str, Meta(min_length=1, max_length=2000)]
Said = Annotated[str, Meta(min_length=1, max_length=20_000)]
HANDING = rules(scope=(Scope.WRITE, Scope.CHAT), raises=(NotFound, Conflict))
ENDING = rules(raises=(NotFound, Conflict))


class EscalateSessionIn(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Words
    priority: Priority | None = None


class EscalateIn(EscalateSessionIn, kw_only=True, forbid_unknown_fields=True):
    session_id: Id


class AssignIn(Struct, kw_only=True, forbid_unknown_fields=True):
    operator_id: Id
    operator_name: Label | None = None


class OperatorMessageIn(Struct, kw_only=True, forbid_unknown_fields=True):
    message: Said
    operator_id: Id | None = None


class ResolveIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """`add_to_knowledge` stages the question, in the words of `question` where they are given, and the answer."""

    answer: AnswerText | None = None
    operator_id: Id | None = None
    add_to_knowledge: bool = False
    question: QuestionText | None = None
    category: Label | None = None
    intent: Label | None = None

    def to_resolution(self) -> Resolution:
        return Resolution(
            self.answer, self.operator_id, self.add_to_knowledge, self.question, self.category, self.intent
        )


class EscalationOut(Struct, kw_only=True, omit_defaults=True):
    """What is not known (yet) is left out."""

    escalation_id: str
    status: str
    reason: str
    reason_code: str
    priority: str
    category: str
    suggested_team: str
    question: str
    summary: str
    transcript: list[Mapping[str, Any]]
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]
    session_id: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    query_id: str | UnsetType = UNSET
    operator_id: str | UnsetType = UNSET
    operator_name: str | UnsetType = UNSET
    assigned_at: datetime | UnsetType = UNSET
    first_response_at: datetime | UnsetType = UNSET
    """When a person first said something to the customer."""
    resolved_at: datetime | UnsetType = UNSET
    answer: str | UnsetType = UNSET
    draft_id: str | UnsetType = UNSET
    qa_id: str | UnsetType = UNSET

    @staticmethod
    def of(escalation: Escalation) -> "EscalationOut":
        return EscalationOut(
            escalation_id=escalation.id,
            status=escalation.status,
            reason=escalation.reason,
            reason_code=escalation.reason_code,
            priority=escalation.priority,
            category=escalation.category,
            suggested_team=escalation.team,
            question=escalation.question,
            summary=escalation.summary,
            transcript=list(escalation.transcript),
            created_at=escalation.created_at,
            updated_at=escalation.updated_at,
            links=escalation_links(escalation),
            session_id=escalation.session_id or UNSET,
            user_id=escalation.user_id or UNSET,
            query_id=escalation.query_id or UNSET,
            operator_id=escalation.operator_id or UNSET,
            operator_name=escalation.operator_name or UNSET,
            assigned_at=escalation.assigned_at or UNSET,
            first_response_at=escalation.first_response_at or UNSET,
            resolved_at=escalation.resolved_at or UNSET,
            answer=escalation.answer or UNSET,
            draft_id=escalation.staged_draft_id or UNSET,
            qa_id=escalation.staged_qa_id or UNSET,
        )


class EscalationList(Struct, kw_only=True):
    escalations: list[EscalationOut]
    pagination: Pagination

    @staticmethod
    def of(found: Page[Escalation]) -> "EscalationList":
        return EscalationList(
            escalations=[EscalationOut.of(each) for each in found.items], pagination=Pagination.of(found)
        )


class OperatorMessageOut(Struct, kw_only=True):
    message_id: str
    session_id: str
    escalation_id: str
    timestamp: datetime


def escalation_links(escalation: Escalation) -> dict[str, str]:
    """Where it can be seen, and what can be done next."""
    own = f"/api/v1/escalations/{escalation.id}"
    links = {"self": own}
    if escalation.status is not EscalationStatus.RESOLVED:
        links |= {"assign": f"{own}/assign", "resolve": f"{own}/resolve"}
    if escalation.status is EscalationStatus.ASSIGNED:
        links["messages"] = f"{own}/messages"
    if escalation.session_id:
        links["session"] = f"/api/v1/sessions/{escalation.session_id}"
    if escalation.staged_draft_id:
        links["review"] = "/api/v1/documents/pending-review"
    return links


def _shown(escalation: Escalation) -> Envelope[EscalationOut]:
    return ok(EscalationOut.of(escalation), links=escalation_links(escalation))


class HandingOverController(Controller):
    path = "/api/v1/chat"
    tags = ("chat",)

    @post("/escalate", status_code=201, operation_id="escalate", opt=HANDING)
    async def escalate(
        self, data: JSONBody[EscalateIn], caller: Caller, hand_over: NamedDependency[HandOver]
    ) -> Envelope[EscalationOut]:
        """Hand a conversation over to a person."""
        escalation = await hand_over(caller, data.session_id, data.reason, data.priority)
        return created(EscalationOut.of(escalation), links=escalation_links(escalation))

    @post("/sessions/{session_id:str}/escalate", status_code=201, operation_id="escalateSession", opt=HANDING)
    async def escalate_session(
        self,
        session_id: FromPath[Id],
        data: JSONBody[EscalateSessionIn],
        caller: Caller,
        hand_over: NamedDependency[HandOver],
    ) -> Envelope[EscalationOut]:
        """Hand this conversation over to a person."""
        escalation = await hand_over(caller, session_id, data.reason, data.priority)
        return created(EscalationOut.of(escalation), links=escalation_links(escalation))


class EscalationsController(Controller):
    path = "/api/v1/escalations"
    tags = ("escalations",)

    @get("/", operation_id="listEscalations", dependencies=paged("created_at", "priority", "status"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_escalations: NamedDependency[BrowseEscalations],
        status: FromQuery[EscalationStatus | None] = None,
        session_id: FromQuery[Id | None] = None,
        user_id: FromQuery[Id | None] = None,
        category: FromQuery[Label | None] = None,
        priority: FromQuery[Priority | None] = None,
        operator_id: FromQuery[Id | None] = None,
        suggested_team: FromQuery[Label | None] = None,
        reason_code: FromQuery[Reason | None] = None,
        created_after: FromQuery[datetime | None] = None,
        created_before: FromQuery[datetime | None] = None,
    ) -> Envelope[EscalationList]:
        """The operators' queue; by `-priority` the most urgent come first, of these who has waited longest."""
        filters = EscalationFilters(
            *(status, session_id, user_id, category, priority, operator_id),
            *(suggested_team, reason_code, created_after, created_before),
        )
        found = await browse_escalations.page(caller, filters, paging)
        return page(EscalationList.of(found), found)

    @get("/{escalation_id:str}", operation_id="getEscalation", opt=rules(raises=(NotFound,)))
    async def one(
        self, escalation_id: FromPath[Id], caller: Caller, browse_escalations: NamedDependency[BrowseEscalations]
    ) -> Envelope[EscalationOut]:
        """One escalation, with its summary and transcript."""
        return _shown(await browse_escalations.one(caller, escalation_id))

    @post("/{escalation_id:str}/assign", status_code=200, operation_id="assignEscalation", opt=ENDING)
    async def assign(
        self,
        escalation_id: FromPath[Id],
        data: JSONBody[AssignIn],
        caller: Caller,
        assign_escalation: NamedDependency[AssignEscalation],
    ) -> Envelope[EscalationOut]:
        """Give it to a person; from then on the service does not speak in its conversation."""
        return _shown(await assign_escalation(caller, escalation_id, data.operator_id, data.operator_name))

    @post("/{escalation_id:str}/messages", status_code=201, operation_id="speakAsOperator", opt=ENDING)
    async def speak(
        self,
        escalation_id: FromPath[Id],
        data: JSONBody[OperatorMessageIn],
        caller: Caller,
        speak_as_operator: NamedDependency[SpeakAsOperator],
    ) -> Envelope[OperatorMessageOut]:
        """A person's words into the conversation, and out by the channel it came from."""
        said = await speak_as_operator(caller, escalation_id, data.message, data.operator_id)
        out = OperatorMessageOut(
            message_id=said.id, session_id=said.session_id, escalation_id=escalation_id, timestamp=said.created_at
        )
        links = {"self": f"/api/v1/sessions/{said.session_id}", "escalation": f"/api/v1/escalations/{escalation_id}"}
        return created(out, links=links)

    @post("/{escalation_id:str}/resolve", status_code=200, operation_id="resolveEscalation", opt=ENDING)
    async def resolve(
        self,
        escalation_id: FromPath[Id],
        data: JSONBody[ResolveIn],
        caller: Caller,
        resolve_escalation: NamedDependency[ResolveEscalation],
    ) -> Envelope[EscalationOut]:
        """End it; an answer reaches the customer and, with `add_to_knowledge`, waits for a review."""
        return _shown(await resolve_escalation(caller, escalation_id, data.to_resolution()))
