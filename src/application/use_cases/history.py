"""What was said, across conversations; and forgetting it."""

from dataclasses import dataclass

from application.ports.storage import MESSAGES, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller, Scope
from domain.errors import Forbidden
from domain.paging import where
from domain.sessions import Message

FORGOTTEN_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class HistoryFilters:
    user_id: str | None = None
    role: str | None = None
    session_id: str | None = None


class BrowseHistory:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, caller: Caller, filters: HistoryFilters, limit: int) -> list[Message]:
        """The newest `limit`, oldest first; without what was deleted."""
        shown = where(user_id=filters.user_id, role=filters.role, session_id=filters.session_id, hidden=False)
        sort = "-created_at" if filters.session_id is None else "-position"
        async with self._store.begin(caller.tenant_id) as uow:
            return (await uow[MESSAGES].list(shown, sort=sort, limit=limit))[::-1]


class ForgetHistory:
    """Deletes a person's messages: softly, so that nobody sees them any more, or for good."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller, user_id: str, *, hard: bool) -> int:
        """How many messages. Raises `Forbidden` for a hard deletion by anybody but an admin."""
        if hard and not caller.principal.may(Scope.ADMIN):
            raise Forbidden("Deleting for good needs the scope admin.", details={"required_scopes": ["admin"]})
        forgotten = 0
        while batch := await committed(self._store, caller.tenant_id, lambda uow: self._some(uow, user_id, hard)):
            forgotten += batch
        return forgotten

    async def _some(self, uow: UnitOfWork, user_id: str, hard: bool) -> int:
        theirs = where(user_id=user_id) if hard else where(user_id=user_id, hidden=False)
        found = await uow[MESSAGES].list(theirs, limit=FORGOTTEN_AT_ONCE)
        for message in found:
            if hard:
                await uow[MESSAGES].remove(message.id)
            else:
                message.hide(self._clock.now())
        if not hard:
            await uow[MESSAGES].save_all(found)
        return len(found)
