"""What was said, across conversations; and forgetting it."""

from datetime import datetime
from typing import Literal

from litestar import Controller, delete, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import Struct

from application.use_cases.history import BrowseHistory, ForgetHistory, HistoryFilters
from domain.sessions import Message, Role
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.paging import Limit
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller


class HistoryMessage(Struct, kw_only=True):
    message_id: str
    role: str
    content: str
    timestamp: datetime
    session_id: str

    @staticmethod
    def of(message: Message) -> "HistoryMessage":
        return HistoryMessage(
            message_id=message.id,
            role=message.role,
            content=message.content,
            timestamp=message.created_at,
            session_id=message.session_id,
        )


class ForgetIn(Struct, kw_only=True, forbid_unknown_fields=True):
    user_id: Id
    method: Literal["soft", "hard"]


class ForgottenOut(Struct, kw_only=True):
    user_id: str
    method: str
    deleted: int


class HistoryController(Controller):
    path = "/api/v1"
    tags = ("history",)

    @get("/history", operation_id="getHistory")
    async def history(
        self,
        caller: Caller,
        browse_history: NamedDependency[BrowseHistory],
        user_id: FromQuery[Id | None] = None,
        role: FromQuery[Role | None] = None,
        session_id: FromQuery[Id | None] = None,
        limit: FromQuery[Limit] = 20,
    ) -> Envelope[list[HistoryMessage]]:
        """The newest messages, oldest first."""
        found = await browse_history(caller, HistoryFilters(user_id, role, session_id), limit)
        return ok([HistoryMessage.of(message) for message in found])

    @get("/cache/messages", operation_id="getCachedMessages")
    async def recent(
        self,
        caller: Caller,
        browse_history: NamedDependency[BrowseHistory],
        user_id: FromQuery[Id | None] = None,
        limit: FromQuery[Limit] = 20,
    ) -> Envelope[list[HistoryMessage]]:
        """The newest messages of a person, oldest first, as the history has them."""
        found = await browse_history(caller, HistoryFilters(user_id), limit)
        return ok([HistoryMessage.of(message) for message in found])

    @delete("/history", status_code=200, operation_id="forgetHistory")
    async def forget(
        self, data: JSONBody[ForgetIn], caller: Caller, forget_history: NamedDependency[ForgetHistory]
    ) -> Envelope[ForgottenOut]:
        """Hide a person's messages from everybody (`soft`), or remove them for good (`hard`, admin)."""
        deleted = await forget_history(caller, data.user_id, hard=data.method == "hard")
        return ok(ForgottenOut(user_id=data.user_id, method=data.method, deleted=deleted))
