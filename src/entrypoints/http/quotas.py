"""What each request costs of its key's quotas, and the headers that tell how these stand."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, WebSocket

from application.use_cases.admission import RecogniseToken
from application.use_cases.limits import Admitted, QuotaUsedUp, UseQuota
from domain.access import Principal
from domain.errors import DomainError, InvalidInput
from domain.limits import BATCH_SIZES, Charge, Quota, Standing, narrowest, policy_of
from entrypoints.http.admission import Admission, Entrance, Reply
from entrypoints.http.calls import Call
from entrypoints.http.requests import MULTIPART, AnyRequest, form_of
from entrypoints.http.security import bearer_token

ADMITTED = "supportrag.admitted"
"""Where what a request took is kept while it lasts."""
WARNING = "The limit is reached; for a minute a little more is let through, then nothing until the window moves on."

QUERY_TOOLS = ("ask_support",)
"""Of the Model Context Protocol."""

Costs = Callable[[AnyRequest, Principal], Awaitable[Sequence[Charge]]]


async def _one_request(request: AnyRequest, principal: Principal) -> Sequence[Charge]:
    return (Charge(Quota.REQUESTS),)


async def _one_query(request: AnyRequest, principal: Principal) -> Sequence[Charge]:
    return (Charge(Quota.QUERIES),)


class _Batch(msgspec.Struct):
    queries: list[msgspec.Raw] = []


async def _batch_items(request: AnyRequest, principal: Principal) -> Sequence[Charge]:
    """Of a batch that cannot be read or is too large the handler says so; it costs as little as possible."""
    try:
        items = len(msgspec.json.decode(await request.body(), type=_Batch).queries)
    except (msgspec.DecodeError, RecursionError):
        items = 1
    return (Charge(Quota.QUERIES, items if 0 < items <= BATCH_SIZES[principal.tier] else 1),)


async def _files(request: AnyRequest, principal: Principal) -> Sequence[Charge]:
    """An upload is a file; the call that brings it is a request like any other."""
    files = 1
    if request.content_type[0] == MULTIPART:
        try:
            files = sum(1 for part in (await form_of(request)).parts if part.filename is not None)
        except InvalidInput:
            files = 1  # the handler will say what is wrong with it
    return (Charge(Quota.REQUESTS), Charge(Quota.UPLOADS, files))


class _ToolCall(msgspec.Struct):
    method: str = ""
    params: dict[str, msgspec.Raw] = {}


async def _tool_call(request: AnyRequest, principal: Principal) -> Sequence[Charge]:
    """Of a message of the Model Context Protocol only the call of a tool that answers a question is a query."""
    try:
        message = msgspec.json.decode(await request.body(), type=_ToolCall)
        name = msgspec.json.decode(message.params.get("name", b'""'))
    except (msgspec.DecodeError, RecursionError):
        return (Charge(Quota.REQUESTS),)
    is_query = message.method == "tools/call" and name in QUERY_TOOLS
    return (Charge(Quota.QUERIES if is_query else Quota.REQUESTS),)


COSTS: Mapping[tuple[str, str], Costs] = {
    ("POST", "/api/v1/queries"): _one_query,
    ("POST", "/api/v1/queries/batch"): _batch_items,
    ("POST", "/api/v1/chat/completions"): _one_query,
    ("POST", "/api/v1/chat/stream"): _one_query,
    ("POST", "/v1/chat/completions"): _one_query,
    ("POST", "/mcp"): _tool_call,
    ("POST", "/api/v1/documents/upload"): _files,
    ("POST", "/api/v1/knowledge/upload"): _files,
}
"""By method and path template; whatever is not in it is a request."""


class Quotas(Admission):
    """Takes what a request costs before its handler runs, and gives it back when the answer is a refusal."""

    def __init__(self, use_quota: UseQuota) -> None:
        self._use = use_quota

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        principal = call.principal
        if principal is None or policy_of(principal.tier, Quota.REQUESTS) is None:
            return None
        costs = COSTS.get((call.method, (call.route or "").rstrip("/") or "/"), _one_request)
        try:
            admitted = await self._use(principal, await costs(request, principal))
        except QuotaUsedUp as refusal:
            call.headers |= _headers([refusal.standing])
            call.headers["X-RateLimit-Retry-After"] = str(math.ceil(refusal.retry_after or 1))
            raise
        request.scope[ADMITTED] = admitted  # type: ignore[literal-required]
        call.headers |= _headers(admitted.standings, beyond=admitted.beyond)
        return None

    async def settle(self, call: Call, request: Request[Any, Any, Any], reply: Reply) -> None:
        admitted: Admitted | None = request.scope.get(ADMITTED)  # type: ignore[assignment]
        if admitted is None or not (call.refused or 400 <= reply.status < 500):
            return
        await self._use.give_back(admitted)
        call.headers.pop("X-RateLimit-Warning", None)
        call.headers |= _headers(admitted.standings)

    async def turned_away(self, call: Call) -> None:
        await self.show(call)

    async def show(self, call: Call) -> None:
        """Tells how things stand in an answer that costs nothing."""
        if call.principal is not None:
            await self.show_to(call.principal, call)

    async def show_to(self, principal: Principal, call: Call) -> None:
        main = Quota.QUERIES if (call.method, call.route) in COSTS else Quota.REQUESTS
        call.headers |= _headers(await self._use.look(principal, (main,)))

    async def take_turn(self, principal: Principal) -> None:
        """A turn of a conversation by socket; raises `RateLimitExceeded`."""
        await self._use(principal, (Charge(Quota.QUERIES),))


class Standings:
    """Every answer to a limited key tells how things stand, also one that was refused before anybody asked who
    calls: an unknown path, a version nobody serves, a tenant that is not its own."""

    def __init__(self, recognise: Callable[[], RecogniseToken], quotas: Quotas) -> None:
        self._recognise, self._quotas = recognise, quotas

    async def __call__(self, call: Call) -> None:
        try:
            token = bearer_token(call.given.get("authorization"))
            if token is not None:
                await self._quotas.show_to(await self._recognise().holder_of(token), call)
        except DomainError:
            return  # the refusal matters more


async def count_turn(socket: "WebSocket[Any, Any, Any]") -> None:
    """What a socket's handler calls for each question that comes in; raises `RateLimitExceeded`."""
    entrance: Entrance = socket.app.state["entrance"]
    principal = Call.of(socket).principal
    for step in entrance.steps:
        if isinstance(step, Quotas) and principal is not None:
            await step.take_turn(principal)


def _headers(standings: Sequence[Standing], *, beyond: bool = False) -> dict[str, str]:
    """`X-RateLimit-*` of the quota with the least left, and the fields of draft-ietf-httpapi-ratelimit-headers of
    all that the request counts in."""
    if not standings:
        return {}
    main = narrowest(standings)
    headers = {
        "X-RateLimit-Limit": str(main.policy.limit),
        "X-RateLimit-Remaining": str(main.remaining),
        "X-RateLimit-Reset": str(math.ceil(main.resets_at)),
        "RateLimit": ", ".join(_left(standing) for standing in standings),
        "RateLimit-Policy": ", ".join(
            f'"{s.policy.quota.value}";q={s.policy.limit};w={int(s.policy.window)}' for s in standings
        ),
    }
    return headers | ({"X-RateLimit-Warning": WARNING} if beyond else {})


def _left(standing: Standing) -> str:
    return f'"{standing.policy.quota.value}";r={standing.remaining};t={standing.resets_in}'
