"""The part of the composition that shows what the service does and how well: numbers, logs, traces, judgements."""

from typing import Any

from dependency_injector import containers, providers

from application.ports.storage import QUERIES
from application.use_cases import analytics, gaps, logs, watching
from application.use_cases.metrics import ShowMetrics
from application.use_cases.upkeep import Chore, for_each_tenant


def _chores(store: Any, fold_insights: Any, warm_gaps: Any, forget_logs: Any, watch_health: Any) -> list[Chore]:
    return [
        Chore("fold_insights", 1, fold_insights),
        Chore("warm_gaps", 5, for_each_tenant(store, QUERIES, warm_gaps)),
        Chore("watch_health", 1, watch_health),
        Chore("forget_logs", 60, forget_logs),
    ]


class SeeingContainer(containers.DeclarativeContainer):
    settings: providers.Dependency[Any] = providers.Dependency()
    own_tenant: providers.Dependency[Any] = providers.Dependency()
    """Of those who run the service: what belongs to no tenant is theirs to see."""
    store: providers.Dependency[Any] = providers.Dependency()
    insights: providers.Dependency[Any] = providers.Dependency()
    question_vectors: providers.Dependency[Any] = providers.Dependency()
    grouper: providers.Dependency[Any] = providers.Dependency()
    retriever: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    clean: providers.Dependency[Any] = providers.Dependency()
    """Takes personal data out of a text."""
    deliveries: providers.Dependency[Any] = providers.Dependency()
    check_health: providers.Dependency[Any] = providers.Dependency()
    numbers: providers.Dependency[Any] = providers.Dependency()
    log_book: providers.Dependency[Any] = providers.Dependency()
    log_lines: providers.Dependency[Any] = providers.Dependency()
    """The process's way to log, to be opened first and closed last."""
    cipher: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()

    read_analytics = providers.Singleton(analytics.ReadAnalytics, insights, clock)
    find_gaps = providers.Singleton(
        gaps.FindGaps, insights, store, question_vectors, grouper, retriever, views, clean, clock
    )
    warm_gaps = providers.Singleton(gaps.WarmGaps, insights, store, question_vectors, clock)
    fold_insights = providers.Singleton(analytics.FoldInsights, insights)
    browse_logs = providers.Singleton(logs.BrowseLogs, log_book, cipher)
    keep_logs = providers.Singleton(logs.KeepLogs, log_book)
    forget_logs = providers.Singleton(logs.ForgetLogs, log_book, clock, settings.provided.retention_days)
    report_error = providers.Singleton(watching.ReportError, store, numbers, clock, own_tenant)
    measure_health = providers.Singleton(watching.MeasureHealth, check_health, numbers)
    watch_health = providers.Singleton(watching.WatchHealth, measure_health, store, clock, own_tenant)
    read_queues = providers.Singleton(watching.ReadQueues, deliveries, log_book, numbers, clock)
    show_metrics = providers.Singleton(ShowMetrics, numbers, read_queues, measure_health, own_tenant)
    chores = providers.Singleton(_chores, store, fold_insights, warm_gaps, forget_logs, watch_health)
