"""What other systems send in. Open without a token: they prove themselves by signature."""

from typing import Annotated, Any

from litestar import Controller, Request, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct, structs

from application.use_cases.incoming import AcceptIncoming
from domain.errors import Forbidden, InvalidInput, PayloadTooLarge, Unauthorized
from domain.incoming import MAX_CORRELATION_ID, Channel, Notice, parse_time
from domain.incoming import Envelope as Arrived
from entrypoints.http.app import rules
from entrypoints.http.calls import Call
from entrypoints.http.decoding import decode
from entrypoints.http.envelope import Envelope, pending
from entrypoints.http.routes.wire import Id, Url

PROVEN = rules(public=True, raises=(Unauthorized, Forbidden, PayloadTooLarge))
Word = Annotated[str, Meta(min_length=1, max_length=200)]


class MessageData(Struct, kw_only=True):
    user_id: Id
    message: Annotated[str, Meta(min_length=1, max_length=2000)]
    user_name: Word | None = None
    thread_id: Id | None = None
    channel: Word | None = None
    external_message_id: Word | None = None


class DocumentData(Struct, kw_only=True):
    document_url: Url
    document_name: Annotated[str, Meta(min_length=1, max_length=255)]
    document_format: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    external_document_id: Word | None = None
    metadata: dict[str, Any] = {}


class EventData(Struct, kw_only=True):
    event_name: Word
    user_id: Id | None = None
    action: Word | None = None
    details: dict[str, Any] = {}


class IncomingBody(Struct, kw_only=True):
    """Members that are not named here are let pass: what is signed is another system's form."""

    event_type: Word
    timestamp: str | int | float
    source: Word
    event_id: Word | None = None
    metadata: dict[str, Any] = {}


class IncomingMessage(IncomingBody, kw_only=True):
    data: MessageData


class IncomingDocument(IncomingBody, kw_only=True):
    data: DocumentData


class IncomingEvent(IncomingBody, kw_only=True):
    data: EventData


BODIES: dict[Channel, type[IncomingMessage | IncomingDocument | IncomingEvent]] = {
    Channel.MESSAGE: IncomingMessage,
    Channel.DOCUMENT: IncomingDocument,
    Channel.EVENT: IncomingEvent,
}


def read_notice(channel: Channel, raw: bytes) -> Notice:
    body: IncomingMessage | IncomingDocument | IncomingEvent = decode(raw, BODIES[channel])
    moment = parse_time(body.timestamp)
    if moment is None:
        raise InvalidInput("timestamp is a time in RFC 3339 or in unix seconds.", field="timestamp")
    notice = Notice(
        channel=channel,
        event_type=body.event_type,
        timestamp=moment,
        source=body.source,
        data=structs.asdict(body.data),
        metadata=body.metadata,
        event_id=body.event_id,
    )
    if len(notice.correlation_id or "") > MAX_CORRELATION_ID:
        text = f"metadata.correlation_id may have at most {MAX_CORRELATION_ID} characters."
        raise InvalidInput(text, field="metadata.correlation_id", details={"max_length": MAX_CORRELATION_ID})
    return notice


async def _accepted(
    channel: Channel, request: Request[Any, Any, Any], accept: AcceptIncoming
) -> Envelope[dict[str, Any]]:
    call = Call.of(request)
    arrived = Arrived(call.given, await request.body(), call.client, call.trace_id)
    answer = await accept(channel, arrived, lambda raw: read_notice(channel, raw))
    return pending(dict(answer), links=_links(answer))


def _links(answer: Any) -> dict[str, str]:
    paths = {"session_id": "sessions", "job_id": "jobs"}
    return {path.rstrip("s"): f"/api/v1/{path}/{answer[name]}" for name, path in paths.items() if answer.get(name)}


class IncomingController(Controller):
    path = "/api/v1/webhooks/incoming"
    tags = ("incoming",)

    @post("/message", status_code=202, operation_id="receiveMessage", opt=PROVEN)
    async def message(
        self, request: Request[Any, Any, Any], accept_incoming: NamedDependency[AcceptIncoming]
    ) -> Envelope[dict[str, Any]]:
        """A person's message from another system; the answer leaves as an event."""
        return await _accepted(Channel.MESSAGE, request, accept_incoming)

    @post("/document", status_code=202, operation_id="receiveDocument", opt=PROVEN)
    async def document(
        self, request: Request[Any, Any, Any], accept_incoming: NamedDependency[AcceptIncoming]
    ) -> Envelope[dict[str, Any]]:
        """A document to fetch and ingest."""
        return await _accepted(Channel.DOCUMENT, request, accept_incoming)

    @post("/event", status_code=202, operation_id="receiveEvent", opt=PROVEN)
    async def event(
        self, request: Request[Any, Any, Any], accept_incoming: NamedDependency[AcceptIncoming]
    ) -> Envelope[dict[str, Any]]:
        """Something that happened elsewhere: kept in the user's history and passed to subscribers."""
        return await _accepted(Channel.EVENT, request, accept_incoming)
