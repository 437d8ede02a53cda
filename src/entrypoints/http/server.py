"""The HTTP application of a wired system."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Controller, Litestar

from application.ports.telemetry import SILENCE
from domain.errors import DomainError
from entrypoints.container import Container
from entrypoints.http.admission import Admission
from entrypoints.http.app import HttpOptions, create_app
from entrypoints.http.auditing import AuditTrail
from entrypoints.http.authentication import Authentication
from entrypoints.http.border import OnStrange, no_concern
from entrypoints.http.examples import recorded_examples
from entrypoints.http.provide import dependencies
from entrypoints.http.quotas import Quotas, Standings
from entrypoints.http.replays import Replays
from entrypoints.http.routes.access import AccessController, KeysController
from entrypoints.http.routes.analysis import AnalysisController
from entrypoints.http.routes.analytics import AnalyticsController
from entrypoints.http.routes.cache import CacheController
from entrypoints.http.routes.categories import CategoriesController
from entrypoints.http.routes.channels import ChannelsController
from entrypoints.http.routes.chat import ChatController
from entrypoints.http.routes.config import ConfigController
from entrypoints.http.routes.console import ConsoleController
from entrypoints.http.routes.deliveries import DeliveriesController
from entrypoints.http.routes.documents import DocumentsController
from entrypoints.http.routes.escalations import EscalationsController, HandingOverController
from entrypoints.http.routes.evaluation import EvaluationController
from entrypoints.http.routes.events import EventsController
from entrypoints.http.routes.exports import ExportsController
from entrypoints.http.routes.gaps import GapsController
from entrypoints.http.routes.guardrails import GuardrailsController
from entrypoints.http.routes.health import HealthController
from entrypoints.http.routes.history import HistoryController
from entrypoints.http.routes.incoming import IncomingController
from entrypoints.http.routes.intents import IntentsController
from entrypoints.http.routes.job_socket import JobSocketController
from entrypoints.http.routes.jobs import JobsController
from entrypoints.http.routes.knowledge import KnowledgeController
from entrypoints.http.routes.logs import LogsController
from entrypoints.http.routes.mcp import McpController
from entrypoints.http.routes.metrics import MetricsController
from entrypoints.http.routes.oauth import OAuthController
from entrypoints.http.routes.openai import OpenAIController
from entrypoints.http.routes.qa_pairs import PairsController
from entrypoints.http.routes.queries import QueriesController
from entrypoints.http.routes.review import ReviewController
from entrypoints.http.routes.search import SearchController, TracesController
from entrypoints.http.routes.sessions import SessionsController
from entrypoints.http.routes.taxonomy import TaxonomyController
from entrypoints.http.routes.uploads import UploadsController
from entrypoints.http.routes.users import UsersController
from entrypoints.http.routes.versions import VersionsController
from entrypoints.http.routes.webhooks import WebhooksController
from entrypoints.http.watching import ErrorReporter, RequestMeter, TracedBorder, WithScraper
from entrypoints.parts import operators_tenant
from entrypoints.settings import Settings
from entrypoints.system import System

CONTROLLERS = (
    HealthController,
    AccessController,
    KeysController,
    OAuthController,
    QueriesController,
    SearchController,
    TracesController,
    JobsController,
    JobSocketController,
    ReviewController,
    UploadsController,
    DocumentsController,
    VersionsController,
    PairsController,
    ExportsController,
    KnowledgeController,
    ConfigController,
    GuardrailsController,
    IntentsController,
    CategoriesController,
    AnalysisController,
    TaxonomyController,
    CacheController,
    WebhooksController,
    DeliveriesController,
    EventsController,
    IncomingController,
    SessionsController,
    UsersController,
    HistoryController,
    ChannelsController,
    ChatController,
    HandingOverController,
    EscalationsController,
    OpenAIController,
    McpController,
    AnalyticsController,
    EvaluationController,
    GapsController,
    LogsController,
    MetricsController,
    ConsoleController,
)

AfterOpening = Callable[[Container], Awaitable[None]]


def build_app(system: System, *, work: bool = True, after_opening: AfterOpening | None = None) -> Litestar:
    """The application; its lifespan opens the system, and with `work` runs jobs in this process."""
    container = system.container

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        container.check_health()  # its clock starts here
        await system.open()
        if after_opening is not None:
            await after_opening(container)
        if work:
            system.start_working()
        try:
            yield
        finally:
            await system.close()

    quotas = Quotas(container.access.use_quota())
    app = _app(
        container,
        CONTROLLERS,
        admissions=_admissions(container, quotas),
        on_strange=_standings(container, quotas),
        lifespan=[lifespan],
    )
    if container.tracer() is not SILENCE:
        app.asgi_handler = TracedBorder(app.asgi_handler, container.tracer())
    return app


def build_window(container: Container) -> Litestar:
    """What a worker shows of itself: its numbers and its health. Whoever serves it opens the system."""
    return _app(container, (HealthController, MetricsController))


def _app(container: Container, controllers: Sequence[type[Controller]], **more: Any) -> Litestar:
    settings: Settings = container.settings()

    async def waiting_for() -> Sequence[str]:
        try:
            await container.store().ping()
        except DomainError:
            return ["database"]
        return []

    return create_app(
        controllers,
        WithScraper(Authentication(container.access.recognise_token), _token(settings), operators_tenant(settings)),
        _options(settings),
        clock=container.clock(),
        ids=container.ids(),
        dependencies=dependencies(container),
        observers=(RequestMeter(container.numbers()), ErrorReporter(container.seeing.report_error())),
        ready=waiting_for,
        examples=recorded_examples(),
        **more,
    )


def _standings(container: Container, quotas: Quotas) -> OnStrange:
    settings: Settings = container.settings()
    return Standings(container.access.recognise_token, quotas) if settings.auth == "on" else no_concern


def _token(settings: Settings) -> str | None:
    return settings.metrics_token.get_secret_value() if settings.metrics_token else None


def _admissions(container: Container, quotas: Quotas) -> tuple[Admission, ...]:
    """What is replayed is neither counted nor done again, so it is looked at first."""
    access = container.access
    return Replays(access.replay_answers(), quotas.show), quotas, AuditTrail(access.record_action())


def _options(settings: Settings) -> HttpOptions:
    return HttpOptions(
        auth_enabled=settings.auth == "on",
        max_body_bytes=16 * 1024 * 1024,
        max_upload_bytes=settings.max_upload_mb * 1024 * 1024 * 4,
        cors_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
    )
