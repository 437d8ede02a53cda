"""Messengers: writing there, and what is written to us there."""

from typing import Annotated, Any

from litestar import Controller, MediaType, Request, Response, delete, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from application.use_cases.channels import ChannelSecrets, PostToChannel, TakeFromChannel
from domain.channels import Heard, heard_on_slack, heard_on_telegram, same_secret, slack_proves
from domain.errors import Conflict, InvalidInput, NotFound, ServiceUnavailable, Unauthorized
from entrypoints.http.app import rules
from entrypoints.http.calls import Call
from entrypoints.http.decoding import decode
from entrypoints.http.envelope import Envelope, created, ok
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

Words = Annotated[str, Meta(min_length=1, max_length=20_000)]
WRITING = rules(raises=(NotFound, Conflict, ServiceUnavailable))
PROVEN = rules(public=True, raises=(Unauthorized,))
REFUSAL = "The signature or secret token is missing or not valid."


class ChannelMessageIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """`user_id` is the person's id in the messenger: of the chat in Telegram, of the person or channel in Slack."""

    channel: Annotated[str, Meta(min_length=1, max_length=32)]
    user_id: Id
    message: Words


class ChannelMessageChange(Struct, kw_only=True, forbid_unknown_fields=True):
    message: Words


class ChannelMessageOut(Struct, kw_only=True):
    message_id: str
    status: str


class UpdateOut(Struct, kw_only=True):
    status: str
    """accepted, or ignored for what is no person's message."""


class ChannelsController(Controller):
    path = "/api/v1/channels"
    tags = ("channels",)

    @post("/messages", status_code=201, operation_id="writeToChannel", opt=WRITING)
    async def write(
        self, data: JSONBody[ChannelMessageIn], caller: Caller, post_to_channel: NamedDependency[PostToChannel]
    ) -> Envelope[ChannelMessageOut]:
        """Write to a person in a messenger; it is kept in the history as the service's message."""
        message = await post_to_channel(caller, data.channel, data.user_id, data.message)
        return created(ChannelMessageOut(message_id=message.id, status="sent"), links=_links(message.id))

    @patch("/messages/{message_id:str}", operation_id="editChannelMessage", opt=WRITING)
    async def edit(
        self,
        message_id: FromPath[Id],
        data: JSONBody[ChannelMessageChange],
        caller: Caller,
        post_to_channel: NamedDependency[PostToChannel],
    ) -> Envelope[ChannelMessageOut]:
        """Put another text in place of a message, there and in the history."""
        message = await post_to_channel.edit(caller, message_id, data.message)
        return ok(ChannelMessageOut(message_id=message.id, status="edited"), links=_links(message.id))

    @delete("/messages/{message_id:str}", status_code=200, operation_id="deleteChannelMessage", opt=WRITING)
    async def remove(
        self, message_id: FromPath[Id], caller: Caller, post_to_channel: NamedDependency[PostToChannel]
    ) -> Envelope[ChannelMessageOut]:
        """Take a message back, there and in the history."""
        message = await post_to_channel.delete(caller, message_id)
        return ok(ChannelMessageOut(message_id=message.id, status="deleted"))

    @post("/telegram/updates", status_code=200, operation_id="receiveTelegramUpdate", opt=PROVEN)
    async def telegram(
        self,
        request: Request[Any, Any, Any],
        channel_secrets: NamedDependency[ChannelSecrets],
        take_from_channel: NamedDependency[TakeFromChannel],
    ) -> Envelope[UpdateOut]:
        """An update of the Bot API, proven by the secret token of its webhook."""
        call = Call.of(request)
        if not same_secret(call.given.get("x-telegram-bot-api-secret-token", ""), channel_secrets.telegram):
            raise Unauthorized(REFUSAL)
        return await _taken(heard_on_telegram(_read(await request.body())), call, take_from_channel)

    @post("/slack/events", status_code=200, operation_id="receiveSlackEvent", opt=PROVEN)
    async def slack(
        self,
        request: Request[Any, Any, Any],
        channel_secrets: NamedDependency[ChannelSecrets],
        take_from_channel: NamedDependency[TakeFromChannel],
    ) -> Envelope[UpdateOut] | Response[str]:
        """An event of the Events API, proven by Slack's signature; its challenge is answered as it asks."""
        call, body = Call.of(request), await request.body()
        stamp, signature = (call.given.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
        if not slack_proves(channel_secrets.slack, stamp, signature, body, call.now()):
            raise Unauthorized(REFUSAL)
        event = _read(body)
        if event.get("type") == "url_verification":
            return Response(str(event.get("challenge", ""))[:500], media_type=MediaType.TEXT)
        return await _taken(heard_on_slack(event), call, take_from_channel)


def _read(body: bytes) -> dict[str, Any]:
    """What cannot be read is passed over: a messenger that is refused sends the same again and nothing else."""
    try:
        return decode(body, dict[str, Any])
    except InvalidInput:
        return {}


async def _taken(heard: Heard | None, call: Call, take: TakeFromChannel) -> Envelope[UpdateOut]:
    if heard is None:
        return ok(UpdateOut(status="ignored"))
    session_id = await take(heard, call.trace_id)
    if session_id is None:
        return ok(UpdateOut(status="ignored"))
    return ok(UpdateOut(status="accepted"), links={"session": f"/api/v1/sessions/{session_id}"})


def _links(message_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/channels/messages/{message_id}"}
