"""The knowledge base as any OpenAI client sees it: a model that answers from approved sources."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.answering import Asked
from application.use_cases.chat import Converse, Turn
from domain import access
from domain.access import Scope
from domain.errors import Conflict, DeadlineExceeded, InvalidInput, NotFound, ServiceUnavailable
from domain.phrases import Phrase, say
from domain.queries import Action, QueryOptions, Question
from domain.queries import Turn as Said
from entrypoints.http.app import rules
from entrypoints.http.calls import Call
from entrypoints.http.departures import TurnStream, unless_gone
from entrypoints.http.routes.chat import begun, told
from entrypoints.http.routes.wire import Id, SourceOut
from entrypoints.http.security import Caller

MODEL = "support"
CREATED = 1767225600
"""Of the model, in unix seconds: the beginning of 2026."""
HISTORY = 20
SPEAKING = rules(scope=(Scope.WRITE,), raises=(NotFound, Conflict, DeadlineExceeded, ServiceUnavailable))
_ROLES = ("user", "assistant")


class Part(Struct):
    type: str
    text: str = ""


class ChatMessageIn(Struct):
    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(Struct):
    include_usage: bool = False


class CompletionIn(Struct, kw_only=True):
    """OpenAI's request; what we have no use for is let pass. `metadata` may hold `session_id` and `filters`."""

    messages: Annotated[list[ChatMessageIn], Meta(min_length=1, max_length=1000)]
    model: str = MODEL
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    user: Id | None = None
    metadata: dict[str, Any] | None = None

    def to_question(self) -> Question:
        """The last message, which must be the user's; what the others said is its history."""
        talk = [message for message in self.messages if message.role in _ROLES]
        if not talk or talk[-1].role != "user":
            raise InvalidInput("The last message must be the user's question.", field="messages")
        earlier = tuple(Said(message.role, message.text) for message in talk[:-1])
        metadata = self.metadata or {}
        session_id = metadata.get("session_id")
        return Question(
            text=talk[-1].text,
            user_id=self.user,
            session_id=session_id if isinstance(session_id, str) and 0 < len(session_id) <= 128 else None,
            history=earlier[-HISTORY:] or None,
            metadata={**metadata, "source": metadata.get("source", "openai")},
            options=self._options(),
        )

    def _options(self) -> QueryOptions:
        wanted = self.max_completion_tokens or self.max_tokens
        return QueryOptions(temperature=self.temperature, max_tokens=min(wanted, 4096) if wanted else None)

    @property
    def words(self) -> int:
        return sum(len(message.text.split()) for message in self.messages)


class Usage(Struct, kw_only=True):
    """Counted in words: no tokenizer is involved, and nothing is charged by them."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Message(Struct, kw_only=True):
    role: str | UnsetType = UNSET
    content: str | UnsetType = UNSET


class Choice(Struct, kw_only=True):
    index: int = 0
    message: Message | UnsetType = UNSET
    delta: Message | UnsetType = UNSET
    finish_reason: str | None = None
    logprobs: None = None


class Support(Struct, kw_only=True, omit_defaults=True):
    """What OpenAI's answer has no place for."""

    query_id: str
    session_id: str
    trace_id: str
    confidence: float
    action: str
    escalation_id: str | UnsetType = UNSET
    metadata: Mapping[str, Any] = {}


class CompletionOut(Struct, kw_only=True):
    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: Usage | UnsetType = UNSET
    sources: list[SourceOut] | UnsetType = UNSET
    support: Support | UnsetType = UNSET


class ModelOut(Struct, kw_only=True):
    id: str = MODEL
    object: str = "model"
    created: int = CREATED
    owned_by: str = "supportrag"


class ModelList(Struct, kw_only=True):
    data: list[ModelOut]
    object: str = "list"


