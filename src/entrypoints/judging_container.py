"""The part of the composition that judges: evaluations, their datasets, and how sure confidence may be."""

from typing import Any

from dependency_injector import containers, providers

from application.sampling import Sampler
from application.use_cases import evaluation


class JudgingContainer(containers.DeclarativeContainer):
    store: providers.Dependency[Any] = providers.Dependency()
    pipeline: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    judges: providers.Dependency[Any] = providers.Dependency()
    signal: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    ids: providers.Dependency[Any] = providers.Dependency()

    sampler = providers.Singleton(Sampler, store, pipeline, views)
    request_evaluation = providers.Singleton(evaluation.RequestEvaluation, store, judges, signal, clock, ids)
    evaluate = providers.Singleton(evaluation.Evaluate, store, sampler, judges, clock)
    browse_evaluations = providers.Singleton(evaluation.BrowseEvaluations, store)
    keep_dataset = providers.Singleton(evaluation.KeepDataset, store, clock)
    browse_datasets = providers.Singleton(evaluation.BrowseDatasets, store)
