"""Embeddings as the core sees them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Vector: TypeAlias = array[float]
else:
    Vector = array  # Python 3.11 cannot subscript it at run time
"""Type code 'f': 32-bit floats in a buffer that adapters read without copying."""


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """One model's space. Vectors of different spaces, or digests, must never be compared."""

    name: str
    model: str
    dimension: int
    digest: str
    """Identifies the weights: a SHA-256 prefix, or the provider's model name and version."""
    languages: tuple[str, ...] | None
    """The languages it serves; None for any."""


def weighted_sum(parts: Sequence[tuple[Vector, float]]) -> Vector:
    """The sum of the vectors by their weights; inner products with it add up the same way."""
    if len(parts) == 1 and parts[0][1] == 1.0:
        return parts[0][0]
    vectors, weights = zip(*parts, strict=True)
    return array("f", (sum(map(mul, weights, column)) for column in zip(*vectors, strict=True)))


def cosine(first: Vector, second: Vector) -> float:
    """Of unit-length vectors."""
    return float(sum(map(mul, first, second)))
