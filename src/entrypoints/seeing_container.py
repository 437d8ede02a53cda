"""The part of the composition that shows what the service does and how well: numbers, logs, traces, judgements."""

from typing import Any

from dependency_injector import containers, providers

from application.use_cases import analytics
from application.use_cases.upkeep import Chore


def _chores(fold_insights: analytics.FoldInsights) -> list[Chore]:
    return [Chore("fold_insights", 1, fold_insights)]


class SeeingContainer(containers.DeclarativeContainer):
    insights: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()

    read_analytics = providers.Singleton(analytics.ReadAnalytics, insights, clock)
    fold_insights = providers.Singleton(analytics.FoldInsights, insights)
    chores = providers.Singleton(_chores, fold_insights)
