"""The catalogue of events, the event log, and the log as a feed."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream
from msgspec import Meta, Struct

from application.use_cases.webhook_reading import START, ReadEvents
from domain.access import Scope
from domain.asyncapi import asyncapi_document
from domain.catalogue import CATALOGUE, TEST, EventType
from domain.delivery import PublicEvent
from domain.paging import Page
from entrypoints.http.app import rules
from entrypoints.http.calls import API_VERSION, Call
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Limit
from entrypoints.http.routes.webhook_wire import EventName, EventOut
from entrypoints.http.security import Caller

EVENT_STREAM = "text/event-stream"
_AS_FEED = {"Content-Type": EVENT_STREAM, "X-Accel-Buffering": "no"}
"""A handler that mostly answers JSON would call its streams so too."""
Cursor = Annotated[str, Meta(min_length=1, max_length=256)]


class EventTypeOut(Struct, kw_only=True):
    event_type: str
    description: str
    subscribable: bool
    schema: Mapping[str, Any]

    @staticmethod
    def of(kind: EventType) -> "EventTypeOut":
        return EventTypeOut(
            event_type=kind.name,
            description=kind.description,
            subscribable=kind is not TEST,
            schema=kind.schema,
        )


class EventCatalogue(Struct, kw_only=True):
    events: list[EventTypeOut]
    total: int


class EventPage(Struct, kw_only=True):
    """`cursor` is where the next call goes on, also when there is nothing more yet."""

    events: list[EventOut]
    cursor: str
    pagination: Pagination


class EventsController(Controller):
    tags = ("webhooks",)

    @get("/api/v1/webhooks/events", operation_id="listEventTypes")
    async def catalogue(self) -> Envelope[EventCatalogue]:
        """Every event type with the JSON Schema of its data."""
        kinds = [EventTypeOut.of(kind) for kind in (*CATALOGUE, TEST)]
        return ok(EventCatalogue(events=kinds, total=len(kinds)), links={"asyncapi": "/schema/asyncapi.json"})

    @get("/api/v1/events", operation_id="readEvents", opt=rules(scope=Scope.ADMIN))
    async def log(
        self,
        request: Request[Any, Any, Any],
        caller: Caller,
        read_events: NamedDependency[ReadEvents],
        limit: FromQuery[Limit] = 20,
        cursor: FromQuery[Cursor | None] = None,
        event_type: FromQuery[list[EventName] | None] = None,
    ) -> Envelope[EventPage] | Stream:
        """The event log from a cursor on, oldest first; with `Accept: text/event-stream` as a feed."""
        types = tuple(event_type or ())
        if EVENT_STREAM in Call.of(request).given.get("accept", ""):
            resumed = Call.of(request).given.get("last-event-id") or cursor
            return Stream(feed(read_events.feed(caller, resumed, types)), headers=_AS_FEED)
        found = await read_events.page(caller, cursor, limit, types)
        return page(_shown(found, cursor), found)

    @get("/schema/asyncapi.json", operation_id="asyncapi", opt=rules(public=True), include_in_schema=False)
    async def asyncapi(self) -> Response[bytes]:
        body = msgspec.json.encode(asyncapi_document(API_VERSION))
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})


def _shown(found: Page[tuple[str, PublicEvent]], cursor: str | None) -> EventPage:
    events = [EventOut.of(event) for _, event in found.items]
    last = found.items[-1][0] if found.items else cursor or START
    return EventPage(events=events, cursor=last, pagination=Pagination.of(found))


async def feed(events: AsyncIterator[tuple[str, PublicEvent] | None]) -> AsyncGenerator[bytes, None]:
    """Server-sent events; a comment line while nothing happens, so that a listener sees the line is alive."""
    async for item in events:
        yield b": nothing yet\n\n" if item is None else _line(*item)


def _line(cursor: str, event: PublicEvent) -> bytes:
    data = msgspec.json.encode(EventOut.of(event))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (cursor.encode(), event.type.encode(), data)
