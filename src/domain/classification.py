"""Which label a text gets from examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.confidence import sigmoid
from domain.vectors import Vector, cosine

NONE_BELOW = 0.35
"""A nearest example less alike than this says that no label fits."""
_SLOPE, _GAP, _BIAS = 9.0, 8.0, -5.0


@dataclass(frozen=True, slots=True)
class Example:
    label: str
    vector: Vector


def nearest_label(vector: Vector, examples: Sequence[Example]) -> tuple[str | None, float]:
    """The label of the nearest example and how sure that is; None for "none of these"."""
    best: dict[str, float] = {}
    for example in examples:
        best[example.label] = max(best.get(example.label, -1.0), cosine(vector, example.vector))
    if not best:
        return None, 0.0
    ordered = sorted(best.items(), key=lambda item: -item[1])
    label, top = ordered[0]
    gap = top - ordered[1][1] if len(ordered) > 1 else 0.2
    sure = round(sigmoid(_SLOPE * top + _GAP * gap + _BIAS), 4)
    return (label, sure) if top >= NONE_BELOW else (None, round(1.0 - sure, 4))
