"""How each part is made from the settings: the only module that imports adapters.

They are imported where they are made, so that a process does not load what it does not use.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from application import metrics
from application.ports import storage
from application.ports.judges import Judges
from application.ports.telemetry import SILENCE
from application.use_cases import (
    health,
    jobs,
)
from application.use_cases.channels import Channels, ChannelSecrets
from application.use_cases.upkeep import Chore, Upkeep, for_each_tenant
from application.use_cases.watching import WatchedHandler
from application.use_cases.webhooks import Bounds
from domain import confidence, ranking_profiles
from domain.access import DEFAULT_TENANT, PLATFORM_TENANT
from domain.guardrails import Direction, rules_for, screen
from domain.jobs import JobType
from domain.lanes import LaneLimits
from domain.settings import Generation, Retrieval, TenantSettings
from entrypoints.settings import Settings

VERSION = "1.0.0"
USER_AGENT = f"SupportRAG/{VERSION}"
LANGFUSE_CLOUD = "https://cloud.langfuse.com"


def clock() -> Any:
    from adapters.system.live import SystemClock

    return SystemClock()


def ids() -> Any:
    from adapters.system.live import RandomIds

    return RandomIds()


def current_trace() -> Any:
    """Tells the trace of the request or job at hand, which events carry on."""
    from adapters.logs.context import current_trace

    return current_trace


def memory_store(clock: Any, ids: Any, told: Any) -> Any:
    from adapters.storage.memory import MemoryStore

    return MemoryStore(clock, ids, current_trace(), told)


def postgres_store(settings: Settings, clock: Any, ids: Any, told: Any) -> Any:
    from adapters.storage.postgres import PostgresStore

    return PostgresStore(settings.database_url, clock, ids, current_trace(), told)


def presence(settings: Settings) -> Any:
    from adapters.storage.postgres import Presence

    return Presence(settings.database_url, alone=not settings.is_shared)


def bundled(settings: Settings) -> Any:
    from adapters.models.bundled import BundledEmbedder

    return BundledEmbedder(settings.embedding_threads)


def sentence_transformers(settings: Settings) -> Any:
    from adapters.models.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.embedder.partition(":")[2])


def openai_embedder(settings: Settings) -> Any:
    from adapters.models.openai import OpenAIEmbedder

    return OpenAIEmbedder(settings.embedder.partition(":")[2], settings.llm_base_url, secret(settings.llm_api_key))


def openai_model(settings: Settings) -> Any:
    from adapters.models.openai import OpenAILanguageModel

    return OpenAILanguageModel(settings.llm.partition(":")[2], settings.llm_base_url, secret(settings.llm_api_key))


def built_in_reranker() -> Any:
    from adapters.models.rerankers import FeatureReranker

    return FeatureReranker()


def cross_encoder(settings: Settings) -> Any:
    from adapters.models.sentence_transformers import CrossEncoderReranker

    return CrossEncoderReranker(settings.reranker.partition(":")[2])


def languages() -> Any:
    from adapters.models.language import FastLanguageDetector

    return FastLanguageDetector()


def detectors() -> Any:
    from adapters.guardrails.builtin import BuiltinDetectors

    return BuiltinDetectors()


def trainer() -> Any:
    from adapters.classification.trainer import ExampleTrainer

    return ExampleTrainer()


def postgres_archive(store: Any) -> Any:
    from adapters.storage.postgres.vector_archive import PostgresVectorArchive

    return PostgresVectorArchive(store)


def postgres_question_archive(store: Any) -> Any:
    from adapters.storage.postgres.vector_archive import PostgresVectorArchive

    return PostgresVectorArchive(store, of="question")


def faiss(settings: Settings) -> Any:
    from adapters.vectors.faiss import FaissVectorIndex

    return FaissVectorIndex(directory=settings.data_dir / "vectors" if settings.data_dir else None)


def embedded_database(folder: Path) -> AbstractContextManager[str]:
    """The URL of a database that runs as long as the context."""
    from adapters.storage.postgres.embedded import embedded_postgres

    return embedded_postgres(folder)


def breaker() -> Any:
    from adapters.indexing.guarded import Breaker

    return Breaker()


def qdrant(client: Any, breaker: Any) -> Any:
    from adapters.indexing.guarded import GuardedVectorIndex
    from adapters.vectors.qdrant import QdrantVectorIndex

    return GuardedVectorIndex(QdrantVectorIndex(client), breaker)


def memory_lexical() -> Any:
    from adapters.lexical.memory import MemoryLexicalIndex

    return MemoryLexicalIndex()


def qdrant_lexical(settings: Settings, client: Any, breaker: Any, store: Any) -> Any:
    from adapters.indexing.guarded import GuardedLexicalIndex
    from adapters.lexical.fallback import FallbackLexicalIndex
    from adapters.lexical.qdrant import QdrantLexicalIndex

    index = GuardedLexicalIndex(QdrantLexicalIndex(client), breaker)
    if settings.database == "memory":
        return index
    from adapters.storage.postgres.word_search import PostgresWordSearch

    return FallbackLexicalIndex(index, PostgresWordSearch(store))


def qdrant_client(settings: Settings) -> Any:
    from qdrant_client import AsyncQdrantClient

    parts = urlsplit(settings.vector_url)
    if parts.scheme == "qdrant":
        path = parts.query.removeprefix("path=")
        return AsyncQdrantClient(path=path) if path else AsyncQdrantClient(location=":memory:")
    url = settings.vector_url.removeprefix("qdrant+")
    return AsyncQdrantClient(url=url, api_key=secret(settings.qdrant_api_key), timeout=5)


def memory_deliveries(store: Any) -> Any:
    from adapters.delivery.memory import MemoryDeliveries

    return MemoryDeliveries(store.outbox, store.publish)


def postgres_deliveries(store: Any) -> Any:
    from adapters.delivery.postgres import PostgresDeliveries
    from adapters.storage.postgres.outbox import recorded_event

    return PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)


def sender(guard: Any) -> Any:
    from adapters.delivery.http import HttpSender

    return HttpSender(guard, USER_AGENT)


def fetcher(guard: Any) -> Any:
    from adapters.outbound.fetching import GuardedFetcher

    return GuardedFetcher(guard, USER_AGENT)


def guard(settings: Settings) -> Any:
    from adapters.outbound.guard import AddressGuard

    return AddressGuard(allow=settings.outbound_allow)


def cipher(settings: Settings) -> Any:
    from adapters.secrets.aesgcm import AesGcmCipher

    previous = secret(settings.master_key_previous)
    return AesGcmCipher(secret(settings.master_key) or secrets.token_urlsafe(32), *([previous] if previous else []))


def messengers(settings: Settings) -> Channels:
    """Their bots belong to the tenant of the first key, unless another is named."""
    from adapters.channels.slack import Slack
    from adapters.channels.telegram import Telegram

    telegram, slack = secret(settings.telegram_bot_token), secret(settings.slack_bot_token)
    configured: dict[str, Any] = {}
    if telegram:
        configured["telegram"] = Telegram(telegram, settings.telegram_api_base)
    if slack:
        configured["slack"] = Slack(slack, settings.slack_api_base)
    own = DEFAULT_TENANT if settings.auth == "off" else PLATFORM_TENANT
    return Channels(configured, settings.channel_tenant or own)


def channel_secrets(settings: Settings) -> ChannelSecrets:
    telegram, slack = settings.telegram_webhook_secret, settings.slack_signing_secret
    return ChannelSecrets(secret(telegram) or "", secret(slack) or "")


def extractor() -> Any:
    from adapters.extraction.subprocess import SubprocessExtractor

    return SubprocessExtractor(workers=2)


def answer_cache(clock: Any) -> Any:
    from adapters.ephemeral.memory import MemoryAnswerCache

    return MemoryAnswerCache(clock)


def redis(settings: Settings) -> Any:
    from adapters.ephemeral.reach import connect

    return connect(settings.redis_url)


def redis_answer_cache(client: Any) -> Any:
    from adapters.ephemeral.redis import RedisAnswerCache

    return RedisAnswerCache(client)


def signal() -> Any:
    from adapters.queue.memory import LocalSignal

    return LocalSignal()


def redis_signal(client: Any) -> Any:
    from adapters.queue.redis import RedisSignal

    return RedisSignal(client)


def saq_schedule(settings: Settings, upkeep: Upkeep) -> Any:
    from adapters.queue.saq import SaqSchedule

    return SaqSchedule(settings.redis_url, upkeep.chores)


async def migrate_database(settings: Settings) -> list[str]:
    """Brings the schema up to date; the names of the migrations that were missing."""
    from adapters.storage.postgres import migrate

    return await migrate(settings.database_url)


async def missing_migrations(settings: Settings) -> list[str]:
    from adapters.storage.postgres import pending_migrations

    return await pending_migrations(settings.database_url)


def memory_insights(store: Any) -> Any:
    from adapters.insights.memory import MemoryInsights

    return MemoryInsights(store.rows, store.statistics)


def postgres_insights(store: Any) -> Any:
    from adapters.insights.postgres import PostgresInsights

    return PostgresInsights(store.transaction)


def grouper() -> Any:
    from adapters.insights.grouping import AverageLinkage

    return AverageLinkage()


def operators_tenant(settings: Settings) -> str:
    """Whose administrators run the service: what belongs to no tenant is theirs to see."""
    return PLATFORM_TENANT if settings.auth == "on" else DEFAULT_TENANT


def memory_log_book(settings: Settings) -> Any:
    from adapters.logs.memory import MemoryLogBook

    return MemoryLogBook(operators_tenant(settings))


def postgres_log_book(settings: Settings, store: Any) -> Any:
    from adapters.logs.postgres import PostgresLogBook

    return PostgresLogBook(store.transaction, operators_tenant(settings))


def numbers() -> Any:
    from adapters.telemetry.prometheus import PrometheusMeters

    return PrometheusMeters(metrics.ALL)


def tracer(settings: Settings, clean: Callable[[str], str]) -> Any:
    """Silent unless there is somewhere to send spans to."""
    if settings.otel_endpoint is None and not settings.uses_langfuse:
        return SILENCE
    from adapters.telemetry import otel

    targets = [otel.otlp(settings.otel_endpoint)] if settings.otel_endpoint else []
    if settings.uses_langfuse:
        keys = (secret(settings.langfuse_public_key) or "", secret(settings.langfuse_secret_key) or "")
        targets.append(otel.langfuse(settings.langfuse_host or LANGFUSE_CLOUD, *keys))
    content = clean if settings.uses_langfuse else None
    return otel.OtelTracer(VERSION, [otel.exporter(target) for target in targets], content)


def traced_model(model: Any, tracer: Any, numbers: Any) -> Any:
    from adapters.telemetry.models import TracedModel

    return TracedModel(model, tracer, numbers)


def log_context() -> Any:
    from adapters.logs.context import BoundContext

    return BoundContext()


def clean(detectors: Any) -> Callable[[str], str]:
    """Takes personal data and secrets out of what leaves by a side door: logs and traces."""

    def clean(text: str) -> str:
        return screen(text, detectors.find(text, Direction.OUTPUT, "en"), rules_for({})).text

    return clean


def log_lines(settings: Settings, clean: Callable[[str], str], book: Any) -> Any:
    from adapters.logs.lines import LogLines
    from adapters.logs.redaction import Redaction

    return LogLines(settings.log_level, settings.log_format, Redaction(clean), book.write)


def secret(value: Any) -> str | None:
    return value.get_secret_value() if value is not None else None


def profile(settings: Settings) -> ranking_profiles.RankingProfile:
    bundled = settings.embedder_kind == "bundled"
    return ranking_profiles.BUILT_IN if bundled else ranking_profiles.SINGLE_SPACE


def judges(embedder: Any, profile: Any, languages: Any, llm: Any) -> Judges:
    from adapters.judges.built_in import BuiltInJudge

    built_in = BuiltInJudge(embedder, profile, languages)
    if llm is None:
        return Judges(built_in)
    from adapters.judges.ragas import RagasJudge

    return Judges(built_in, RagasJudge(llm, embedder, profile))


def calibration(settings: Settings) -> confidence.Calibration:
    return confidence.BUILT_IN if settings.embedder_kind == "bundled" else confidence.SINGLE_SPACE


def tenant_defaults(settings: Settings) -> TenantSettings:
    """The deployment's own values under every tenant's configuration."""
    model = "all-MiniLM-L6-v2" if settings.embedder_kind == "bundled" else settings.embedder.partition(":")[2]
    llm = "extractive" if settings.llm_kind == "extractive" else settings.llm.partition(":")[2]
    return TenantSettings(
        retrieval=Retrieval(vector_db=settings.vectors, embedding_model=model),
        generation=Generation(llm_model=llm),
    )


def webhook_bounds(settings: Settings, guard: Any) -> Bounds:
    return Bounds(guard, LaneLimits(settings.webhook_max_in_flight, settings.webhook_max_per_hour))


def signer() -> Any:
    from adapters.tokens.jose import JoseSigner

    return JoseSigner()


def issuer(settings: Settings, clock: Any) -> Any:
    """The authority whose tokens are accepted besides ours; None when none is configured."""
    if settings.oauth_jwks_url is None:
        return None
    from adapters.tokens.issuer import JwksIssuer

    return JwksIssuer(settings.oauth_jwks_url, clock)


def memory_limiter() -> Any:
    from adapters.limits.memory import MemoryLimiter

    return MemoryLimiter()


def redis_limiter(settings: Settings) -> Any:
    from adapters.limits.redis import RedisLimiter, connect

    return RedisLimiter(connect(settings.redis_url))


def handlers(
    tracer: Any, numbers: Any, report_error: Any, /, **by_type: jobs.JobHandler
) -> dict[JobType, jobs.JobHandler]:
    context = log_context()
    return {
        JobType[name.upper()]: WatchedHandler(handler, tracer, numbers, context, report_error)
        for name, handler in by_type.items()
    }


def chores(
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


def health_parts(settings: Settings, store: Any, vectors: Any, cache: Any, llm: Any) -> dict[str, health.Part]:
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
