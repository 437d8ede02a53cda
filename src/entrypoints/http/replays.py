"""The same request again gets the same answer, and has no second effect."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from litestar import Request
from litestar.response import Stream

from application.use_cases.replay import Claim, KeptAnswer, ReplayAnswers
from domain.idempotency import LEASE
from entrypoints.http.admission import Admission, Reply
from entrypoints.http.calls import Call
from entrypoints.http.requests import AnyRequest, fingerprint

CLAIM = "supportrag.claim"
REPLAYED = "Idempotency-Replayed"
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
RENEW_EVERY = LEASE.total_seconds() / 3


class Replays(Admission):
    """Streams are exempt: those that are known as such beforehand altogether, others keep nothing."""

    def __init__(self, answers: ReplayAnswers, on_replay: Callable[[Call], Awaitable[None]]) -> None:
        self._answers, self._on_replay = answers, on_replay

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        key = call.given.get("idempotency-key") or call.given.get("x-request-id")
        if not key or call.principal is None or call.method not in METHODS or _streams(request):
            return None
        route = f"{call.method} {call.path}"
        begun = await self._answers.begin(call.principal, route, key, await _sent(request))
        if isinstance(begun, KeptAnswer):
            await self._on_replay(call)
            call.headers[REPLAYED] = "true"
            return Reply(begun.status, begun.headers, begun.body)
        request.scope[CLAIM] = _Held(self._answers, begun)  # type: ignore[literal-required]
        return None

    async def settle(self, call: Call, request: Request[Any, Any, Any], reply: Reply) -> None:
        held = _held(request)
        if held is None:
            return
        if reply.body is None:
            await held.release()
        else:
            await held.keep(KeptAnswer(reply.status, dict(reply.headers), reply.body))

    async def release(self, call: Call, request: Request[Any, Any, Any]) -> None:
        if (held := _held(request)) is not None:
            await held.release()


class _Held:
    """A claim, renewed for as long as the request lasts."""

    def __init__(self, answers: ReplayAnswers, claim: Claim) -> None:
        self._answers, self._claim = answers, claim
        self._renewing = asyncio.create_task(self._renew())
        self._is_settled = False

    async def keep(self, answer: KeptAnswer) -> None:
        self._is_settled = True
        self._renewing.cancel()
        await self._answers.keep(self._claim, answer)

    async def release(self) -> None:
        self._renewing.cancel()
        if not self._is_settled:
            self._is_settled = True
            await asyncio.shield(self._answers.release(self._claim))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            await self._answers.renew(self._claim)


def _held(request: AnyRequest) -> _Held | None:
    held: _Held | None = request.scope.get(CLAIM)  # type: ignore[assignment]
    return held


def _streams(request: AnyRequest) -> bool:
    declared = request.route_handler.parsed_fn_signature.return_type.annotation
    return isinstance(declared, type) and issubclass(declared, Stream)


async def _sent(request: AnyRequest) -> str:
    """What makes two requests the same: query and body."""
    query = request.scope["query_string"]
    return sha256(query + b"\0" + (await fingerprint(request)).encode()).hexdigest()
