"""What people answer once, the service answers next time: their answers, staged for review."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.storage import DRAFTS, STAGED_PAIRS, UnitOfWork
from application.ports.system import Ids
from application.use_cases.staging import check_texts, new_draft
from domain.ids import Prefix
from domain.paging import where
from domain.qa_pairs import PairMetadata, relabelled
from domain.settings import Limits
from domain.staging import Draft, DraftStatus, StagedPair

ORIGIN = "escalations"
TITLE = "Answers by our team"


@dataclass(frozen=True, slots=True)
class Lesson:
    question: str
    answer: str
    language: str
    category: str | None
    intent: str | None
    escalation_id: str
    operator_id: str | None


async def stage_lesson(uow: UnitOfWork, ids: Ids, now: datetime, lesson: Lesson, limits: Limits) -> StagedPair:
    """The pair, waiting for a reviewer whatever the configuration lets in unseen. Raises `InvalidInput` for
    texts that are empty or too long."""
    check_texts([(lesson.question, lesson.answer)], limits, "knowledge")
    draft = await _draft(uow, ids, now, limits)
    labels = {
        name: value for name, value in (("category", lesson.category), ("intent", lesson.intent)) if value is not None
    }
    source = {"escalation_id": lesson.escalation_id, "operator_id": lesson.operator_id}
    pair = StagedPair(
        id=ids.new(Prefix.PAIR),
        created_at=now,
        updated_at=now,
        draft_id=draft.id,
        file_id=None,
        job_id=None,
        position=await uow[STAGED_PAIRS].count(where(draft_id=draft.id)),
        question=lesson.question,
        answer=lesson.answer,
        language=lesson.language,
        metadata=relabelled(PairMetadata(source=source), labels),
    )
    draft.touch(now)
    await uow[DRAFTS].save(draft)
    await uow[STAGED_PAIRS].save(pair)
    return pair


async def _draft(uow: UnitOfWork, ids: Ids, now: datetime, limits: Limits) -> Draft:
    """The standing draft of such answers, or a new one when that is committed or full."""
    for draft in await uow[DRAFTS].list(where(status=DraftStatus.OPEN), sort="-created_at"):
        held = await uow[STAGED_PAIRS].count(where(draft_id=draft.id))
        if draft.metadata.get("origin") == ORIGIN and draft.expires_at > now and held < limits.max_pairs_per_draft:
            return draft
    return new_draft(ids, now, {"origin": ORIGIN, "title": TITLE})
