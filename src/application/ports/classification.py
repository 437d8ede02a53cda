"""Labelling texts with the tenant's own intents and categories."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.vectors import Vector

Features = Sequence[Vector]
"""One text: its vectors in the spaces that serve its language, always in the same order."""


@dataclass(frozen=True, slots=True)
class Label:
    """`None` for "none of these"; the confidence is then that of there being none."""

    name: str | None
    confidence: float
    none: float = 0.0
    """How probable it is that none fits."""
    candidates: tuple[tuple[str, float], ...] = field(default=())
    """The most fitting labels, best first, each with its confidence; also where the answer is none."""


@dataclass(frozen=True, slots=True)
class Labels:
    intent: Label
    category: Label


class Classifier(Protocol):
    """Gives each text the tenant's most fitting intent and category, in the order of `texts`.

    A tenant without intents or labelled knowledge gets `None` with confidence 0 for that kind.
    """

    async def __call__(self, tenant_id: str, texts: Sequence[str], language: str) -> list[Labels]: ...


@dataclass(frozen=True, slots=True)
class Fitness:
    """What a model was found to be worth on examples that it had not seen."""

    method: str
    """linear or nearest, whichever got more of them right."""
    held_out: int
    accuracy: dict[str, float]
    """By method; empty where nothing could be held out."""


class LabelModel(Protocol):
    """What was learnt from one set of examples. Pure computation; changes nothing."""

    @property
    def fitness(self) -> Fitness: ...

    async def classify(self, texts: Sequence[Features]) -> list[Label]:
        """In the order of `texts`, off the event loop."""
        ...


class Trainer(Protocol):
    """Learns to label from examples.

    The confidence is calibrated on examples held out from fitting: of 100 labels given at 0.9 about 90 are
    right, for texts like the examples. `None` is an answer like any other, and needs no examples of its own.
    """

    async def fit(self, labels: Sequence[str], examples: Sequence[Features]) -> LabelModel:
        """Off the event loop; at least one example. The same examples give the same model."""
        ...
