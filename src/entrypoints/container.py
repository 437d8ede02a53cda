"""THE composition root: which adapter keeps which promise, and what each use-case gets.

Adapters are imported where they are built, so that a process does not load what it does not use.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from dependency_injector import containers, providers

from application.answer_memory import AnswerMemory
from application.classification import ExampleClassifier
from application.committing import Committer
from application.generation import Writer
from application.indexing import Indexer
from application.pipeline import AnswerPipeline
from application.retrieval import Retriever
from application.staging import Stager
from application.tenants import TenantViews
from application.use_cases import (
    arrivals,
    documents,
    health,
    ingestion,
    jobs,
    pairs,
    queries,
    reviewing,
    searching,
    staging,
)
from application.use_cases.admission import RecogniseToken
from application.use_cases.answering import AskQuestion
from application.use_cases.batches import AnswerBatch, SubmitBatch
from domain import confidence, ranking_profiles
from domain.jobs import JobType
from domain.settings import Generation, Retrieval, TenantSettings
from entrypoints.conversation_container import ConversationContainer
from entrypoints.settings import Settings
from entrypoints.webhook_container import WebhookContainer

USER_AGENT = "SupportRAG/1.0.0"


def _clock() -> Any:
    from adapters.system.live import SystemClock

    return SystemClock()


def _ids() -> Any:
    from adapters.system.live import RandomIds

    return RandomIds()


def _memory_store(clock: Any, ids: Any) -> Any:
    from adapters.storage.memory import MemoryStore

    return MemoryStore(clock, ids)


def _postgres_store(settings: Settings, clock: Any, ids: Any) -> Any:
    from adapters.storage.postgres import PostgresStore

    return PostgresStore(settings.database_url, clock, ids)


def _bundled(settings: Settings) -> Any:
    from adapters.models.bundled import BundledEmbedder

    return BundledEmbedder(settings.embedding_threads)


def _sentence_transformers(settings: Settings) -> Any:
    from adapters.models.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.embedder.partition(":")[2])


def _openai_embedder(settings: Settings) -> Any:
    from adapters.models.openai import OpenAIEmbedder

    return OpenAIEmbedder(settings.embedder.partition(":")[2], settings.llm_base_url, _secret(settings.llm_api_key))


def _openai_model(settings: Settings) -> Any:
    from adapters.models.openai import OpenAILanguageModel

    return OpenAILanguageModel(settings.llm.partition(":")[2], settings.llm_base_url, _secret(settings.llm_api_key))


def _built_in_reranker() -> Any:
    from adapters.models.rerankers import FeatureReranker

    return FeatureReranker()


def _cross_encoder(settings: Settings) -> Any:
    from adapters.models.sentence_transformers import CrossEncoderReranker

    return CrossEncoderReranker(settings.reranker.partition(":")[2])


def _languages() -> Any:
    from adapters.models.language import FastLanguageDetector

    return FastLanguageDetector()


def _detectors() -> Any:
    from adapters.guardrails.builtin import BuiltinDetectors

    return BuiltinDetectors()


def _faiss(settings: Settings) -> Any:
    from adapters.vectors.faiss import FaissVectorIndex

    return FaissVectorIndex(directory=settings.data_dir / "vectors" if settings.data_dir else None)


def _qdrant(settings: Settings) -> Any:
    from adapters.vectors.qdrant import QdrantVectorIndex

    return QdrantVectorIndex(_qdrant_client(settings))


def _memory_lexical() -> Any:
    from adapters.lexical.memory import MemoryLexicalIndex

    return MemoryLexicalIndex()


def _qdrant_lexical(settings: Settings) -> Any:
    from adapters.lexical.qdrant import QdrantLexicalIndex

    return QdrantLexicalIndex(_qdrant_client(settings))


def _qdrant_client(settings: Settings) -> Any:
    from qdrant_client import AsyncQdrantClient

    parts = urlsplit(settings.vector_url)
    if parts.scheme == "qdrant":
        path = parts.query.removeprefix("path=")
        return AsyncQdrantClient(path=path) if path else AsyncQdrantClient(location=":memory:")
    url = settings.vector_url.removeprefix("qdrant+")
    return AsyncQdrantClient(url=url, api_key=_secret(settings.qdrant_api_key), timeout=5)


def _memory_deliveries(store: Any) -> Any:
    from adapters.delivery.memory import MemoryDeliveries

    return MemoryDeliveries(store.outbox, store.publish)


def _postgres_deliveries(store: Any) -> Any:
    from adapters.delivery.postgres import PostgresDeliveries
    from adapters.storage.postgres.outbox import recorded_event

    return PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)


def _sender(guard: Any) -> Any:
    from adapters.delivery.http import HttpSender

    return HttpSender(guard, USER_AGENT)


def _fetcher(guard: Any) -> Any:
    from adapters.outbound.fetching import GuardedFetcher

    return GuardedFetcher(guard, USER_AGENT)


def _guard(settings: Settings) -> Any:
    from adapters.outbound.guard import AddressGuard

    return AddressGuard(allow=settings.outbound_allow)


def _cipher(settings: Settings) -> Any:
    from adapters.secrets.aesgcm import AesGcmCipher

    return AesGcmCipher(_secret(settings.master_key) or secrets.token_urlsafe(32))


def _extractor() -> Any:
    from adapters.extraction.subprocess import SubprocessExtractor

    return SubprocessExtractor(workers=2)


def _answer_cache(clock: Any) -> Any:
    from adapters.ephemeral.memory import MemoryAnswerCache

    return MemoryAnswerCache(clock)


def _signal() -> Any:
    from adapters.queue.memory import LocalSignal

    return LocalSignal()


def _secret(value: Any) -> str | None:
    return value.get_secret_value() if value is not None else None


def _profile(settings: Settings) -> ranking_profiles.RankingProfile:
    bundled = settings.embedder_kind == "bundled"
    return ranking_profiles.BUILT_IN if bundled else ranking_profiles.SINGLE_SPACE


def _calibration(settings: Settings) -> confidence.Calibration:
    return confidence.BUILT_IN if settings.embedder_kind == "bundled" else confidence.SINGLE_SPACE


def tenant_defaults(settings: Settings) -> TenantSettings:
    """The deployment's own values under every tenant's configuration."""
    model = "all-MiniLM-L6-v2" if settings.embedder_kind == "bundled" else settings.embedder.partition(":")[2]
    llm = "extractive" if settings.llm_kind == "extractive" else settings.llm.partition(":")[2]
    return TenantSettings(
        retrieval=Retrieval(vector_db=settings.vectors, embedding_model=model),
        generation=Generation(llm_model=llm),
    )


def _recognise_token(settings: Settings) -> RecogniseToken:
    return RecogniseToken(_secret(settings.bootstrap_api_key))


def _handlers(**by_type: jobs.JobHandler) -> dict[JobType, jobs.JobHandler]:
    return {JobType[name.upper()]: handler for name, handler in by_type.items()}


def _health_parts(settings: Settings, store: Any, vectors: Any, cache: Any, llm: Any) -> dict[str, health.Part]:
    def when(used: bool, probe: Callable[[], Any]) -> Callable[[], Any] | None:
        return probe if used else None

    return {
        "postgres": health.Part("postgres", when(settings.database == "postgres", store.ping), "memory", vital=True),
        "qdrant": health.Part("qdrant", when(settings.vectors == "qdrant", vectors.ping), "faiss"),
        "redis": health.Part("redis", when(settings.redis == "redis", cache.ping), "memory"),
        "openai": health.Part("openai", when(llm is not None, llm.ping if llm else cache.ping), "extractive"),
        "langfuse": health.Part("langfuse", None, "stored traces"),
    }


class Container(containers.DeclarativeContainer):
    settings = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(_clock)
    ids = providers.Singleton(_ids)
    store = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(_memory_store, clock, ids),
        postgres=providers.Singleton(_postgres_store, settings, clock, ids),
    )
    embedder = providers.Selector(
        settings.provided.embedder_kind,
        **{
            "bundled": providers.Singleton(_bundled, settings),
            "sentence-transformers": providers.Singleton(_sentence_transformers, settings),
            "openai": providers.Singleton(_openai_embedder, settings),
        },
    )
    llm = providers.Selector(
        settings.provided.llm_kind,
        extractive=providers.Object(None),
        openai=providers.Singleton(_openai_model, settings),
    )
    reranker = providers.Selector(
        settings.provided.reranker_kind,
        **{
            "built-in": providers.Singleton(_built_in_reranker),
            "none": providers.Object(None),
            "cross-encoder": providers.Singleton(_cross_encoder, settings),
        },
    )
    vectors = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(_faiss, settings),
        qdrant=providers.Singleton(_qdrant, settings),
    )
    lexical = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(_memory_lexical),
        qdrant=providers.Singleton(_qdrant_lexical, settings),
    )
    languages = providers.Singleton(_languages)
    detectors = providers.Singleton(_detectors)
    extractor = providers.Singleton(_extractor)
    cache = providers.Singleton(_answer_cache, clock)
    signal = providers.Singleton(_signal)

    profile = providers.Singleton(_profile, settings)
    calibration = providers.Singleton(_calibration, settings)
    defaults = providers.Singleton(tenant_defaults, settings)
    views = providers.Singleton(TenantViews, store, defaults)
    classifier = providers.Singleton(ExampleClassifier, store, embedder, profile)
    indexer = providers.Singleton(Indexer, store, embedder, vectors, lexical, profile, clock, ids)
    retriever = providers.Singleton(Retriever, store, embedder, vectors, lexical, profile)
    memory = providers.Singleton(AnswerMemory, cache, embedder, profile)
    writer = providers.Singleton(Writer, llm)
    pipeline = providers.Singleton(
        AnswerPipeline, store, retriever, memory, writer, reranker, llm, detectors, languages, calibration
    )
    stager = providers.Singleton(Stager, store, languages, classifier, lexical, clock, ids)
    committer = providers.Singleton(Committer, indexer, clock, ids)

    deliveries = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(_memory_deliveries, store),
        postgres=providers.Singleton(_postgres_deliveries, store),
    )
    guard = providers.Singleton(_guard, settings)
    sender = providers.Singleton(_sender, guard)
    fetcher = providers.Singleton(_fetcher, guard)
    cipher = providers.Singleton(_cipher, settings)
    webhooks = providers.Container(
        WebhookContainer,
        store=store,
        queue=deliveries,
        sender=sender,
        cipher=cipher,
        guard=guard,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    recognise_token = providers.Singleton(_recognise_token, settings)
    ask = providers.Singleton(AskQuestion, store, pipeline, views, clock, ids)
    submit_batch = providers.Singleton(SubmitBatch, store, webhooks.register_webhook, signal, clock, ids)
    browse_queries = providers.Singleton(queries.BrowseQueries, store)
    give_feedback = providers.Singleton(queries.GiveFeedback, store, clock, ids)
    search = providers.Singleton(searching.SearchKnowledge, store, retriever, views, languages)
    search_further = providers.Singleton(searching.SearchFurther, store, search, languages)
    browse_jobs = providers.Singleton(jobs.BrowseJobs, store, clock)
    cancel_job = providers.Singleton(jobs.CancelJob, store, clock)
    accept_upload = providers.Singleton(ingestion.AcceptUpload, store, webhooks.register_webhook, signal, clock, ids)
    browse_review = providers.Singleton(reviewing.BrowseReview, store)
    review_pairs = providers.Singleton(reviewing.ReviewPairs, store, committer, indexer, signal, clock, ids)
    split_pair = providers.Singleton(reviewing.SplitPair, store, committer, indexer, clock, ids)
    browse_documents = providers.Singleton(documents.BrowseDocuments, store)
    archive_document = providers.Singleton(documents.ArchiveDocument, store, indexer, clock)
    restore_document = providers.Singleton(documents.RestoreDocument, store, indexer, clock)
    edit_document = providers.Singleton(documents.EditDocument, store, archive_document, restore_document, clock)
    browse_versions = providers.Singleton(documents.BrowseVersions, store)
    restore_version = providers.Singleton(documents.RestoreVersion, store, committer, indexer, clock)
    browse_pairs = providers.Singleton(pairs.BrowsePairs, store)
    edit_pair = providers.Singleton(pairs.EditPair, store, committer, indexer, languages, views, clock)
    add_pair = providers.Singleton(pairs.AddPair, store, committer, indexer, languages, views, clock, ids)
    move_pair = providers.Singleton(pairs.MovePair, store, committer, indexer, clock)
    stage_file = providers.Singleton(staging.StageFile, store, extractor, stager, views, clock, ids)
    add_chunks = providers.Singleton(staging.AddChunks, store, languages, views, clock, ids)
    edit_chunks = providers.Singleton(staging.EditChunks, store, views, clock)
    remove_staged = providers.Singleton(staging.RemoveStaged, store)
    commit_draft = providers.Singleton(staging.CommitDraft, store, committer, indexer, clock)
    browse_drafts = providers.Singleton(staging.BrowseDrafts, store, clock)
    expire_drafts = providers.Singleton(staging.ExpireDrafts, store, clock)

    conversations = providers.Container(
        ConversationContainer,
        store=store,
        ask=ask,
        views=views,
        languages=languages,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    process_upload = providers.Singleton(
        ingestion.ProcessUpload, store, extractor, stager, committer, indexer, views, clock
    )
    handlers = providers.Singleton(
        _handlers,
        document_upload=process_upload,
        incoming_message=providers.Singleton(arrivals.AnswerMessage, store, ask, clock),
        document_fetch=providers.Singleton(arrivals.FetchDocument, store, fetcher, process_upload, clock, ids),
        ingestion=providers.Singleton(reviewing.FinishIngestion, indexer, clock),
        batch=providers.Singleton(AnswerBatch, store, ask, clock),
    )
    runner = providers.Singleton(jobs.JobRunner, store, store, handlers, signal, clock, ids)
    check_health = providers.Singleton(
        health.CheckHealth, providers.Singleton(_health_parts, settings, store, vectors, cache, llm), clock
    )


def build(settings: Settings) -> Container:
    """The wired system; nothing is opened yet."""
    return Container(settings=settings)


class System:
    """The running parts of one process: opened in order, closed in the opposite one."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self._running: list[asyncio.Task[Any]] = []

    async def open(self) -> None:
        parts = self.container
        await parts.store().open()
        await parts.embedder().open()
        await parts.vectors().open(parts.embedder().spaces)
        await parts.lexical().open()
        await self._refill()

    async def _refill(self) -> None:
        """Indexes of this process are filled from the store, which is the truth."""
        store, indexer = self.container.store(), self.container.indexer()
        for tenant_id in await store.tenants():
            if await self.container.lexical().count(tenant_id) == 0:
                await indexer.rebuild(tenant_id)
            await indexer.catch_up(tenant_id)

    def start_working(self) -> None:
        """Runs jobs and deliveries inside this process."""
        runner, deliveries = self.container.runner(), self.container.webhooks.service()
        loops = (runner.run_forever(), runner.run_forever(), deliveries.run_forever())
        self._running = [asyncio.create_task(loop) for loop in loops]

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        parts = self.container
        closing = (parts.extractor, parts.sender, parts.fetcher, parts.cache, parts.lexical, parts.vectors)
        for part in (*closing, parts.embedder, parts.store):
            await part().close()
        for optional in (parts.llm(), parts.reranker()):
            if optional is not None:
                await optional.close()
