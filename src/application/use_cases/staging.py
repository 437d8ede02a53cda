"""The staging area as the knowledge base's editors use it: drafts, chunks, commit or discard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.committing import Committer
from application.indexing import Indexer
from application.ports.extraction import Extractor
from application.ports.models import LanguageDetector
from application.ports.storage import DRAFTS, STAGED_PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.staging import Stager
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.ingestion import IncomingFile, extraction_limits, staged_file, upload_defaults
from domain.access import Caller
from domain.errors import InvalidFormat, InvalidInput, NotFound, PayloadTooLarge, Problem
from domain.ids import Prefix
from domain.paging import Page, PageRequest, where
from domain.qa_pairs import PairMetadata, relabelled
from domain.settings import Limits
from domain.staging import DRAFT_LIFE, Draft, DraftStatus, ReviewStatus, StagedPair, StoredFile
from domain.uploads import checked_metadata


@dataclass(frozen=True, slots=True)
class StagedUpload:
    file_id: str
    draft_id: str
    pairs: tuple[StagedPair, ...]
    warnings: tuple[str, ...]


def new_draft(ids: Ids, now: datetime, metadata: Mapping[str, Any] | None = None) -> Draft:
    return Draft(
        id=ids.new(Prefix.DRAFT),
        created_at=now,
        updated_at=now,
        expires_at=now + DRAFT_LIFE,
        metadata=metadata or {},
    )


class StageFile:
    """Reads one file into a draft of its own, for review."""

    def __init__(
        self, store: Store, extractor: Extractor, stager: Stager, views: TenantViews, clock: Clock, ids: Ids
    ) -> None:
        self._store, self._extractor, self._stager, self._views = store, extractor, stager, views
        self._clock, self._ids = clock, ids

    async def __call__(
        self, caller: Caller, file: IncomingFile, metadata: Mapping[str, Any] | None = None
    ) -> StagedUpload:
        """Raises `InvalidFormat` or `PayloadTooLarge` with the reason why the file was refused, `InvalidInput`
        naming what of the metadata cannot be meant."""
        said = checked_metadata(metadata or {})
        settings = (await self._views.of(caller.tenant_id)).settings
        limits = extraction_limits(settings.limits)
        extraction = await self._extractor.extract(file.name, file.content, limits)
        if extraction.error:
            kind = PayloadTooLarge if extraction.error_code == "TOO_LARGE" else InvalidFormat
            raise kind(extraction.error, field="file", details={"reason": extraction.error_code})
        now = self._clock.now()
        draft = new_draft(self._ids, now, said)
        stored = StoredFile(
            id=self._ids.new(Prefix.FILE), created_at=now, updated_at=now, name=file.name, content=file.content
        )
        defaults = upload_defaults(draft.metadata, auto_classify=True)
        staged = await self._stager(caller.tenant_id, settings, draft, stored.id, extraction, defaults)
        draft.files = (staged_file(stored, extraction, staged),)
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[DRAFTS].save(draft)
            await uow[STAGED_PAIRS].save_all(staged.pairs)
            await uow.commit()
        return StagedUpload(stored.id, draft.id, staged.pairs, staged.warnings)


@dataclass(frozen=True, slots=True)
class NewPair:
    question: str
    answer: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


class AddChunks:
    """Adds pairs by hand, to a draft or to a new one. They wait for a commit, not for a review."""

    def __init__(self, store: Store, languages: LanguageDetector, views: TenantViews, clock: Clock, ids: Ids) -> None:
        self._store, self._languages, self._views = store, languages, views
        self._clock, self._ids = clock, ids

    async def __call__(
        self, caller: Caller, draft_id: str | None, pairs: Sequence[NewPair]
    ) -> tuple[Draft, list[StagedPair], int]:
        """The draft, what was added, and how many pairs it has now."""
        limits = (await self._views.of(caller.tenant_id)).settings.limits
        check_texts([(p.question, p.answer) for p in pairs], limits, "chunks")

        async def add(uow: UnitOfWork) -> tuple[Draft, list[StagedPair], int]:
            now = self._clock.now()
            draft = await uow[DRAFTS].get(draft_id) if draft_id else new_draft(self._ids, now)
            draft.require_open()
            held = await uow[STAGED_PAIRS].count(where(draft_id=draft.id))
            if held + len(pairs) > limits.max_pairs_per_draft:
                raise InvalidInput(
                    f"A draft holds at most {limits.max_pairs_per_draft} pairs; this one has {held}.",
                    field="chunks",
                    details={"max_items": limits.max_pairs_per_draft, "provided_items": held + len(pairs)},
                )
            added = [self._staged(draft, pair, held + n, now) for n, pair in enumerate(pairs)]
            draft.touch(now)
            await uow[DRAFTS].save(draft)
            await uow[STAGED_PAIRS].save_all(added)
            return draft, added, held + len(added)

        return await committed(self._store, caller.tenant_id, add)

    def _staged(self, draft: Draft, pair: NewPair, position: int, now: datetime) -> StagedPair:
        language = str(pair.metadata.get("language") or self._languages.detect(pair.question).language)
        labels = {key: value for key, value in pair.metadata.items() if key != "language"}
        return StagedPair(
            id=self._ids.new(Prefix.PAIR),
            created_at=now,
            updated_at=now,
            draft_id=draft.id,
            file_id=None,
            job_id=draft.job_id,
            position=position,
            question=pair.question.strip(),
            answer=pair.answer.strip(),
            language=language,
            metadata=relabelled(PairMetadata(), labels),
        )


@dataclass(frozen=True, slots=True)
class ChunkUpdate:
    chunk_id: str
    question: str | None = None
    answer: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class EditChunks:
    """Changes staged pairs of one draft, all or none."""

    def __init__(self, store: Store, views: TenantViews, clock: Clock) -> None:
        self._store, self._views, self._clock = store, views, clock

    async def __call__(self, caller: Caller, draft_id: str, updates: Sequence[ChunkUpdate]) -> int:
        limits = (await self._views.of(caller.tenant_id)).settings.limits

        async def edit(uow: UnitOfWork) -> int:
            draft = await uow[DRAFTS].get(draft_id)
            draft.require_open()
            pairs = await _of_draft(uow, draft_id, [update.chunk_id for update in updates])
            for update in updates:
                self._apply(pairs[update.chunk_id], update)
            check_texts([(pairs[u.chunk_id].question, pairs[u.chunk_id].answer) for u in updates], limits, "updates")
            draft.touch(self._clock.now())
            await uow[DRAFTS].save(draft)
            await uow[STAGED_PAIRS].save_all(list(pairs.values()))
            return len(updates)

        return await committed(self._store, caller.tenant_id, edit)

    def _apply(self, pair: StagedPair, update: ChunkUpdate) -> None:
        if update.question is not None:
            pair.question, pair.auto_generated = update.question.strip(), False
        pair.answer = pair.answer if update.answer is None else update.answer.strip()
        pair.metadata = relabelled(pair.metadata, update.metadata)
        pair.updated_at = self._clock.now()


async def _of_draft(uow: UnitOfWork, draft_id: str, ids: Sequence[str]) -> dict[str, StagedPair]:
    found = {pair.id: pair for pair in await uow[STAGED_PAIRS].get_many(ids) if pair.draft_id == draft_id}
    problems = [
        Problem(f"There is no chunk {key!r} in this draft.", f"updates.{n}.chunk_id")
        for n, key in enumerate(ids)
        if key not in found
    ]
    if problems:
        raise NotFound(problems=problems)
    return found


class RemoveStaged:
    """Takes a pair, or everything that came from a file, out of the staging area."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def chunk(self, caller: Caller, chunk_id: str) -> StagedPair:
        async with self._store.begin(caller.tenant_id) as uow:
            pair = await uow[STAGED_PAIRS].get(chunk_id)
            await uow[STAGED_PAIRS].remove(chunk_id)
            await uow.commit()
        return pair

    async def file(self, caller: Caller, file_id: str) -> int:
        """How many pairs went. Raises `NotFound` for a file that no open draft has."""
        async with self._store.begin(caller.tenant_id) as uow:
            drafts = [d for d in await uow[DRAFTS].list(where(status=DraftStatus.OPEN)) if d.file(file_id)]
            if not drafts:
                raise NotFound(f"There is no staged file {file_id!r}.")
            removed = await uow[STAGED_PAIRS].remove_where(where(file_id=file_id))
            for draft in drafts:
                draft.files = tuple(f for f in draft.files if f.file_id != file_id)
                await uow[DRAFTS].save(draft)
            await uow.commit()
        return removed


