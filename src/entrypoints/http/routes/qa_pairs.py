"""Single pairs in production."""

import time
from datetime import datetime
from typing import Annotated

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from application.use_cases.pairs import AddPair, BrowsePairs, EditPair, MovePair, PairChanged, PairMatch, PairSeen
from domain.errors import Conflict, InvalidInput, NotFound
from domain.qa_pairs import PairStatistics
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, created, ok
from entrypoints.http.routes.search import searched
from entrypoints.http.routes.wire import AnswerText, Id, PairMetadataIn, PairMetadataOut, QuestionText, changes_of
from entrypoints.http.security import Caller

FIELDS = ("question", "answer")


class StatisticsOut(Struct, kw_only=True):
    times_retrieved: int
    avg_user_rating: float | None
    helpful_count: int
    unhelpful_count: int

    @staticmethod
    def of(counted: PairStatistics) -> "StatisticsOut":
        return StatisticsOut(
            times_retrieved=counted.times_retrieved,
            avg_user_rating=counted.avg_user_rating,
            helpful_count=counted.helpful_count,
            unhelpful_count=counted.unhelpful_count,
        )


class PairOut(Struct, kw_only=True):
    qa_id: str
    question: str
    answer: str
    document_id: str
    language: str
    status: str
    auto_generated: bool
    metadata: PairMetadataOut
    statistics: StatisticsOut
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None

    @staticmethod
    def of(seen: PairSeen) -> "PairOut":
        pair = seen.pair
        return PairOut(
            qa_id=pair.id,
            question=pair.question,
            answer=pair.answer,
            document_id=pair.document_id,
            language=pair.language,
            status=pair.status,
            auto_generated=pair.auto_generated,
            metadata=PairMetadataOut.of(pair.metadata),
            statistics=StatisticsOut.of(seen.statistics),
            created_at=pair.created_at,
            updated_at=pair.updated_at,
            archived_at=pair.archived_at,
        )


class MatchOut(Struct, kw_only=True):
    qa_id: str
    document_id: str
    question: str
    answer: str
    matched_fields: list[str]
    relevance: float

    @staticmethod
    def of(match: PairMatch) -> "MatchOut":
        return MatchOut(
            qa_id=match.pair.id,
            document_id=match.pair.document_id,
            question=match.pair.question,
            answer=match.pair.answer,
            matched_fields=list(match.matched_fields),
            relevance=match.relevance,
        )


class MatchList(Struct, kw_only=True):
    query: str
    results: list[MatchOut]
    total: int
    search_time_ms: float


class PairIn(Struct, kw_only=True, forbid_unknown_fields=True):
    document_id: Id
    question: QuestionText
    answer: AnswerText
    language: Annotated[str, Meta(min_length=2, max_length=8)] | None = None
    metadata: PairMetadataIn | None = None


class PairEdit(Struct, kw_only=True, forbid_unknown_fields=True):
    question: QuestionText | None = None
    answer: AnswerText | None = None
    metadata: PairMetadataIn | None = None


class PairChangedOut(Struct, kw_only=True):
    qa_id: str
    document_id: str
    status: str
    updated_at: datetime
    reindexed: bool
    archived_at: datetime | None

    @staticmethod
    def of(changed: PairChanged) -> "PairChangedOut":
        pair = changed.pair
        return PairChangedOut(
            qa_id=pair.id,
            document_id=pair.document_id,
            status=pair.status,
            updated_at=pair.updated_at,
            reindexed=changed.reindexed,
            archived_at=pair.archived_at,
        )


def pair_links(qa_id: str, document_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/qa-pairs/{qa_id}", "document": f"/api/v1/documents/{document_id}"}


def _known_fields(fields: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in fields.split(",") if name.strip()))
    if not names or not set(names) <= set(FIELDS):
        details = {"allowed": list(FIELDS), "provided_items": len(names)}
        raise InvalidInput(f"fields are {' and '.join(FIELDS)}, separated by commas.", field="fields", details=details)
    return names


class PairsController(Controller):
    path = "/api/v1/qa-pairs"
    tags = ("qa-pairs",)

    @post("/", status_code=201, operation_id="addPair", opt=rules(raises=(NotFound, Conflict)))
    async def add(
        self, data: JSONBody[PairIn], caller: Caller, add_pair: NamedDependency[AddPair]
    ) -> Envelope[PairChangedOut]:
        """Add a pair by hand to a document."""
        metadata = changes_of(data.metadata)
        changed = await add_pair(caller, data.document_id, data.question, data.answer, metadata, data.language)
        return created(PairChangedOut.of(changed), links=pair_links(changed.pair.id, data.document_id))

    @get("/search", operation_id="searchPairs")
    async def search(
        self,
        q: FromQuery[Annotated[str, Meta(min_length=1, max_length=500)]],
        caller: Caller,
        browse_pairs: NamedDependency[BrowsePairs],
        fields: FromQuery[Annotated[str, Meta(max_length=200)]] = "question,answer",
        limit: FromQuery[Annotated[int, Meta(ge=1, le=100)]] = 20,
    ) -> Envelope[MatchList]:
        """Full-text search over the pairs' own words."""
        begun = time.perf_counter()
        matches, total = await browse_pairs.search(caller, searched(q), _known_fields(fields), limit)
        took = round((time.perf_counter() - begun) * 1000, 2)
        results = [MatchOut.of(match) for match in matches]
        return ok(MatchList(query=q, results=results, total=total, search_time_ms=took))

    @get("/{qa_id:str}", operation_id="getPair", opt=rules(raises=(NotFound,)))
    async def one(
        self, qa_id: FromPath[Id], caller: Caller, browse_pairs: NamedDependency[BrowsePairs]
    ) -> Envelope[PairOut]:
        """A pair with its statistics."""
        seen = await browse_pairs.one(caller, qa_id)
        return ok(PairOut.of(seen), links=pair_links(qa_id, seen.pair.document_id))

    @put("/{qa_id:str}", operation_id="editPair", opt=rules(raises=(NotFound, Conflict)))
    async def edit(
        self, qa_id: FromPath[Id], data: JSONBody[PairEdit], caller: Caller, edit_pair: NamedDependency[EditPair]
    ) -> Envelope[PairChangedOut]:
        """Change a pair; what is absent stays as it is."""
        changed = await edit_pair(caller, qa_id, data.question, data.answer, changes_of(data.metadata))
        return ok(PairChangedOut.of(changed), links=pair_links(qa_id, changed.pair.document_id))

    @delete("/{qa_id:str}", status_code=200, operation_id="archivePair", opt=rules(raises=(NotFound, Conflict)))
    async def archive(
        self, qa_id: FromPath[Id], caller: Caller, move_pair: NamedDependency[MovePair]
    ) -> Envelope[PairChangedOut]:
        """Archive a pair; it is found no more and not lost."""
        changed = await move_pair.archive(caller, qa_id)
        return ok(PairChangedOut.of(changed), links={"restore": f"/api/v1/qa-pairs/{qa_id}/restore"})

    @post("/{qa_id:str}/restore", status_code=200, operation_id="restorePair", opt=rules(raises=(NotFound, Conflict)))
    async def restore(
        self, qa_id: FromPath[Id], caller: Caller, move_pair: NamedDependency[MovePair]
    ) -> Envelope[PairChangedOut]:
        """Bring an archived pair back."""
        changed = await move_pair.restore(caller, qa_id)
        return ok(PairChangedOut.of(changed), links=pair_links(qa_id, changed.pair.document_id))
