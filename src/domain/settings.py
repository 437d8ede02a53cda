"""A tenant's configuration: what it may steer, the defaults, and the bounds of every value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from domain.bounds import Among, Between, Fixed, Length, TimeZone
from domain.languages import SUPPORTED

ReviewMode = Literal["always", "low_confidence", "never"]
Share = Annotated[float, Between(0, 1)]
Name = Annotated[str, Length(1, 100)]


@dataclass(frozen=True, slots=True)
class General:
    service_name: Name = "Support RAG"
    version: Annotated[str, Fixed()] = "1.0.0"
    timezone: Annotated[str, TimeZone()] = "UTC"


@dataclass(frozen=True, slots=True)
class Retrieval:
    vector_db: Annotated[str, Fixed()] = "faiss"
    embedding_model: Annotated[str, Fixed()] = "all-MiniLM-L6-v2"
    similarity_threshold: Share = 0.4
    top_k: Annotated[int, Between(1, 50)] = 5
    use_hybrid_search: bool = True
    use_reranking: bool = True
    bm25_weight: Share = 0.3
    vector_weight: Share = 0.7


@dataclass(frozen=True, slots=True)
class Generation:
    llm_model: Annotated[str, Fixed()] = "extractive"
    temperature: Annotated[float, Between(0, 2)] = 0.1
    max_tokens: Annotated[int, Between(1, 8192)] = 500


@dataclass(frozen=True, slots=True)
class Cache:
    enabled: bool = True
    semantic: bool = True
    ttl_seconds: Annotated[int, Between(1, 2_592_000)] = 3600
    max_size_mb: Annotated[int, Between(1, 1_000_000)] = 1000
    similarity_threshold: Annotated[float, Between(0.5, 1)] = 0.85
    """Of two questions, before the guard looks at their words."""


@dataclass(frozen=True, slots=True)
class Limits:
    max_query_length: Annotated[int, Between(3, 2000)] = 2000
    max_conversation_turns: Annotated[int, Between(0, 20)] = 20
    query_timeout_seconds: Annotated[int, Between(1, 30)] = 30
    batch_query_max_size: Annotated[int, Between(1, 1000)] | None = None
    """None: the tier's."""
    max_pairs_per_draft: Annotated[int, Between(1, 100_000)] = 5000
    max_question_length: Annotated[int, Between(10, 10_000)] = 500
    max_answer_length: Annotated[int, Between(10, 200_000)] = 20_000
    max_file_mb: Annotated[int, Between(1, 1024)] = 25


@dataclass(frozen=True, slots=True)
class Languages:
    supported: Annotated[tuple[str, ...], Length(1, len(SUPPORTED)), Among(SUPPORTED)] = SUPPORTED
    auto_translate: bool = True


@dataclass(frozen=True, slots=True)
class Ingestion:
    review: ReviewMode = "low_confidence"
    review_threshold: Share = 0.6
    """Pairs whose category and intent are both at least this sure are let in without review."""
    near_duplicate_threshold: Share = 0.9
    """Share of words in common from which two pairs count as near duplicates."""


@dataclass(frozen=True, slots=True)
class Escalation:
    confidence_threshold: Share = 0.5
    repeated_question_limit: Annotated[int, Between(2, 100)] = 3
    intent_weight_threshold: Share = 0.8
    default_team: Name = "general_support"
    default_category: Name = "general"
    teams: Annotated[Mapping[str, Name], Length(0, 1000)] = field(default_factory=dict)
    """Category to team; a category that is not here goes to the default team."""


@dataclass(frozen=True, slots=True)
class ConfidenceFit:
    """How confidence is moved to this knowledge base, by its own labelled answers: `sigmoid(slope * z + shift)`."""

    slope: Annotated[float, Between(0.1, 10)] = 1.0
    shift: Annotated[float, Between(-20, 20)] = 0.0
    labels: Annotated[int, Between(0, 1_000_000)] = 0
    fitted_for: Annotated[str, Length(0, 64)] = ""
    """Fingerprint of the constants that it moves; with others it rests. Empty: whatever they are."""


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
    calibration: ConfidenceFit = ConfidenceFit()
    guardrails: Mapping[str, GuardrailSetting] = field(default_factory=dict)