@dataclass(frozen=True, slots=True)
class CommitResult:
    draft_id: str
    status: str
    """committed, discarded, or dry_run."""
    document_ids: tuple[str, ...]
    pairs_committed: int
    reindexed: bool = True


class CommitDraft:
    """Moves a draft's pairs into production, or throws them away. Exactly once: asked again, it answers
    what it did the first time."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def __call__(
        self, caller: Caller, draft_id: str, action: str = "commit", *, dry_run: bool = False
    ) -> CommitResult:
        """Raises `Conflict` for a draft that was ended the other way."""

        async def end(uow: UnitOfWork) -> CommitResult:
            draft = await uow[DRAFTS].get(draft_id)
            wanted = DraftStatus.COMMITTED if action == "commit" else DraftStatus.DISCARDED
            if draft.status is wanted:
                return CommitResult(draft.id, wanted, draft.document_ids, draft.pairs_committed)
            draft.require_open()
            pairs = await uow[STAGED_PAIRS].list(where(draft_id=draft_id), sort="position")
            if dry_run:
                keepable = [pair for pair in pairs if pair.review is not ReviewStatus.REJECTED]
                return CommitResult(draft.id, "dry_run", (), len(keepable) if action == "commit" else 0)
            return await self._end(uow, draft, pairs, wanted)

        result = await committed(self._store, caller.tenant_id, end)
        indexed = await self._indexer.catch_up(caller.tenant_id)
        return CommitResult(result.draft_id, result.status, result.document_ids, result.pairs_committed, indexed)

    async def _end(
        self, uow: UnitOfWork, draft: Draft, pairs: Sequence[StagedPair], wanted: DraftStatus
    ) -> CommitResult:
        kept = [pair for pair in pairs if pair.review is not ReviewStatus.REJECTED]
        if wanted is DraftStatus.COMMITTED and kept:
            await self._committer(uow, draft, kept)
        await uow[STAGED_PAIRS].remove_where(where(draft_id=draft.id))
        draft.close(self._clock.now(), wanted)
        await uow[DRAFTS].save(draft)
        return CommitResult(draft.id, wanted, draft.document_ids, draft.pairs_committed)


class BrowseDrafts:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def page(self, caller: Caller, request: PageRequest, status: str | None = None) -> Page[Draft]:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[DRAFTS].page(where(status=status), request)

    async def one(self, caller: Caller, draft_id: str) -> tuple[Draft, list[StagedPair]]:
        """Looking at a draft renews its life."""

        async def look(uow: UnitOfWork) -> tuple[Draft, list[StagedPair]]:
            draft = await uow[DRAFTS].get(draft_id)
            if draft.status is DraftStatus.OPEN:
                draft.touch(self._clock.now())
                await uow[DRAFTS].save(draft)
            return draft, await uow[STAGED_PAIRS].list(where(draft_id=draft_id), sort="position")

        return await committed(self._store, caller.tenant_id, look)


class ExpireDrafts:
    """Throws away open drafts that nobody touched for their whole life."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, tenant_id: str) -> int:
        now = self._clock.now()
        async with self._store.begin(tenant_id) as uow:
            stale = await uow[DRAFTS].list(where(status=DraftStatus.OPEN, expires_at__lt=now))
            for draft in stale:
                await uow[STAGED_PAIRS].remove_where(where(draft_id=draft.id))
                draft.close(now, DraftStatus.DISCARDED)
                await uow[DRAFTS].save(draft)
            await uow.commit()
        return len(stale)


def check_texts(pairs: Sequence[tuple[str, str]], limits: Limits, path: str) -> None:
    """Raises `InvalidInput` naming every question and answer that is empty or too long; with an empty path the
    pair is the body itself."""
    problems = []
    for n, texts in enumerate(pairs):
        bounds = (limits.max_question_length, limits.max_answer_length)
        for name, text, bound in zip(("question", "answer"), texts, bounds, strict=True):
            size = len(text.strip())
            if not 0 < size <= bound:
                rule = f"must have 1 to {bound} characters"
                details = {"min_length": 1, "max_length": bound, "provided_length": size}
                where_ = f"{path}.{n}.{name}" if path else name
                problems.append(Problem(f"The {name} {rule}.", where_, details=details))
    if problems:
        raise InvalidInput(problems=problems)
