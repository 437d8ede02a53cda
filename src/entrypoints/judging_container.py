"""The part of the composition that judges: evaluations, their datasets, and how sure confidence may be."""

from typing import Any

from dependency_injector import containers, providers

from application.sampling import Sampler
from application.use_cases import calibration, evaluation


class JudgingContainer(containers.DeclarativeContainer):
    store: providers.Dependency[Any] = providers.Dependency()
    pipeline: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    embedder: providers.Dependency[Any] = providers.Dependency()
    profile: providers.Dependency[Any] = providers.Dependency()
    constants: providers.Dependency[Any] = providers.Dependency()
    """Of the confidence, before anything moves it."""
    change_config: providers.Dependency[Any] = providers.Dependency()
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
    gather_labels = providers.Singleton(calibration.GatherLabels, store, embedder, profile)
    calibrate = providers.Singleton(calibration.CalibrateConfidence, views, gather_labels, change_config, constants)
    take_fit_back = providers.Singleton(calibration.TakeFitBack, store, change_config)
