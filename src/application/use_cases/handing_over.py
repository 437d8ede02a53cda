"""Asking a person: the record that is opened for them, by the policy or because somebody wants it so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from application.ports.models import LanguageDetector
from application.ports.storage import ESCALATIONS, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.sessions import last_messages, spoken
from domain.access import Caller
from domain.escalation import Escalation, EscalationStatus, Reason, rank_of, requested
from domain.ids import Prefix
from domain.paging import where
from domain.queries import EscalationVerdict, Turn
from domain.sessions import Session
from domain.summaries import summarise

TRANSCRIPT_MESSAGES = 50


async def open_escalation(
    uow: UnitOfWork,
    ids: Ids,
    now: datetime,
    *,
    verdict: EscalationVerdict,
    question: str,
    language: str,
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
        user_id=user_id or (session.user_id if session else None),
        query_id=query_id,
        reason=verdict.reason,
        reason_code=verdict.code,
        category=verdict.category,
        team=verdict.team,
        priority=verdict.priority,
        rank=rank_of(verdict.priority),
        question=question,
        summary=summarise([(turn.role, turn.content) for turn in turns], language),
        transcript=tuple(_line(turn.role, turn.content, turn.timestamp) for turn in turns),
    )
    opened.announce(origin)
    await uow[ESCALATIONS].save(opened)
    return opened


async def transcript_of(uow: UnitOfWork, session_id: str) -> tuple[Mapping[str, Any], ...]:
    """What was said in the conversation up to now, by whom."""
    said = await last_messages(uow, session_id, TRANSCRIPT_MESSAGES)
    return tuple(_line(message.role, message.content, message.created_at) for message in said)


def _line(role: str, content: str, said_at: datetime | None) -> dict[str, Any]:
    stamp = said_at.isoformat().replace("+00:00", "Z") if said_at else None
    return {"role": role, "content": content, "timestamp": stamp}


class HandOver:
    """Hands a conversation over because somebody wants it so."""

    def __init__(self, store: Store, languages: LanguageDetector, views: TenantViews, clock: Clock, ids: Ids) -> None:
        self._store, self._languages, self._views, self._clock, self._ids = store, languages, views, clock, ids

    async def __call__(self, caller: Caller, session_id: str, reason: str, priority: str | None) -> Escalation:
        """The escalation; the one that is there already when the conversation is with a person or waits for
        one by request. Raises `NotFound`, or `Conflict` for a conversation that has ended."""
        policy = (await self._views.of(caller.tenant_id)).settings.escalation

        async def hand_over(uow: UnitOfWork) -> Escalation:
            now = self._clock.now()
            session = await uow[SESSIONS].get(session_id)
            session.require_reach(caller.principal)
            session.require_open(now)
            known = await self._waiting(uow, session)
            if known is not None:
                return known
            question = _last_said(await spoken(uow, session.id, TRANSCRIPT_MESSAGES)) or reason
            return await open_escalation(
                uow,
                self._ids,
                now,
                verdict=requested(reason, priority, policy),
                question=question,
                language=self._languages.detect(question).language,
                session=session,
                user_id=session.user_id,
                query_id=None,
                origin=session.origin,
            )

        return await committed(self._store, caller.tenant_id, hand_over)

    async def _waiting(self, uow: UnitOfWork, session: Session) -> Escalation | None:
        if session.escalation_id is not None:
            return await uow[ESCALATIONS].get(session.escalation_id)
        open_ = await uow[ESCALATIONS].list(where(session_id=session.id, status=EscalationStatus.OPEN))
        return next((found for found in open_ if found.reason_code == Reason.REQUESTED), None)


def _last_said(turns: Sequence[Turn]) -> str:
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")
