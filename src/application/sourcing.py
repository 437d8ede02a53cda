"""Naming the pairs that an answer rests on."""

from collections.abc import Mapping

from application.ports.storage import DOCUMENTS, Store
from application.retrieval import Retrieved
from domain.qa_pairs import QAPair
from domain.queries import Source
from domain.ranking import shown
from domain.settings import Retrieval

EXCERPT = 300


async def sources_of(store: Store, tenant_id: str, found: Retrieved, settings: Retrieval) -> tuple[Source, ...]:
    """The best candidate, and of the others up to `top_k` those that are about the same subject."""
    best = found.ranked[: settings.top_k]
    kept = [
        (r, score)
        for n, (r, score) in enumerate(zip(best, shown(best), strict=True))
        if n == 0 or r.similarity >= settings.similarity_threshold
    ]
    async with store.begin(tenant_id) as uow:
        documents = await uow[DOCUMENTS].get_many(list({found.pairs[r.id].document_id for r, _ in kept}))
    titles = {document.id: document.title for document in documents}
    return tuple(_source(score, found.pairs[r.id], titles) for r, score in kept)


def _source(score: float, pair: QAPair, titles: Mapping[str, str]) -> Source:
    text = pair.answer
    return Source(
        document_id=pair.document_id,
        qa_id=pair.id,
        title=titles.get(pair.document_id, pair.question),
        question=pair.question,
        excerpt=text if len(text) <= EXCERPT else f"{text[:EXCERPT].rsplit(' ', 1)[0]}…",
        relevance_score=score,
        category=pair.metadata.category,
        intent=pair.metadata.intent,
        url=pair.metadata.url,
        language=pair.language,
    )
