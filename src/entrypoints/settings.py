"""Settings: environment variables `SUPPORTRAG_*` or a `.env` file, refused at boot when they cannot be meant."""

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.lanes import CEILINGS
from domain.tokens import OWN_ISSUER
from entrypoints.refusals import BadSettings

PREFIX = "SUPPORTRAG_"
FOREIGN = ("SUPPORTRAG_TEST_", "SUPPORTRAG_API_KEY", "SUPPORTRAG_URL")
"""Names that belong to the tests and the clients."""

OTEL_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str = "memory://"
    redis_url: str = "memory://"
    vector_url: str = "faiss://"
    qdrant_api_key: SecretStr | None = None
    embedder: str = "bundled"
    reranker: str = "built-in"
    llm: str = "extractive"
    llm_base_url: str | None = None
    llm_api_key: SecretStr | None = None
    auth: Literal["on", "off"] = "on"
    bootstrap_api_key: SecretStr | None = None
    master_key: SecretStr | None = None
    master_key_previous: SecretStr | None = None
    """Opens what was sealed before the key was changed; nothing new is sealed with it."""
    outbound_allow: Words = ()
    webhook_max_in_flight: int = Field(CEILINGS.in_flight, ge=1, le=1000)
    """What a webhook's `limits` may be raised to."""
    webhook_max_per_hour: int = Field(CEILINGS.per_hour, ge=1, le=100_000_000)
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    cors_origins: Words = ()
    max_upload_mb: int = Field(25, ge=1, le=1024)
    trusted_proxies: Words = ()
    metrics_token: SecretStr | None = None
    retention_days: int = Field(0, ge=0)
    embedding_threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=64)
    data_dir: Path | None = None
    otel_endpoint: str | None = Field(None, validation_alias=AliasChoices("otel_endpoint", OTEL_ENDPOINT))
    """Of an OTLP collector (HTTP); the only setting that keeps its standard name."""
    langfuse_host: str | None = None
    langfuse_public_key: SecretStr | None = None
    langfuse_secret_key: SecretStr | None = None
    telegram_bot_token: SecretStr | None = None
    telegram_api_base: str = "https://api.telegram.org"
    telegram_webhook_secret: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_api_base: str = "https://slack.com/api"
    slack_signing_secret: SecretStr | None = None
    channel_tenant: str | None = None
    oauth_issuer: str | None = None
    oauth_jwks_url: str | None = None
    oauth_audience: str | None = None
    oauth_token_seconds: int = Field(900, ge=60, le=86400)

    @field_validator("outbound_allow", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("database_url", "redis_url", "vector_url", "embedder", "reranker", "llm")
    @classmethod
    def _known(cls, value: str, info: object) -> str:
        name = str(getattr(info, "field_name", ""))
        if not any(value == known or (known[-1] in ":/" and value.startswith(known)) for known in _CHOICES[name]):
            shown = (known if known[-1] != ":" else f"{known}<model>" for known in _CHOICES[name])
            raise ValueError(f"must be one of: {', '.join(shown)}")
        return value

    @field_validator("database_url", "redis_url", "vector_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"is not an address: {error}") from error
        if parts.scheme == "qdrant" and not (parts.netloc == "local" and _LOCAL_QUERY.fullmatch(parts.query)):
            raise ValueError(
                "is qdrant://local?path=FOLDER for one inside the process, qdrant+http://HOST:6333 for a server"
            )
        if parts.scheme.startswith("qdrant+") and not parts.hostname:
            raise ValueError("names no host")
        return value

    @field_validator("embedder", "reranker", "llm")
    @classmethod
    def _names_a_model(cls, value: str) -> str:
        if value.endswith(":"):
            raise ValueError("names no model after the colon")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> "Settings":
        if self.database == "postgres" and self.master_key is None:
            raise ValueError("SUPPORTRAG_MASTER_KEY is required with PostgreSQL: secrets kept there are encrypted.")
        return self

    @model_validator(mode="after")
    def _issuer_is_whole(self) -> "Settings":
        issuer = (self.oauth_issuer, self.oauth_jwks_url, self.oauth_audience)
        if any(issuer) and not all(issuer):
            raise ValueError("SUPPORTRAG_OAUTH_ISSUER, _JWKS_URL and _AUDIENCE are given together, or none of them.")
        if self.oauth_issuer == OWN_ISSUER:
            raise ValueError(f"SUPPORTRAG_OAUTH_ISSUER cannot be {OWN_ISSUER!r}: that is this service itself.")
        return self

    @property
    def in_process(self) -> tuple[str, ...]:
        """The settings by which state lives inside one process, where no other reaches it."""
        local = {
            f"{PREFIX}DATABASE_URL={self.database_url}": self.database == "memory",
            f"{PREFIX}REDIS_URL={self.redis_url}": self.redis == "memory",
            f"{PREFIX}VECTOR_URL={self.vector_url}": not self.vector_url.startswith("qdrant+"),
        }
        return tuple(name for name, is_local in local.items() if is_local)

    @property
    def is_shared(self) -> bool:
        """Whether any number of processes may serve and work side by side; else one process does it all."""
        return not self.in_process

    def require_shared(self, who: str) -> None:
        if not self.is_shared:
            raise BadSettings(
                f"{who} needs backends that processes share (postgresql://, redis://, qdrant+http://), and these "
                f"live inside one process: {', '.join(self.in_process)}. `supportrag serve` does the work then."
            )

    def require_room(self, others: Sequence[str]) -> None:
        """Raises `BadSettings` for the processes that are in this one's way on its database."""
        if not others:
            return
        if self.is_shared:
            why = "and it keeps its index or its cache to itself"
        else:
            why = f"and this one would keep to itself what both have to know: {', '.join(self.in_process)}"
        raise BadSettings(
            f"Another process has this database ({', '.join(others)}), {why}. "
            "Stop it, or give all of them a redis:// and a qdrant+http:// address."
        )

    @property
    def database(self) -> str:
        return "memory" if self.database_url.startswith("memory") else "postgres"

    @property
    def redis(self) -> str:
        return "memory" if self.redis_url.startswith("memory") else "redis"

    @property
    def vectors(self) -> str:
        return "faiss" if self.vector_url.startswith("faiss") else "qdrant"

    @property
    def embedder_kind(self) -> str:
        return self.embedder.partition(":")[0]

    @property
    def reranker_kind(self) -> str:
        return self.reranker.partition(":")[0]

    @property
    def uses_langfuse(self) -> bool:
        return self.langfuse_public_key is not None and self.langfuse_secret_key is not None

    @property
    def llm_kind(self) -> str:
        return self.llm.partition(":")[0]


_LOCAL_QUERY = re.compile(r"(path=[^&]+)?")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "database_url": ("memory://", "postgresql://", "postgres://"),
    "redis_url": ("memory://", "redis://", "rediss://"),
    "vector_url": ("faiss://", "qdrant+http://", "qdrant+https://", "qdrant://"),
    "embedder": ("bundled", "sentence-transformers:", "openai:"),
    "reranker": ("built-in", "none", "cross-encoder:"),
    "llm": ("extractive", "openai:"),
}


def read_settings(**overrides: object) -> Settings:
    """The settings of this process. Raises `BadSettings`."""
    _refuse_unknown_names()
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise BadSettings("\n".join(_said(each) for each in error.errors())) from None


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields} - {f"{PREFIX}OTEL_ENDPOINT"}
    given = {name.upper() for name in os.environ if name.upper().startswith(PREFIX)}
    unknown = sorted(name for name in given - known if not name.startswith(FOREIGN))
    if unknown:
        raise BadSettings(" ".join(f"{name} is not known{_meant(name, known)}." for name in unknown))


def _meant(name: str, known: set[str]) -> str:
    """The names that a typing error may have been, else all there are."""
    endings = [each.removeprefix(PREFIX) for each in sorted(known)]
    alike = [PREFIX + each for each in get_close_matches(name.removeprefix(PREFIX), endings)]
    return f" (is it {' or '.join(alike)}?)" if alike else f"; known are {', '.join(sorted(known))}"


def _said(offence: Mapping[str, object]) -> str:
    place = offence.get("loc") or ()
    name = f"{PREFIX}{str(place[0]).upper()}: " if isinstance(place, tuple) and place else ""
    return f"{name}{str(offence['msg']).removeprefix('Value error, ')}"
