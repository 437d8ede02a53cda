"""Embeddings as the core sees them."""

from array import array
from dataclasses import dataclass
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


def mix(first: Vector, second: Vector, weight: float) -> Vector:
    """`weight * first + (1 - weight) * second`; cosines with the result mix the same way."""
    rest = 1.0 - weight
    return array("f", (weight * a + rest * b for a, b in zip(first, second, strict=True)))
