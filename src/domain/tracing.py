"""What the pipeline did for one question, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate


class Step(StrEnum):
    INPUT_GUARDRAILS = "input_guardrails"
    LANGUAGE_DETECTION = "language_detection"
    QUERY_REWRITING = "query_rewriting"
    CACHE_LOOKUP = "cache_lookup"
    RETRIEVAL = "retrieval"
    RERANKING = "reranking"
    ROUTING = "routing"
    GENERATION = "generation"
    OUTPUT_GUARDRAILS = "output_guardrails"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class Node:
    """One step: `status` is success, passed, blocked, skipped, degraded or failed."""

    node_name: str
    duration_ms: float
    status: str
    started_ms: float = 0.0
    """Milliseconds after the question came in."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Trace(Aggregate):
    """`id` is the query's; `trace_id` is the W3C id, which a caller may use for several questions."""

    trace_id: str
    query_id: str
    total_duration_ms: float
    nodes: tuple[Node, ...] = ()
