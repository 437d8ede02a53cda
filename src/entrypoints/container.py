"""THE composition root: which adapter keeps which promise, and what each use-case gets.

Adapters are imported where they are built, so that a process does not load what it does not use.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dependency_injector import containers, providers

from application import metrics
from application.answer_memory import AnswerMemory
from application.classification import ExampleClassifier
from application.committing import Committer
from application.embedding import PairVectors
from application.examples import ExampleVectorStore
from application.generation import Writer
from application.indexing import Indexer
from application.pipeline import AnswerPipeline
from application.ports import storage
from application.ports.telemetry import SILENCE
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
from application.use_cases import upkeep as keeping
from application.use_cases.answering import AskQuestion
from application.use_cases.batches import AnswerBatch, SubmitBatch
from application.use_cases.channels import Channels, ChannelSecrets
from application.use_cases.job_running import JobRunner
from application.use_cases.reindexing import Reindex, RequestReindex
from application.use_cases.upkeep import Chore, Upkeep, for_each_tenant
from application.use_cases.watching import WatchedHandler
from application.watching import QuestionWatch
from domain import confidence, ranking_profiles
from domain.access import DEFAULT_TENANT, PLATFORM_TENANT
from domain.guardrails import Direction, rules_for, screen
from domain.jobs import JobType
from domain.settings import Generation, Retrieval, TenantSettings
from entrypoints.access_container import AccessContainer
from entrypoints.conversation_container import ConversationContainer
from entrypoints.seeing_container import SeeingContainer
from entrypoints.settings import Settings
from entrypoints.steering_container import SteeringContainer
from entrypoints.webhook_container import WebhookContainer

VERSION = "1.0.0"
USER_AGENT = f"SupportRAG/{VERSION}"
LANGFUSE_CLOUD = "https://cloud.langfuse.com"


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


def _trainer() -> Any:
    from adapters.classification.trainer import ExampleTrainer

    return ExampleTrainer()


def _postgres_archive(store: Any) -> Any:
    from adapters.storage.postgres.vector_archive import PostgresVectorArchive

    return PostgresVectorArchive(store)


def _faiss(settings: Settings) -> Any:
    from adapters.vectors.faiss import FaissVectorIndex

    return FaissVectorIndex(directory=settings.data_dir / "vectors" if settings.data_dir else None)


def embedded_database(folder: Path) -> AbstractContextManager[str]:
    """The URL of a database that runs as long as the context."""
    from adapters.storage.postgres.embedded import embedded_postgres

    return embedded_postgres(folder)


def _breaker() -> Any:
    from adapters.indexing.guarded import Breaker

    return Breaker()


def _qdrant(client: Any, breaker: Any) -> Any:
    from adapters.indexing.guarded import GuardedVectorIndex
    from adapters.vectors.qdrant import QdrantVectorIndex

    return GuardedVectorIndex(QdrantVectorIndex(client), breaker)


def _memory_lexical() -> Any:
    from adapters.lexical.memory import MemoryLexicalIndex

    return MemoryLexicalIndex()


def _qdrant_lexical(settings: Settings, client: Any, breaker: Any, store: Any) -> Any:
    from adapters.indexing.guarded import GuardedLexicalIndex
    from adapters.lexical.fallback import FallbackLexicalIndex
    from adapters.lexical.qdrant import QdrantLexicalIndex

    index = GuardedLexicalIndex(QdrantLexicalIndex(client), breaker)
    if settings.database == "memory":
        return index
    from adapters.storage.postgres.word_search import PostgresWordSearch

    return FallbackLexicalIndex(index, PostgresWordSearch(store))


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


def _messengers(settings: Settings) -> Channels:
    """Their bots belong to the tenant of the first key, unless another is named."""
    from adapters.channels.slack import Slack
    from adapters.channels.telegram import Telegram

    telegram, slack = _secret(settings.telegram_bot_token), _secret(settings.slack_bot_token)
    configured: dict[str, Any] = {}
    if telegram:
        configured["telegram"] = Telegram(telegram, settings.telegram_api_base)
    if slack:
        configured["slack"] = Slack(slack, settings.slack_api_base)
    own = DEFAULT_TENANT if settings.auth == "off" else PLATFORM_TENANT
    return Channels(configured, settings.channel_tenant or own)


def _channel_secrets(settings: Settings) -> ChannelSecrets:
    telegram, slack = settings.telegram_webhook_secret, settings.slack_signing_secret
    return ChannelSecrets(_secret(telegram) or "", _secret(slack) or "")


def _extractor() -> Any:
    from adapters.extraction.subprocess import SubprocessExtractor

    return SubprocessExtractor(workers=2)


def _answer_cache(clock: Any) -> Any:
    from adapters.ephemeral.memory import MemoryAnswerCache

    return MemoryAnswerCache(clock)


def _redis(settings: Settings) -> Any:
    from adapters.ephemeral.reach import connect

    return connect(settings.redis_url)


def _redis_answer_cache(client: Any) -> Any:
    from adapters.ephemeral.redis import RedisAnswerCache

    return RedisAnswerCache(client)


def _signal() -> Any:
    from adapters.queue.memory import LocalSignal

    return LocalSignal()


def _redis_signal(client: Any) -> Any:
    from adapters.queue.redis import RedisSignal

    return RedisSignal(client)


def _saq_schedule(settings: Settings, upkeep: Upkeep) -> Any:
    from adapters.queue.saq import SaqSchedule

    return SaqSchedule(settings.redis_url, upkeep.chores)


async def migrate_database(settings: Settings) -> list[str]:
    """Brings the schema up to date; the names of the migrations that were missing."""
    from adapters.storage.postgres import migrate

    return await migrate(settings.database_url)


async def missing_migrations(settings: Settings) -> list[str]:
    from adapters.storage.postgres import pending_migrations

    return await pending_migrations(settings.database_url)


def _memory_insights(store: Any) -> Any:
    from adapters.insights.memory import MemoryInsights

    return MemoryInsights(store.rows, store.statistics)


def _postgres_insights(store: Any) -> Any:
    from adapters.insights.postgres import PostgresInsights

    return PostgresInsights(store.transaction)


def operators_tenant(settings: Settings) -> str:
    """Whose administrators run the service: what belongs to no tenant is theirs to see."""
    return PLATFORM_TENANT if settings.auth == "on" else DEFAULT_TENANT


def _memory_log_book(settings: Settings) -> Any:
    from adapters.logs.memory import MemoryLogBook

    return MemoryLogBook(operators_tenant(settings))


def _postgres_log_book(settings: Settings, store: Any) -> Any:
    from adapters.logs.postgres import PostgresLogBook

    return PostgresLogBook(store.transaction, operators_tenant(settings))


def _numbers() -> Any:
    from adapters.telemetry.prometheus import PrometheusMeters

    return PrometheusMeters(metrics.ALL)


def _tracer(settings: Settings, clean: Callable[[str], str]) -> Any:
    """Silent unless there is somewhere to send spans to."""
    if settings.otel_endpoint is None and not settings.uses_langfuse:
        return SILENCE
    from adapters.telemetry import otel

    targets = [otel.otlp(settings.otel_endpoint)] if settings.otel_endpoint else []
    if settings.uses_langfuse:
        keys = (_secret(settings.langfuse_public_key) or "", _secret(settings.langfuse_secret_key) or "")
        targets.append(otel.langfuse(settings.langfuse_host or LANGFUSE_CLOUD, *keys))
    content = clean if settings.uses_langfuse else None
    return otel.OtelTracer(VERSION, [otel.exporter(target) for target in targets], content)


def _traced_model(model: Any, tracer: Any, numbers: Any) -> Any:
    from adapters.telemetry.models import TracedModel

    return TracedModel(model, tracer, numbers)


def _log_context() -> Any:
    from adapters.logs.context import BoundContext

    return BoundContext()


def _clean(detectors: Any) -> Callable[[str], str]:
    """Takes personal data and secrets out of what leaves by a side door: logs and traces."""

    def clean(text: str) -> str:
        return screen(text, detectors.find(text, Direction.OUTPUT, "en"), rules_for({})).text

    return clean


def _log_lines(settings: Settings, clean: Callable[[str], str], book: Any) -> Any:
    from adapters.logs.lines import LogLines
    from adapters.logs.redaction import Redaction

    return LogLines(settings.log_level, settings.log_format, Redaction(clean), book.write)


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


def _signer() -> Any:
    from adapters.tokens.jose import JoseSigner

    return JoseSigner()


def _issuer(settings: Settings, clock: Any) -> Any:
    """The authority whose tokens are accepted besides ours; None when none is configured."""
    if settings.oauth_jwks_url is None:
        return None
    from adapters.tokens.issuer import JwksIssuer

    return JwksIssuer(settings.oauth_jwks_url, clock)


def _memory_limiter() -> Any:
    from adapters.limits.memory import MemoryLimiter

    return MemoryLimiter()


def _redis_limiter(settings: Settings) -> Any:
    from adapters.limits.redis import RedisLimiter, connect

    return RedisLimiter(connect(settings.redis_url))


def _handlers(
    tracer: Any, numbers: Any, report_error: Any, /, **by_type: jobs.JobHandler
) -> dict[JobType, jobs.JobHandler]:
    context = _log_context()
    return {
        JobType[name.upper()]: WatchedHandler(handler, tracer, numbers, context, report_error)
        for name, handler in by_type.items()
    }


def _chores(
    store: Any,
    forget_questions: Any,
    drafts: Any,
    sessions: Any,
    deliveries: Any,
    report_key_age: Any,
    seeing: list[Chore],
) -> list[Chore]:
    return [
        *seeing,
        Chore("report_key_age", 24 * 60, report_key_age),
        Chore("expire_drafts", 5, for_each_tenant(store, storage.DRAFTS, drafts)),
        Chore("expire_sessions", 1, for_each_tenant(store, storage.SESSIONS, sessions)),
        Chore("forget_deliveries", 60, deliveries),
        Chore("forget_questions", 60, for_each_tenant(store, storage.QUERIES, forget_questions)),
    ]


def _health_parts(settings: Settings, store: Any, vectors: Any, cache: Any, llm: Any) -> dict[str, health.Part]:
    def when(used: bool, probe: Callable[[], Any]) -> Callable[[], Any] | None:
        return probe if used else None

    return {
        "postgres": health.Part("postgres", when(settings.database == "postgres", store.ping), "memory", vital=True),
        "qdrant": health.Part("qdrant", when(settings.vectors == "qdrant", vectors.ping), "faiss"),
        "redis": health.Part("redis", when(settings.redis == "redis", cache.ping), "memory"),
        "openai": health.Part("openai", when(llm is not None, llm.ping if llm else cache.ping), "extractive"),
        "langfuse": health.Part("langfuse", None, "stored traces"),
        "index": health.Part("index", lambda: store.count_all(storage.INDEX_TASKS), counts=True),
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
    detectors = providers.Singleton(_detectors)
    clean = providers.Singleton(_clean, detectors)
    numbers = providers.Singleton(_numbers)
    tracer = providers.Singleton(_tracer, settings, clean)
    llm = providers.Selector(
        settings.provided.llm_kind,
        extractive=providers.Object(None),
        openai=providers.Singleton(_traced_model, providers.Singleton(_openai_model, settings), tracer, numbers),
    )
    reranker = providers.Selector(
        settings.provided.reranker_kind,
        **{
            "built-in": providers.Singleton(_built_in_reranker),
            "none": providers.Object(None),
            "cross-encoder": providers.Singleton(_cross_encoder, settings),
        },
    )
    qdrant = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Object(None),
        qdrant=providers.Singleton(_qdrant_client, settings),
    )
    redis = providers.Selector(
        settings.provided.redis,
        memory=providers.Object(None),
        redis=providers.Singleton(_redis, settings),
    )
    archive = providers.Selector(
        settings.provided.database,
        memory=providers.Object(None),
        postgres=providers.Singleton(_postgres_archive, store),
    )
    breaker = providers.Singleton(_breaker)
    vectors = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(_faiss, settings),
        qdrant=providers.Singleton(_qdrant, qdrant, breaker),
    )
    lexical = providers.Selector(
        settings.provided.vectors,
        faiss=providers.Singleton(_memory_lexical),
        qdrant=providers.Singleton(_qdrant_lexical, settings, qdrant, breaker, store),
    )
    languages = providers.Singleton(_languages)
    extractor = providers.Singleton(_extractor)
    cache = providers.Selector(
        settings.provided.redis,
        memory=providers.Singleton(_answer_cache, clock),
        redis=providers.Singleton(_redis_answer_cache, redis),
    )
    signal = providers.Selector(
        settings.provided.redis,
        memory=providers.Singleton(_signal),
        redis=providers.Singleton(_redis_signal, redis),
    )

    profile = providers.Singleton(_profile, settings)
    calibration = providers.Singleton(_calibration, settings)
    defaults = providers.Singleton(tenant_defaults, settings)
    views = providers.Singleton(TenantViews, store, defaults)
    examples = providers.Singleton(ExampleVectorStore, embedder, clock)
    trainer = providers.Singleton(_trainer)
    classifier = providers.Singleton(ExampleClassifier, store, embedder, profile, examples, trainer)
    embedded = providers.Singleton(PairVectors, embedder, archive)
    indexer = providers.Singleton(Indexer, store, embedded, vectors, lexical, profile, clock, ids)
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
        numbers=numbers,
        queue=deliveries,
        sender=sender,
        cipher=cipher,
        guard=guard,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    issuer = providers.Singleton(_issuer, settings, clock)
    access = providers.Container(
        AccessContainer,
        settings=settings,
        store=store,
        cipher=cipher,
        signer=providers.Singleton(_signer),
        issuer=issuer,
        own_limiter=providers.Singleton(_memory_limiter),
        shared_limiter=providers.Selector(
            settings.provided.redis,
            memory=providers.Object(None),
            redis=providers.Singleton(_redis_limiter, settings),
        ),
        clock=clock,
        ids=ids,
    )
    watch = providers.Singleton(QuestionWatch, tracer, numbers)
    ask = providers.Singleton(AskQuestion, store, pipeline, views, clock, ids, watch)
    submit_batch = providers.Singleton(SubmitBatch, store, webhooks.register_webhook, signal, clock, ids)
    browse_queries = providers.Singleton(queries.BrowseQueries, store)
    give_feedback = providers.Singleton(queries.GiveFeedback, store, clock, ids)
    search = providers.Singleton(searching.SearchKnowledge, store, retriever, views, languages)
    search_further = providers.Singleton(searching.SearchFurther, store, search, languages)
    browse_jobs = providers.Singleton(jobs.BrowseJobs, store, clock)
    watch_job = providers.Singleton(jobs.WatchJob, browse_jobs, signal)
    cancel_job = providers.Singleton(jobs.CancelJob, store, clock)
    request_reindex = providers.Singleton(RequestReindex, store, signal, clock, ids)
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
    browse_pairs = providers.Singleton(pairs.BrowsePairs, store, lexical)
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

    steering = providers.Container(
        SteeringContainer,
        settings=settings,
        store=store,
        views=views,
        defaults=defaults,
        examples=examples,
        detectors=detectors,
        languages=languages,
        clock=clock,
        classifier=classifier,
        committer=committer,
        indexer=indexer,
        cache=cache,
    )

    insights = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(_memory_insights, store),
        postgres=providers.Singleton(_postgres_insights, store),
    )
    log_book = providers.Selector(
        settings.provided.database,
        memory=providers.Singleton(_memory_log_book, settings),
        postgres=providers.Singleton(_postgres_log_book, settings, store),
    )
    check_health = providers.Singleton(
        health.CheckHealth, providers.Singleton(_health_parts, settings, store, vectors, cache, llm), clock
    )
    seeing = providers.Container(
        SeeingContainer,
        settings=settings,
        own_tenant=providers.Singleton(operators_tenant, settings),
        store=store,
        insights=insights,
        deliveries=deliveries,
        check_health=check_health,
        numbers=numbers,
        log_book=log_book,
        log_lines=providers.Singleton(_log_lines, settings, clean, log_book),
        clock=clock,
    )

    messengers = providers.Singleton(_messengers, settings)
    channel_secrets = providers.Singleton(_channel_secrets, settings)
    conversations = providers.Container(
        ConversationContainer,
        store=store,
        ask=ask,
        views=views,
        languages=languages,
        messengers=messengers,
        cache=cache,
        signal=signal,
        clock=clock,
        ids=ids,
    )

    process_upload = providers.Singleton(
        ingestion.ProcessUpload, store, extractor, stager, committer, indexer, views, clock
    )
    handlers = providers.Singleton(
        _handlers,
        tracer,
        numbers,
        seeing.report_error,
        document_upload=process_upload,
        incoming_message=providers.Singleton(arrivals.AnswerMessage, store, ask, clock),
        document_fetch=providers.Singleton(arrivals.FetchDocument, store, fetcher, process_upload, clock, ids),
        ingestion=providers.Singleton(reviewing.FinishIngestion, indexer, clock),
        reindex=providers.Singleton(Reindex, store, indexer, clock),
        batch=providers.Singleton(AnswerBatch, store, ask, clock),
        erasure=conversations.erase_person,
        channel_message=conversations.send_message,
    )
    runner = providers.Singleton(JobRunner, store, store, handlers, signal, clock, ids)
    upkeep = providers.Singleton(
        Upkeep,
        store,
        indexer,
        providers.Singleton(
            _chores,
            store,
            providers.Singleton(keeping.ForgetOldQuestions, store, clock, settings.provided.retention_days),
            expire_drafts,
            conversations.expire_sessions,
            webhooks.forget,
            access.report_key_age,
            seeing.chores,
        ),
        clock,
    )
    schedule = providers.Singleton(_saq_schedule, settings, upkeep)


def build(settings: Settings) -> Container:
    """The wired system; nothing is opened yet."""
    return Container(settings=settings)
