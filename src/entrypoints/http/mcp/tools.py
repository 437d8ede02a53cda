"""The tools that an assistant is offered: what they take and give, whom they are for, and what they do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from application.use_cases.answering import Asked
from application.use_cases.chat import Converse
from application.use_cases.handing_over import HandOver
from application.use_cases.searching import SearchHit, SearchKnowledge
from application.use_cases.sessions import NewSession, OpenSession
from domain import access
from domain.access import Scope
from domain.escalation import Escalation
from domain.queries import Action, Question, Source
from domain.retrieval import Filters
from entrypoints.http.routes.escalations import Priority, Words
from entrypoints.http.routes.openai import spoken
from entrypoints.http.routes.queries import QuestionIn
from entrypoints.http.routes.search import SearchText
from entrypoints.http.routes.wire import UNCATEGORIZED, Id, Label, Score, shown_category

Language = Annotated[Literal["en", "ru", "de", "fr", "es"], Meta(description="ISO 639-1.")]
SessionId = Annotated[Id, Meta(description="The `session_id` of an earlier answer, to go on with that conversation.")]
UserId = Annotated[Id, Meta(description="The customer's id in your own system, if there is one.")]


class SearchIn(Struct, kw_only=True, forbid_unknown_fields=True):
    query: Annotated[SearchText, Meta(description="What to look for: a question or a few words, in any language.")]
    category: Annotated[Label, Meta(description="Only answers of this category.")] | None = None
    language: Language | None = None
    limit: Annotated[int, Meta(ge=1, le=20, description="At most so many results.")] = 5

    def to_filters(self) -> Filters:
        languages = frozenset() if self.language is None else frozenset({self.language})
        return Filters(categories=shown_category(self.category) or frozenset(), languages=languages)


class Found(Struct, kw_only=True):
    qa_id: str
    title: Annotated[str, Meta(description="Of the document it is from.")]
    question: str
    answer: Annotated[str, Meta(description="Approved, word for word.")]
    category: str
    language: str
    relevance_score: Score
    requires_handoff: Annotated[bool, Meta(description="The answer is for a person to give, not for you.")]
    url: str | None

    @staticmethod
    def of(hit: SearchHit) -> "Found":
        pair = hit.pair
        return Found(
            qa_id=pair.id,
            title=hit.title,
            question=pair.question,
            answer=pair.answer,
            category=hit.category or UNCATEGORIZED,
            language=pair.language,
            relevance_score=hit.relevance,
            requires_handoff=pair.metadata.requires_handoff,
            url=pair.metadata.url,
        )


class SearchOut(Struct, kw_only=True):
    results: list[Found]
    total_results: int


class AskIn(Struct, kw_only=True, forbid_unknown_fields=True):
    question: Annotated[QuestionIn, Meta(description="The customer's question, in the customer's words.")]
    session_id: SessionId | None = None
    user_id: UserId | None = None
    language: Annotated[Language, Meta(description="Of the question; detected when left out.")] | None = None

    def to_question(self) -> Question:
        language = {"language": self.language} if self.language else {}
        metadata = {"source": "mcp", **language}
        return Question(text=self.question, user_id=self.user_id, session_id=self.session_id, metadata=metadata)


class Cited(Struct, kw_only=True):
    qa_id: str
    title: str
    question: str
    relevance_score: Score
    url: str | None

    @staticmethod
    def of(source: Source) -> "Cited":
        return Cited(
            qa_id=source.qa_id,
            title=source.title,
            question=source.question,
            relevance_score=source.relevance_score,
            url=source.url,
        )


class AskOut(Struct, kw_only=True):
    reply: Annotated[str, Meta(description="What to tell the customer: the answer, or that a person takes over.")]
    action: Annotated[Action, Meta(description="`auto_reply` answers; with the others a person is to answer.")]
    confidence: Annotated[Score, Meta(description="The probability that the answer is right.")]
    sources: list[Cited]
    session_id: Annotated[str, Meta(description="Pass it on with the next question of this conversation.")]
    query_id: str
    escalation_id: str | None = None
    escalation_reason: str | None = None
    suggested_team: str | None = None

    @staticmethod
    def of(asked: Asked) -> "AskOut":
        verdict = asked.answer.escalation
        return AskOut(
            reply=spoken(asked),
            action=asked.answer.action,
            confidence=asked.answer.confidence,
            sources=[Cited.of(source) for source in asked.answer.sources],
            session_id=asked.session_id or "",
            query_id=asked.query_id,
            escalation_id=asked.answer.escalation_id,
            escalation_reason=verdict.reason if verdict else None,
            suggested_team=verdict.team if verdict else None,
        )


class EscalateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[Words, Meta(description="Why a person is needed, and what the customer wants from them.")]
    session_id: Annotated[SessionId, Meta(description="Of the conversation; a new one is begun without it.")] | None = (
        None
    )
    user_id: UserId | None = None
    priority: Priority | None = None


class EscalateOut(Struct, kw_only=True):
    escalation_id: str
    status: Annotated[str, Meta(description="`open` until a person takes it, then `assigned`, then `resolved`.")]
    priority: str
    suggested_team: str
    session_id: str | None

    @staticmethod
    def of(escalation: Escalation) -> "EscalateOut":
        return EscalateOut(
            escalation_id=escalation.id,
            status=escalation.status,
            priority=escalation.priority,
            suggested_team=escalation.team,
            session_id=escalation.session_id,
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """The use-cases that the tools are made of."""

    search: SearchKnowledge
    converse: Converse
    open_session: OpenSession
    hand_over: HandOver


async def _search(desk: Desk, caller: access.Caller, wanted: SearchIn) -> SearchOut:
    found = await desk.search(caller, wanted.query, wanted.to_filters(), wanted.limit, 0, "-relevance_score")
    return SearchOut(results=[Found.of(hit) for hit in found.hits], total_results=found.total)


async def _ask(desk: Desk, caller: access.Caller, wanted: AskIn) -> AskOut:
    return AskOut.of(await desk.converse(caller, wanted.to_question()))


async def _escalate(desk: Desk, caller: access.Caller, wanted: EscalateIn) -> EscalateOut:
    session_id = wanted.session_id
    if session_id is None:
        session = await desk.open_session(caller, NewSession(user_id=wanted.user_id, metadata={"source": "mcp"}))
        session_id = session.id
    return EscalateOut.of(await desk.hand_over(caller, session_id, wanted.reason, wanted.priority))


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    title: str
    description: str
    takes: type[Struct]
    gives: type[Struct]
    scope: Scope
    run: Callable[[Desk, access.Caller, Any], Awaitable[Struct]]
    reads_only: bool = False


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            name="search_knowledge",
            title="Search the knowledge base",
            description=(
                "Finds the company's approved questions and answers that fit a question or a few words, best first, "
                "without recording anything. Use it to read up; use ask_support to answer a customer."
            ),
            takes=SearchIn,
            gives=SearchOut,
            scope=Scope.READ,
            run=_search,
            reads_only=True,
        ),
        Tool(
            name="ask_support",
            title="Ask the support desk",
            description=(
                "Answers a customer's question from approved knowledge, with its sources and an honest confidence, or "
                "hands over to a person when it should not answer. Tell the customer `reply` and nothing that "
                "contradicts it; keep `session_id` for what is asked next."
            ),
            takes=AskIn,
            gives=AskOut,
            scope=Scope.WRITE,
            run=_ask,
        ),
        Tool(
            name="escalate",
            title="Hand over to a person",
            description=(
                "Hands a conversation over to a person of the support team, with its transcript. Use it when the "
                "customer asks for a person or the answer did not help. A conversation that is with a person already "
                "keeps its escalation."
            ),
            takes=EscalateIn,
            gives=EscalateOut,
            scope=Scope.WRITE,
            run=_escalate,
        ),
    )
}


def schema_of(kind: type[Struct]) -> dict[str, Any]:
    """JSON Schema 2020-12 of an object; what it refers to stands in its `$defs`."""
    _, parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    own = dict(parts.pop(kind.__name__))
    return {**own, "$defs": parts} if parts else own
