"""Labels by classification, and by hand."""

from typing import Annotated, Any

from litestar import Controller, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.ports.classification import Label as Found
from application.use_cases.classification import LIKELY, NONE, ClassifyDocument, LabelChunks, LabelDocument, PairLabels
from domain.errors import Conflict, NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.routes.wire import UNCATEGORIZED, UNKNOWN_INTENT, Id, Label, Score, Tags
from entrypoints.http.security import Caller

NoneAbove = Annotated[
    float, Meta(ge=0, le=1, description="From which probability of fitting no label on the answer is `none`.")
]


class CandidateOut(Struct, kw_only=True):
    name: str
    confidence: Score


class ClassificationOut(Struct, kw_only=True):
    chunk_id: str
    intent: str
    """`none` where none of the intents fits."""
    category: str
    confidence: Score
    """Of the intent, or of there being none."""
    category_confidence: Score
    none_confidence: Score
    """How probable it is that no intent fits, whatever the answer is."""
    candidates: list[CandidateOut]
    """The most fitting intents, best first; also where the answer is none."""

    @staticmethod
    def of(pair: PairLabels) -> "ClassificationOut":
        intent, category = pair.labels.intent, pair.labels.category
        return ClassificationOut(
            chunk_id=pair.chunk_id,
            intent=intent.name or NONE,
            category=category.name or NONE,
            confidence=intent.confidence,
            category_confidence=category.confidence,
            none_confidence=intent.none,
            candidates=_candidates(intent),
        )


def _candidates(found: Found) -> list[CandidateOut]:
    return [CandidateOut(name=name, confidence=confidence) for name, confidence in found.candidates]


class ClassifiedOut(Struct, kw_only=True):
    document_id: str
    classifications: list[ClassificationOut]
    processing_time_ms: int


class LabelsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; null clears a label."""

    intent: Label | UnsetType | None = UNSET
    category: Label | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET

    def labels(self) -> dict[str, Any]:
        return _given(self, ("intent", "category", "tags"))


class DocumentLabelsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    document_id: Id
    metadata: LabelsIn


class DocumentLabelled(Struct, kw_only=True):
    document_id: str
    updated: int
    """Pairs."""


class ChunkLabelsIn(LabelsIn, kw_only=True, forbid_unknown_fields=True):
    chunk_id: Id
    requires_handoff: bool | UnsetType = UNSET

    def update(self) -> tuple[str, dict[str, Any]]:
        return self.chunk_id, _given(self, ("intent", "category", "tags", "requires_handoff"))


class ChunksLabelsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    updates: Annotated[list[ChunkLabelsIn], Meta(min_length=1, max_length=5000)]


class ChunksLabelled(Struct, kw_only=True):
    updated: int


def _given(labels: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(labels, name) for name in names}
    return {name: _core(value) for name, value in values.items() if value is not UNSET}


def _core(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return None if value in (UNCATEGORIZED, UNKNOWN_INTENT, NONE) else value


class AnalysisController(Controller):
    path = "/api/v1/analysis"
    tags = ("analysis",)

    @post(
        "/classify/{document_id:str}", status_code=200, operation_id="classifyDocument", opt=rules(raises=(NotFound,))
    )
    async def classify(
        self,
        document_id: FromPath[Id],
        caller: Caller,
        classify_document: NamedDependency[ClassifyDocument],
        none_above: FromQuery[NoneAbove] = LIKELY,
    ) -> Envelope[ClassifiedOut]:
        """Say which intent and category each pair of a document or draft is of; nothing is changed."""
        done = await classify_document(caller, document_id, none_above)
        out = ClassifiedOut(
            document_id=document_id,
            classifications=[ClassificationOut.of(pair) for pair in done.pairs],
            processing_time_ms=done.processing_time_ms,
        )
        return ok(out, links={"label": "/api/v1/analysis/chunks/metadata", "intents": "/api/v1/intents"})

    @post("/metadata", status_code=200, operation_id="labelDocument", opt=rules(raises=(NotFound, Conflict)))
    async def label_document(
        self, data: JSONBody[DocumentLabelsIn], caller: Caller, label_document: NamedDependency[LabelDocument]
    ) -> Envelope[DocumentLabelled]:
        """Label a document, or a draft, and all its pairs."""
        updated = await label_document(caller, data.document_id, data.metadata.labels())
        return ok(DocumentLabelled(document_id=data.document_id, updated=updated))

    @patch("/chunks/metadata", operation_id="labelChunks", opt=rules(raises=(NotFound, Conflict)))
    async def label_chunks(
        self, data: JSONBody[ChunksLabelsIn], caller: Caller, label_chunks: NamedDependency[LabelChunks]
    ) -> Envelope[ChunksLabelled]:
        """Label single pairs, staged or live, all or none."""
        return ok(ChunksLabelled(updated=await label_chunks(caller, [each.update() for each in data.updates])))
