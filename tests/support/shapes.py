"""Holds an answer against an example: every key path of the example, with the same JSON type."""

from collections.abc import Iterator
from typing import Any

NULLABLE = frozenset(
    """data.sources[].url data.results[].url data.answer data.feedback data.warning data.completed_at data.error
    data.eta_seconds data.result.next_step data.result.review_url data.statistics.avg_user_rating
    data.qa_pairs[].metadata.confidence data.qa_pairs[].metadata.confidence.category
    data.qa_pairs[].metadata.confidence.intent data.metadata.confidence data.metadata.confidence.category
    data.metadata.confidence.intent data.average_satisfaction data.data_points[].satisfaction_score
    data.trends[].avg_satisfaction data.documents[].user_satisfaction data.data_points[].average_response_time_ms
    data.data_points[].cache_hit_rate data.data_points[].availability data.trends[].category
    data.webhooks[].last_delivery data.logs[].request_id data.logs[].trace_id data.deliveries[].response_code
    data.per_query[].context_precision data.per_query[].context_recall data.per_query[].faithfulness
    data.metrics.context_precision.mean data.metrics.context_recall.mean data.metrics.faithfulness.mean""".split()
)
"""What the contract lets be null."""


def differences(example: Any, answer: Any, path: str = "") -> Iterator[str]:
    """One sentence for each way in which the answer falls short of the example."""
    if answer is None and example is not None and path in NULLABLE:
        return
    if kind(example) != kind(answer):
        yield f"{path or 'the answer'} is {kind(answer)}, not {kind(example)}"
    elif isinstance(example, dict):
        yield from _of_object(example, answer, path)
    elif isinstance(example, list) and example:
        if not answer:
            yield f"{path} is empty, so that its items cannot be compared"
        yield from _of_list(example, answer, f"{path}[]")


def _of_object(example: dict[str, Any], answer: dict[str, Any], path: str) -> Iterator[str]:
    for key, value in example.items():
        place = f"{path}.{key}" if path else key
        if key in answer:
            yield from differences(value, answer[key], place)
        else:
            yield f"{place} is missing"


def _of_list(examples: list[Any], answer: list[Any], path: str) -> Iterator[str]:
    """Every item has what all examples share; each example is met by at least one item."""
    for item in answer:
        yield from differences(_shared(examples), item, path)
    for example in examples:
        found = [list(differences(example, item, path)) for item in answer]
        if found and all(found):
            yield from min(found, key=len)


def _shared(examples: list[Any]) -> Any:
    first = examples[0]
    if not isinstance(first, dict):
        return first
    return {
        key: _shared([e[key] for e in examples])
        for key, value in first.items()
        if all(isinstance(e, dict) and key in e and kind(e[key]) == kind(value) for e in examples)
    }


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return {str: "a string", list: "an array", dict: "an object", type(None): "null"}[type(value)]
