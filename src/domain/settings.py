"""A tenant's configuration: what it may steer, the defaults, and the bounds of every value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain.languages import SUPPORTED

ReviewMode = Literal["always", "low_confidence", "never"]


@dataclass(frozen=True, slots=True)
class General:
    service_name: str = "Support RAG"
    version: str = "1.0.0"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Retrieval:
    vector_db: str = "faiss"
    embedding_model: str = "all-MiniLM-L6-v2"
    similarity_threshold: float = 0.4
    top_k: int = 5
    use_hybrid_search: bool = True
    use_reranking: bool = True
    bm25_weight: float = 0.3
    vector_weight: float = 0.7


@dataclass(frozen=True, slots=True)
class Generation:
    llm_model: str = "extractive"
    temperature: float = 0.1
    max_tokens: int = 500


@dataclass(frozen=True, slots=True)
class Cache:
    enabled: bool = True
    semantic: bool = True
    ttl_seconds: int = 3600
    max_size_mb: int = 1000
    similarity_threshold: float = 0.95


@dataclass(frozen=True, slots=True)
class Limits:
    max_query_length: int = 2000
    max_conversation_turns: int = 20
    query_timeout_seconds: int = 30
    batch_query_max_size: int | None = None
    """None: the tier's."""
    max_pairs_per_draft: int = 5000
    max_question_length: int = 500
    max_answer_length: int = 20_000
    max_file_mb: int = 25


@dataclass(frozen=True, slots=True)
class Languages:
    supported: tuple[str, ...] = SUPPORTED
    auto_translate: bool = True


@dataclass(frozen=True, slots=True)
class Ingestion:
    review: ReviewMode = "low_confidence"
    review_threshold: float = 0.6
    """Pairs whose category and intent are both at least this sure are let in without review."""
    near_duplicate_threshold: float = 0.9
    """Share of words in common from which two pairs count as near duplicates."""


@dataclass(frozen=True, slots=True)
class Escalation:
    confidence_threshold: float = 0.5
    repeated_question_limit: int = 3
    intent_weight_threshold: float = 0.8
    default_team: str = "general_support"
    default_category: str = "general"
    teams: Mapping[str, str] = field(default_factory=dict)
    """Category to team; a category that is not here goes to the default team."""


@dataclass(frozen=True, slots=True)
class GuardrailSetting:
    enabled: bool | None = None
    severity: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class TenantSettings:
    general: General = General()
    retrieval: Retrieval = Retrieval()
    generation: Generation = Generation()
    cache: Cache = Cache()
    limits: Limits = Limits()
    languages: Languages = Languages()
    ingestion: Ingestion = Ingestion()
    escalation: Escalation = Escalation()
    guardrails: Mapping[str, GuardrailSetting] = field(default_factory=dict)
