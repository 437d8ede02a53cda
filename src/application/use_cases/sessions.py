"""Conversations and what was said in them."""

from datetime import datetime

from application.ports.storage import MESSAGES, UnitOfWork
from domain.paging import PageRequest, where
from domain.queries import Turn
from domain.sessions import Message, Role, Session

_SPOKEN_AS = {Role.OPERATOR: "assistant"}


async def spoken(uow: UnitOfWork, session_id: str, limit: int) -> tuple[Turn, ...]:
    """The last messages of a session, oldest first, as the pipeline reads them."""
    page = await uow[MESSAGES].page(where(session_id=session_id), PageRequest(limit=limit, sort="-position"))
    return tuple(
        Turn(_SPOKEN_AS.get(message.role, message.role), message.content, message.created_at)
        for message in reversed(page.items)
    )


async def save_message(uow: UnitOfWork, session: Session, message: Message, now: datetime) -> None:
    """The message, and the session's count of it; the session itself is still to be saved."""
    session.add(message, now)
    await uow[MESSAGES].save(message)


def next_position(session: Session) -> int:
    """Positions follow the session's own count, whose version check keeps two writers apart."""
    return session.message_count + 1
