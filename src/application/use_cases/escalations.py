"""Handing over to a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.ports.storage import ESCALATIONS, UnitOfWork
from application.ports.system import Ids
from application.use_cases.sessions import spoken
from domain.escalation import Escalation, summarise
from domain.ids import Prefix
from domain.queries import EscalationVerdict, Turn
from domain.sessions import Session

TRANSCRIPT_MESSAGES = 50


async def open_escalation(
    uow: UnitOfWork,
    ids: Ids,
    now: datetime,
    *,
    verdict: EscalationVerdict,
    question: str,
    session: Session | None,
    user_id: str | None,
    query_id: str | None,
    origin: Mapping[str, Any],
) -> Escalation:
    """Saves an open escalation with the conversation so far, and announces it."""
    turns = await spoken(uow, session.id, TRANSCRIPT_MESSAGES) if session else (Turn("user", question, now),)
    opened = Escalation(
        id=ids.new(Prefix.ESCALATION),
        created_at=now,
        updated_at=now,
        session_id=session.id if session else None,
        user_id=user_id,
        query_id=query_id,
        reason=verdict.reason,
        reason_code=verdict.code,
        category=verdict.category,
        team=verdict.team,
        priority=verdict.priority,
        question=question,
        summary=summarise([(turn.role, turn.content) for turn in turns]),
        transcript=tuple(_line(turn) for turn in turns),
    )
    opened.announce(origin)
    await uow[ESCALATIONS].save(opened)
    return opened


def _line(turn: Turn) -> dict[str, Any]:
    return {
        "role": turn.role,
        "content": turn.content,
        "timestamp": turn.timestamp.isoformat() if turn.timestamp else None,
    }
