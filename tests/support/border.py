"""A small application behind the real border: a few throw-away routes, one of each kind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import httpx
from litestar import Controller, Litestar, Request, Response, WebSocket, delete, get, post, websocket
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, MultipartBody, QueryParameter
from litestar.response import Stream
from msgspec import UNSET, Meta, Struct, UnsetType

from adapters.system.fixed import CountingIds, ManualClock
from domain.access import Principal, Scope, Tier
from domain.errors import (
    Conflict,
    DeadlineExceeded,
    InvalidInput,
    NotFound,
    Problem,
    RateLimitExceeded,
    ServiceUnavailable,
)
from domain.paging import Page
from entrypoints.http.admission import admit_socket
from entrypoints.http.app import HttpOptions, create_app
from entrypoints.http.calls import Call
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page, pending
from entrypoints.http.forms import Upload
from entrypoints.http.paging import Paging, paged
from entrypoints.http.security import Caller, challenge, rules

UserId = Annotated[str, Meta(min_length=1, max_length=128)]


class Channel(StrEnum):
    MAIL = "mail"
    PHONE = "phone"


class Turn(Struct, forbid_unknown_fields=True, kw_only=True):
    role: Literal["user", "assistant"]
    content: Annotated[str, Meta(max_length=20)]
    timestamp: datetime | UnsetType = UNSET


class Options(Struct, forbid_unknown_fields=True, kw_only=True):
    top_k: Annotated[int, Meta(ge=1, le=10)] = 5
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.1


class Ask(Struct, forbid_unknown_fields=True, kw_only=True):
    question: Annotated[str, Meta(min_length=3, max_length=40, extra={"code": "QUERY_TOO_LONG"})]
    user_id: UserId
    history: Annotated[list[Turn], Meta(max_length=2)] = []
    options: Options | UnsetType = UNSET
    channel: Channel = Channel.MAIL
    due: datetime | None = None
    metadata: dict[str, Any] = {}


class Answer(Struct, kw_only=True):
    question: str
    tenant_id: str
    turns: list[Turn]
    due: datetime | None
    metadata: dict[str, Any]


class Period(Struct, forbid_unknown_fields=True, kw_only=True):
    since: date
    until: date

    def __post_init__(self) -> None:
        if self.until < self.since:
            raise ValueError("until must not be before since")


class UploadForm(Struct, forbid_unknown_fields=True, kw_only=True):
    files: Annotated[list[Upload], Meta(min_length=1, max_length=3)]
    metadata: dict[str, str] = {}
    auto_classify: bool = True
    tags: list[str] = []
    callback_url: Annotated[str, Meta(max_length=30)] | UnsetType = UNSET


class Received(Struct, kw_only=True):
    names: list[str]
    sizes: list[int]
    metadata: dict[str, str]
    auto_classify: bool
    tags: list[str]


class Notes(Struct, kw_only=True):
    notes: list[int]
    pagination: Pagination


class Secret(Struct, kw_only=True):
    key_id: str


class NotesController(Controller):
    path = "/api/v1/notes"
    tags = ("notes",)

    @post("/ask", status_code=200, operation_id="ask", opt=rules(scope=(Scope.WRITE, Scope.CHAT)))
    async def ask(self, data: JSONBody[Ask], caller: Caller) -> Envelope[Answer]:
        """Answer a question."""
        return ok(
            Answer(
                question=data.question,
                tenant_id=caller.tenant_id,
                turns=data.history,
                due=data.due,
                metadata=data.metadata,
            ),
            links={"self": "/api/v1/notes/1"},
        )

    @post("/", status_code=201, operation_id="createNote")
    async def create(self, data: JSONBody[Options | None] = None) -> Envelope[int]:
        return created(data.top_k if data else 0, links={"self": "/api/v1/notes/7"})

    @post("/period", status_code=200, operation_id="period")
    async def period(self, data: JSONBody[Period]) -> Envelope[int]:
        return ok((data.until - data.since).days)

    @get("/", operation_id="listNotes", dependencies=paged("created_at", "title"))
    async def browse(
        self,
        paging: Paging,
        category: FromQuery[list[str] | None] = None,
        channel: FromQuery[Channel | None] = None,
        urgent: FromQuery[bool | None] = None,
        created_after: FromQuery[datetime | None] = None,
        score: Annotated[float | None, QueryParameter(ge=0, le=1, name="min_score")] = None,
    ) -> Envelope[Notes]:
        found = Page((1, 2), 50, paging.limit, paging.offset, True, "next-one")
        return page(Notes(notes=list(found.items), pagination=Pagination.of(found)), found)

    @get("/search", operation_id="searchNotes")
    async def search(self, q: FromQuery[Annotated[str, Meta(min_length=2, max_length=20)]]) -> Envelope[str]:
        return ok(q)

    @get("/open", operation_id="openQuery", opt=rules(open_query=True))
    async def open_query(self, request: Request[Any, Any, Any]) -> Envelope[dict[str, str]]:
        return ok(dict(request.query_params.items()))

    @get("/{note_id:str}", operation_id="readNote")
    async def read(
        self,
        note_id: FromPath[Annotated[str, Meta(max_length=20)]],
        reader: Annotated[Annotated[str, Meta(max_length=5)] | None, HeaderParameter(name="X-Reader")] = None,
    ) -> Envelope[str]:
        if note_id == "missing":
            raise NotFound("There is no such note.")
        return ok(note_id)

    @get("/{note_id:str}/lines/{number:str}", operation_id="readLine")
    async def line(self, note_id: FromPath[str], number: FromPath[Annotated[int, Meta(ge=1)]]) -> Envelope[int]:
        return ok(number)

    @delete("/{note_id:str}", status_code=200, operation_id="deleteNote", opt=rules(scope=Scope.ADMIN))
    async def remove(self, note_id: FromPath[str]) -> Envelope[Secret]:
        return ok(Secret(key_id=note_id))

    @post("/upload", status_code=202, operation_id="upload", opt=rules(upload=True))
    async def upload(self, data: MultipartBody[UploadForm]) -> Envelope[Received]:
        received = Received(
            names=[file.filename for file in data.files],
            sizes=[len(await file.read()) for file in data.files],
            metadata=data.metadata,
            auto_classify=data.auto_classify,
            tags=data.tags,
        )
        return pending(received, links={"poll": "/api/v1/jobs/1"})


class TroubleController(Controller):
    """Everything that can go wrong."""

    path = "/api/v1/trouble"
    tags = ("trouble",)

    @get("/{kind:str}", operation_id="trouble", opt=rules(raises=(DeadlineExceeded, Conflict)))
    async def trouble(self, kind: FromPath[str]) -> Envelope[str]:
        match kind:
            case "conflict":
                raise Conflict
            case "busy":
                raise RateLimitExceeded(retry_after=2.2)
            case "down":
                raise ServiceUnavailable
            case "late":
                raise DeadlineExceeded
            case "own":
                raise InvalidInput(problems=[Problem("Blocked.", "question", "BLOCKED", {"rule_id": "gr_x"})])
            case "bug":
                raise RuntimeError("the password is hunter2")
        return ok(kind)


@get("/api/v1/stream", operation_id="stream", media_type="text/event-stream")
async def stream() -> Stream:
    async def tokens() -> AsyncIterator[bytes]:
        while True:
            yield b"data: x\n\n"
            await asyncio.sleep(0)

    return Stream(tokens(), media_type="text/event-stream")


@post("/api/v1/hook", status_code=202, operation_id="hook", opt=rules(public=True))
async def hook(request: Request[Any, Any, Any]) -> Envelope[int]:
    return ok(len(await request.body()))


@get("/v1/models", operation_id="models")
async def models() -> dict[str, str]:
    return {"object": "list"}


@post("/oauth/token", status_code=200, operation_id="token", opt=rules(public=True))
async def token(request: Request[Any, Any, Any]) -> dict[str, str]:
    if not await request.body():
        raise InvalidInput(problems=[Problem("This grant is not known.", code="unsupported_grant_type")])
    return {"access_token": "x"}


@get("/page", operation_id="page", media_type="text/html", opt=rules(public=True))
async def html_page() -> Response[str]:
    return Response("<p>hello</p>", media_type="text/html")


@websocket("/api/v1/notes/{note_id:str}/ws")
async def follow(socket: WebSocket[Any, Any, Any], note_id: FromPath[str]) -> None:
    """Follow a note."""
    await socket.accept()
    caller = await admit_socket(socket)
    if note_id == "missing":
        raise NotFound("There is no such note.")
    await socket.send_json({"tenant": caller.tenant_id})
    await socket.close()


ROUTES = (NotesController, TroubleController, stream, hook, models, token, html_page, follow)


async def authenticate(token: str | None, tenant: str | None, call: Call) -> Principal:
    """`read`, `write`, `admin`, `chat` are keys with that scope, of the tenant `acme`."""
    if token not in set(Scope):
        raise challenge("This token is not valid.", 'Bearer realm="supportrag", error="invalid_token"')
    origins = ("https://shop.example",) if token == "chat" else ()
    return Principal(tenant or "acme", frozenset({Scope(token)}), Tier.PRO, "key_1", origins=origins)


def build(options: HttpOptions | None = None, routes: Sequence[Any] = ROUTES, **more: Any) -> Litestar:
    chosen = options or HttpOptions(max_body_bytes=20_000, max_upload_bytes=200_000)
    return create_app(routes, authenticate, chosen, clock=ManualClock(), ids=CountingIds(), **more)


def client(app: Litestar, token: str | None = "write", **more: Any) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, **more)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)
