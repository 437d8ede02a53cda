"""Chat: a whole answer, one that comes as it is written, and a socket for many turns."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Controller, Request, WebSocket, post, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from application.use_cases.chat import Converse, Turn
from domain import access
from domain.access import Scope
from domain.errors import Conflict, DeadlineExceeded, DomainError, NotFound, QueryTooLong, ServiceUnavailable
from domain.queries import Question
from entrypoints.http.admission import admit_socket
from entrypoints.http.app import rules
from entrypoints.http.decoding import decode
from entrypoints.http.departures import TurnStream, unless_gone
from entrypoints.http.envelope import Envelope, ErrorSummary, ok
from entrypoints.http.errors import MAX_PROBLEMS, failure_of, summary_of
from entrypoints.http.quotas import count_turn
from entrypoints.http.routes.queries import AnswerOut, Metadata, OptionsIn, QuestionIn, TurnIn, query_links, turns
from entrypoints.http.routes.sessions import session_links
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

log = structlog.get_logger("supportrag.http")

REFUSALS = (QueryTooLong, NotFound, Conflict, DeadlineExceeded, ServiceUnavailable)
SPEAKING = rules(scope=(Scope.WRITE, Scope.CHAT), raises=REFUSALS)
STREAMING = rules(scope=(Scope.WRITE, Scope.CHAT), raises=REFUSALS, produces=("text/event-stream",))
DONE = "[DONE]"
TURNS_AHEAD = 8
"""So many questions may wait on a socket for the answer to the one before."""


class ChatIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """`user_metadata.filters` or `filters` narrow the answer to pairs that carry these values; the filters that
    a conversation begins with hold for all of it."""

    question: QuestionIn
    session_id: Id | None = None
    user_id: Id | None = None
    conversation_history: Annotated[list[TurnIn], Meta(max_length=20)] | None = None
    user_metadata: Metadata = {}
    options: OptionsIn = OptionsIn()
    filters: dict[str, Annotated[str, Meta(max_length=200)]] = {}

    def to_question(self) -> Question:
        return Question(
            text=self.question,
            user_id=self.user_id,
            session_id=self.session_id,
            history=turns(self.conversation_history),
            metadata=self.user_metadata,
            options=self.options.to_options(),
            filters=self.filters,
        )


async def token_objects(turn: Turn, trace_id: str) -> AsyncGenerator[dict[str, Any], None]:
    """What a reader gets: tokens, then the whole answer or what went wrong, then the end."""
    try:
        async for piece in turn:
            yield {"token": piece, "trace_id": trace_id}
        asked = await turn.outcome()
        yield {"token": "", "final_data": AnswerOut.of(asked), "trace_id": trace_id}
    except Exception as error:
        yield {"token": "", "error": told(error, trace_id), "trace_id": trace_id}
    finally:
        turn.close()
    yield {"token": DONE, "trace_id": trace_id}


def told(error: Exception, trace_id: str) -> ErrorSummary:
    """An error after the first token, as in an ordinary answer; what is our own mistake is logged."""
    if not isinstance(error, DomainError):
        log.error("chat.turn_failed", error=type(error).__qualname__, exc_info=error)
    failure = failure_of(error)
    return summary_of(failure, failure.problems[:MAX_PROBLEMS], trace_id)


async def _lines(turn: Turn, trace_id: str) -> AsyncGenerator[bytes, None]:
    async for event in token_objects(turn, trace_id):
        yield b"data: %s\n\n" % msgspec.json.encode(event)


class ChatController(Controller):
    path = "/api/v1/chat"
    tags = ("chat",)

    @post("/completions", status_code=200, operation_id="chat", opt=SPEAKING)
    async def completions(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ChatIn],
        caller: Caller,
        converse: NamedDependency[Converse],
    ) -> Envelope[AnswerOut]:
        """Answer one turn of a conversation, which begins by itself."""
        asked = await unless_gone(request, converse(caller, data.to_question()))
        links = session_links(asked.session_id or "") | query_links(asked.query_id, asked.trace_id)
        return ok(AnswerOut.of(asked), links=links)

    @post("/stream", status_code=200, operation_id="streamChat", opt=STREAMING)
    async def stream(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ChatIn],
        caller: Caller,
        converse: NamedDependency[Converse],
    ) -> Stream:
        """The same as server-sent events: tokens as they come, then `final_data`, then `[DONE]`."""
        turn = converse.stream(caller, data.to_question())
        await begun(request, turn)
        return TurnStream(turn, _lines(turn, caller.trace_id))

    @websocket("/ws", opt=SPEAKING)
    async def ws(self, socket: WebSocket[Any, Any, Any], converse: NamedDependency[Converse]) -> None:
        """One question after another, each answered by the same objects as a stream."""
        await socket.accept()
        caller = await admit_socket(socket)
        await SocketTalk(socket, caller, converse).hold()


async def begun(request: Request[Any, Any, Any], turn: Turn) -> None:
    """So that whatever is wrong before the first token is an ordinary error answer."""
    try:
        await unless_gone(request, turn.begin())
    except BaseException:
        turn.close()
        raise


class SocketTalk:
    """The turns of one socket, in their order; the other side's leaving stops the turn that runs."""

    def __init__(self, socket: WebSocket[Any, Any, Any], caller: access.Caller, converse: Converse) -> None:
        self._socket, self._caller, self._converse = socket, caller, converse
        self._waiting: asyncio.Queue[str] = asyncio.Queue(TURNS_AHEAD)
        self._session_id: str | None = None
        self._begun = False

    async def hold(self) -> None:
        answering = asyncio.create_task(self._answer_all())
        hearing = asyncio.create_task(self._hear())
        try:
            await asyncio.wait({answering, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, hearing):
                task.cancel()
            await asyncio.gather(answering, hearing, return_exceptions=True)

    async def _hear(self) -> None:
        try:
            while True:
                await self._waiting.put(await self._socket.receive_text())
        except WebSocketDisconnect:
            return

    async def _answer_all(self) -> None:
        while True:
            await self._answer(await self._waiting.get())
            self._caller = self._converse.next_turn(self._caller)

    async def _answer(self, text: str) -> None:
        trace_id, first, self._begun = self._caller.trace_id, not self._begun, True
        if first and shows_token(text):
            return
        try:
            question = decode(text.encode("utf-8", "surrogatepass"), ChatIn).to_question()
            await count_turn(self._socket)
        except DomainError as refusal:
            await self._send({"token": "", "error": told(refusal, trace_id), "trace_id": trace_id})
            await self._send({"token": DONE, "trace_id": trace_id})
            return
        here = question.session_id or self._session_id
        turn = self._converse.stream(self._caller, replace(question, session_id=here))
        try:
            async for event in token_objects(turn, trace_id):
                if "final_data" in event:
                    self._session_id = event["final_data"].session_id
                await self._send(event)
        finally:
            turn.close()

    async def _send(self, event: dict[str, Any]) -> None:
        await self._socket.send_text(msgspec.json.encode(event).decode())


def shows_token(text: str) -> bool:
    """A first message `{"auth": …}` of a client that has shown its token already: nothing to answer."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any]).keys() == {"auth"}
    except (ValueError, RecursionError):
        return False
