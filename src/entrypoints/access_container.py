"""The part of the composition that decides who may do what."""

from typing import Any

from dependency_injector import containers, providers

from application.metrics import LIMIT_FALLBACKS
from application.use_cases import audit, keys, limits, replay, tenants, tokens
from application.use_cases.admission import KnownKeys, RecogniseToken
from entrypoints.settings import Settings


def _bootstrap_key(settings: Settings) -> str | None:
    return settings.bootstrap_api_key.get_secret_value() if settings.bootstrap_api_key else None


def _external(settings: Settings, issuer: Any, clock: Any) -> tokens.ExternalTokens | None:
    if issuer is None or settings.oauth_issuer is None or settings.oauth_audience is None:
        return None
    return tokens.ExternalTokens(issuer, settings.oauth_issuer, settings.oauth_audience, clock)


def _limiter(shared: Any, own: Any, clock: Any, numbers: Any) -> Any:
    if shared is None:
        return own
    return limits.FailingOverLimiter(shared, own, clock, lambda: numbers.count(LIMIT_FALLBACKS))


class AccessContainer(containers.DeclarativeContainer):
    settings: providers.Dependency[Any] = providers.Dependency()
    store: providers.Dependency[Any] = providers.Dependency()
    cipher: providers.Dependency[Any] = providers.Dependency()
    signer: providers.Dependency[Any] = providers.Dependency()
    issuer: providers.Dependency[Any] = providers.Dependency()
    own_limiter: providers.Dependency[Any] = providers.Dependency()
    shared_limiter: providers.Dependency[Any] = providers.Dependency()
    numbers: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    ids: providers.Dependency[Any] = providers.Dependency()

    token_seconds = settings.provided.oauth_token_seconds
    bootstrap_key = providers.Singleton(_bootstrap_key, settings)
    known_keys = providers.Singleton(KnownKeys, store, clock)
    callback_secrets = providers.Singleton(keys.CallbackSecrets, cipher)
    signing_keys = providers.Singleton(tokens.SigningKeys, store, signer, cipher, clock, ids, token_seconds)
    own_tokens = providers.Singleton(tokens.OwnTokens, signing_keys, signer, clock, ids, token_seconds)
    external_tokens = providers.Singleton(_external, settings, issuer, clock)
    recognise_token = providers.Singleton(RecogniseToken, known_keys, own_tokens, external_tokens, bootstrap_key, clock)

    create_key = providers.Singleton(keys.CreateKey, store, known_keys, callback_secrets, clock, ids)
    rotate_key = providers.Singleton(keys.RotateKey, store, known_keys, callback_secrets, clock, ids)
    revoke_key = providers.Singleton(keys.RevokeKey, store, known_keys, callback_secrets, clock, ids)
    browse_keys = providers.Singleton(keys.BrowseKeys, store, known_keys, callback_secrets, clock, ids)
    report_key_age = providers.Singleton(keys.ReportKeyAge, store, clock)
    grant_token = providers.Singleton(keys.GrantToken, recognise_token, own_tokens)
    browse_tenants = providers.Singleton(tenants.BrowseTenants, store)

    limiter = providers.Singleton(_limiter, shared_limiter, own_limiter, clock, numbers)
    use_quota = providers.Singleton(limits.UseQuota, limiter, store, clock, ids)
    replay_answers = providers.Singleton(replay.ReplayAnswers, store, cipher, clock, ids)
    record_action = providers.Singleton(audit.RecordAction, store, clock, ids)
    browse_audit = providers.Singleton(audit.BrowseAudit, store)