class OpenAIController(Controller):
    path = "/v1"
    tags = ("openai",)

    @get("/models", operation_id="listModels")
    async def models(self) -> ModelList:
        """The one model there is."""
        return ModelList(data=[ModelOut()])

    @get("/models/{model:str}", operation_id="getModel", opt=rules(raises=(NotFound,)))
    async def model(self, model: FromPath[Id]) -> ModelOut:
        """The model, by its name."""
        if model != MODEL:
            raise NotFound(f"There is no model {model!r}; there is {MODEL!r}.", field="model")
        return ModelOut()

    @post("/chat/completions", status_code=200, operation_id="createChatCompletion", opt=SPEAKING)
    async def complete(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[CompletionIn],
        caller: Caller,
        converse: NamedDependency[Converse],
    ) -> CompletionOut | Stream:
        """Answer the last message, whole or as a stream; sources are in an extra field."""
        now = Call.of(request).received_at
        if not data.stream:
            asked = await unless_gone(request, converse(caller, data.to_question()))
            return _whole(data, asked, now)
        turn = converse.stream(caller, data.to_question())
        await begun(request, turn)
        return TurnStream(turn, Chunks(data, turn, caller, now).lines())


def _whole(data: CompletionIn, asked: Asked, now: datetime) -> CompletionOut:
    text = spoken(asked)
    return CompletionOut(
        id=f"chatcmpl-{asked.query_id}",
        object="chat.completion",
        created=int(now.timestamp()),
        model=data.model,
        choices=[Choice(message=Message(role="assistant", content=text), finish_reason="stop")],
        usage=_usage(data, text),
        sources=[SourceOut.of(source) for source in asked.answer.sources],
        support=_support(asked),
    )


def spoken(asked: Asked) -> str:
    """The answer; where a person is to give it, that, since a client must have something to show."""
    if asked.answer.text is not None:
        return asked.answer.text
    phrase = Phrase.WITH_OPERATOR if asked.answer.action is Action.WITH_OPERATOR else Phrase.HANDED_OVER
    return say(phrase, asked.language)


def _usage(data: CompletionIn, text: str) -> Usage:
    given, written = data.words, len(text.split())
    return Usage(prompt_tokens=given, completion_tokens=written, total_tokens=given + written)


def _support(asked: Asked) -> Support:
    return Support(
        query_id=asked.query_id,
        session_id=asked.session_id or "",
        trace_id=asked.trace_id,
        confidence=asked.answer.confidence,
        action=asked.answer.action,
        escalation_id=asked.answer.escalation_id or UNSET,
        metadata=asked.answer.metadata,
    )


class Chunks:
    """One streamed completion in OpenAI's chunks; the last with a choice also carries the sources."""

    def __init__(self, data: CompletionIn, turn: Turn, caller: access.Caller, now: datetime) -> None:
        self._trace_id = caller.trace_id
        self._data, self._turn, self._id, self._now = data, turn, f"chatcmpl-{caller.request_id}", now

    async def lines(self) -> AsyncGenerator[bytes, None]:
        written = []
        try:
            yield self._chunk(Choice(delta=Message(role="assistant", content="")))
            async for piece in self._turn:
                written.append(piece)
                yield self._chunk(Choice(delta=Message(content=piece)))
            asked = await self._turn.outcome()
            if not written:
                yield self._chunk(Choice(delta=Message(content=spoken(asked))))
            sources = [SourceOut.of(source) for source in asked.answer.sources]
            yield self._chunk(Choice(delta=Message(), finish_reason="stop"), sources=sources, support=_support(asked))
            if self._data.stream_options and self._data.stream_options.include_usage:
                yield self._chunk(usage=_usage(self._data, spoken(asked)))
        except Exception as error:
            failure = told(error, self._trace_id)
            body = {"message": failure.message, "code": failure.code.lower(), "type": "server_error", "param": None}
            yield _line({"error": body})
        finally:
            self._turn.close()
        yield b"data: [DONE]\n\n"

    def _chunk(self, *choices: Choice, **more: Any) -> bytes:
        chunk = CompletionOut(
            id=self._id,
            object="chat.completion.chunk",
            created=int(self._now.timestamp()),
            model=self._data.model,
            choices=list(choices),
            **more,
        )
        return _line(chunk)


def _line(body: Any) -> bytes:
    return b"data: %s\n\n" % msgspec.json.encode(body)
