"""One question on its way through the pipeline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from application.generation import Emit
from application.ports.cache import CacheScope
from application.ports.models import GenerationOptions
from application.retrieval import Retrieved
from application.tenants import TenantView
from application.trace import StepTimer
from domain.queries import Action, Answer, EscalationVerdict, Question, Source, Turn
from domain.ranking import Fusion
from domain.retrieval import Filters


@dataclass(slots=True)
class Run:
    """What went in, and what is known so far."""

    tenant: TenantView
    question: Question
    history: Sequence[Turn] = ()
    earlier_questions: Sequence[str] = ()
    """What the person asked before in this session."""
    emit: Emit | None = None
    filters: Filters = field(default_factory=Filters)
    timer: StepTimer = field(default_factory=StepTimer)
    text: str = ""
    """The question as it may be recorded."""
    shown: tuple[str, str] = ("", "")
    """The question last shown in a trace, and how."""
    language: str = "en"
    standalone: str = ""
    leaning: bool = False
    """It needed what was said before."""
    bare: str = ""
    """As it is put to pairs about the subject: without the words that were taken along to name that."""
    subject: Mapping[str, str] = field(default_factory=dict)
    """What the conversation is about, as metadata that pairs carry."""
    found: Retrieved | None = None
    confidence: float | None = None
    logit: float | None = None
    candidate: str | None = None
    """The pair that the logit is of."""
    verdict: EscalationVerdict | None = None
    sources: tuple[Source, ...] = ()
    category: str | None = None
    intent: str | None = None
    answer: Answer | None = None
    degraded: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        wanted = self.question.options.timeout_seconds
        return float(wanted or self.tenant.settings.limits.query_timeout_seconds)

    @property
    def fusion(self) -> Fusion:
        retrieval = self.tenant.settings.retrieval
        wanted = self.question.options.use_hybrid_search
        hybrid = retrieval.use_hybrid_search if wanted is None else wanted
        return Fusion(retrieval.vector_weight, retrieval.bm25_weight, hybrid)

    def degrade(self, *parts: str) -> None:
        self.degraded += [part for part in parts if part not in self.degraded]

    @property
    def scope(self) -> CacheScope:
        """What another question must share with this one to get its answer."""
        wanted, view = self.question.options, self.tenant
        options = [wanted.use_hybrid_search, wanted.use_reranking, wanted.temperature, wanted.max_tokens]
        filters = json.dumps([dict(self.filters.metadata), dict(self.subject)], sort_keys=True)
        return CacheScope(view.tenant_id, view.knowledge_version, self.language, filters, json.dumps(options))

    @property
    def generation_options(self) -> GenerationOptions:
        settings, wanted = self.tenant.settings.generation, self.question.options
        left = max(0.5, self.seconds - self.timer.elapsed_ms / 1000 - 0.5)
        return GenerationOptions(
            temperature=settings.temperature if wanted.temperature is None else wanted.temperature,
            max_tokens=wanted.max_tokens or settings.max_tokens,
            timeout_seconds=min(20.0, left),
        )

    @property
    def uses_cache(self) -> bool:
        return self.tenant.settings.cache.enabled and self.question.options.use_cache

    def summary(self) -> dict[str, Any]:
        """What the answer says of how it came about."""
        found = self.found
        return {
            "retrieval_mode": found.mode if found else "none",
            "documents_checked": found.checked if found else 0,
            "documents_used": len(self.sources) if self.verdict is None else 0,
            "language_detected": self.language,
            "answer_language": self._answer_language(),
            "degraded": list(self.degraded),
            **self.metadata,
        }

    def _answer_language(self) -> str | None:
        if self.metadata.get("generation_mode") == "llm":
            return self.language
        return self.sources[0].language if self.verdict is None and self.sources else None

    def replied(self, text: str) -> Answer:
        return Answer(text, self.confidence or 0.0, Action.AUTO_REPLY, self.sources, metadata=self.summary())

    def handed_over(self) -> Answer:
        return Answer(
            None, self.confidence or 0.0, Action.ESCALATE, (), escalation=self.verdict, metadata=self.summary()
        )
