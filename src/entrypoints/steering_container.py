"""The part of the composition that steers: configuration, guardrails, taxonomy, cache."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from dependency_injector import containers, providers
from pydantic import SecretStr

from application.use_cases import cache as caching
from application.use_cases import categories, classification, configuration, guardrails, intents, renaming, taxonomy
from entrypoints.settings import Settings

MASK = "***"
NOT_SET = ""


def masked(settings: Settings) -> Mapping[str, Any]:
    """The settings of the process for people's eyes: no secret, no password in a URL."""
    return {name: _masked(getattr(settings, name)) for name in sorted(type(settings).model_fields)}


def _masked(value: Any) -> Any:
    if value is None:
        return NOT_SET
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return [_masked(each) for each in value]
    if isinstance(value, bool | int | float):
        return value
    return _without_password(str(value))


def _without_password(text: str) -> str:
    """Of a URL, also what stands behind the question mark: drivers take passwords there."""
    parts = urlsplit(text) if "://" in text else None
    if parts is None or not (parts.password or parts.query):
        return text
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    place = f"{name}:{MASK}@{host}" if parts.password else parts.netloc
    return urlunsplit((parts.scheme, place, parts.path, MASK if parts.query else "", ""))


class SteeringContainer(containers.DeclarativeContainer):
    settings: providers.Dependency[Any] = providers.Dependency()
    store: providers.Dependency[Any] = providers.Dependency()
    views: providers.Dependency[Any] = providers.Dependency()
    defaults: providers.Dependency[Any] = providers.Dependency()
    examples: providers.Dependency[Any] = providers.Dependency()
    detectors: providers.Dependency[Any] = providers.Dependency()
    languages: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    classifier: providers.Dependency[Any] = providers.Dependency()
    committer: providers.Dependency[Any] = providers.Dependency()
    indexer: providers.Dependency[Any] = providers.Dependency()
    cache: providers.Dependency[Any] = providers.Dependency()

    browse_config = providers.Singleton(
        configuration.BrowseConfig, store, views, defaults, providers.Singleton(masked, settings)
    )
    change_config = providers.Singleton(configuration.ChangeConfig, store, defaults, clock)
    browse_guardrails = providers.Singleton(guardrails.BrowseGuardrails, views, detectors, languages)
    adjust_guardrail = providers.Singleton(guardrails.AdjustGuardrail, change_config, clock)
    browse_intents = providers.Singleton(intents.BrowseIntents, store)
    edit_intents = providers.Singleton(intents.EditIntents, store, examples, clock)
    browse_categories = providers.Singleton(categories.BrowseCategories, store)
    edit_categories = providers.Singleton(categories.EditCategories, store, clock)
    classify_document = providers.Singleton(classification.ClassifyDocument, store, classifier, clock)
    label_document = providers.Singleton(classification.LabelDocument, store, committer, indexer, clock)
    label_chunks = providers.Singleton(classification.LabelChunks, store, committer, indexer, clock)
    browse_taxonomy = providers.Singleton(taxonomy.BrowseTaxonomy, store)
    rename_label = providers.Singleton(renaming.RenameLabel, store, committer, indexer, clock)
    sync_taxonomy = providers.Singleton(taxonomy.SyncTaxonomy, store, clock)
    tend_cache = providers.Singleton(caching.TendCache, cache, store)
