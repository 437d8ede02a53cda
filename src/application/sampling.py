"""What a judge gets to see: a recorded query, or a row of a dataset that the service answers now."""

from collections.abc import Sequence

from application.pipeline import AnswerPipeline
from application.ports.storage import PAIRS, Store
from application.run import Run
from application.tenants import TenantViews
from application.trace import StepTimer
from domain.evaluation import Context, DatasetRow, Sample
from domain.qa_pairs import PairStatus, QAPair
from domain.queries import QueryOptions, QueryRecord, Question, Source

FRESH = QueryOptions(use_cache=False)


class Sampler:
    def __init__(self, store: Store, pipeline: AnswerPipeline, views: TenantViews) -> None:
        self._store, self._pipeline, self._views = store, pipeline, views

    async def of_query(self, tenant_id: str, query: QueryRecord) -> Sample:
        """As it was answered. Its sources are the pairs as they are now, where they have not been edited since."""
        async with self._store.begin(tenant_id) as uow:
            found = {pair.id: pair for pair in await uow[PAIRS].get_many([source.qa_id for source in query.sources])}
        contexts = [_context(source, found.get(source.qa_id)) for source in query.sources]
        if query.answer and contexts and query.metadata.get("generation_mode") == "extractive":
            contexts[0] = Context(query.answer, contexts[0].question)
        best = found.get(query.sources[0].qa_id) if query.sources else None
        return Sample(
            id=query.id,
            question=query.standalone_question,
            answer=query.answer,
            contexts=tuple(contexts),
            approved=best.answer if best and best.status is PairStatus.ACTIVE else None,
            language=query.language,
            action=query.action,
        )

    async def of_row(self, tenant_id: str, row: DatasetRow) -> Sample:
        """What the row lacks is worked out by the pipeline, which records nothing and hands nothing over. Raises
        as the pipeline does."""
        given = tuple(Context(text) for text in row.contexts)
        if row.answer is not None and given:
            return Sample(row.id, row.question, row.answer, given, row.reference)
        view = await self._views.of(tenant_id)
        run = Run(tenant=view, question=Question(row.question, options=FRESH), timer=StepTimer())
        answer = await self._pipeline(run)
        pairs = [run.found.pairs[source.qa_id] for source in run.sources] if run.found else []
        return Sample(
            id=row.id,
            question=row.question,
            answer=answer.text if row.answer is None else row.answer,
            contexts=given or _contexts(pairs),
            reference=row.reference,
            approved=pairs[0].answer if pairs and answer.text is not None else None,
            language=run.language,
            action=answer.action if row.answer is None else None,
        )


def _contexts(pairs: Sequence[QAPair]) -> tuple[Context, ...]:
    return tuple(Context(pair.answer, pair.question) for pair in pairs)


def _context(source: Source, pair: QAPair | None) -> Context:
    """The whole text while it still begins with what was shown of it."""
    shown = source.excerpt.removesuffix("…")
    return Context(pair.answer if pair and pair.answer.startswith(shown) else source.excerpt, source.question)
