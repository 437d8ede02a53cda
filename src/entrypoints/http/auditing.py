"""Writes down what administrators do, before they do it."""

from typing import Any

from litestar import Request

from application.use_cases.audit import Action, RecordAction
from domain.access import Scope
from entrypoints.http.admission import Admission, Entrance, Reply
from entrypoints.http.calls import Call
from entrypoints.http.requests import AnyRequest
from entrypoints.http.security import caller_of

ENTRY = "supportrag.audit_entry"
ALSO = frozenset({"forgetHistory"})
"""Open to others as well, but for what only administrators may do by it."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class AuditTrail(Admission):
    """An administrative action changes something and is for administrators."""

    def __init__(self, record: RecordAction) -> None:
        self._record = record

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        if _is_administrative(call, request):
            action = Action(str(request.route_handler.operation_id), call.method, call.path, call.client)
            entry_id = await self._record.begin(caller_of(call), action)
            request.scope[ENTRY] = entry_id  # type: ignore[literal-required]
        return None

    async def settle(self, call: Call, request: Request[Any, Any, Any], reply: Reply) -> None:
        if (entry_id := request.scope.get(ENTRY)) is not None:
            await self._record.complete(caller_of(call), str(entry_id), reply.status)


def _is_administrative(call: Call, request: AnyRequest) -> bool:
    entrance: Entrance = request.app.state["entrance"]
    needed = entrance.rules_of(request.route_handler, call.method)
    is_for_them = needed.scopes == (Scope.ADMIN,) or request.route_handler.operation_id in ALSO
    return call.method not in READING and is_for_them
