"""Labelling texts with the tenant's own intents and categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Label:
    """`None` for "none of these"; the confidence is then that of there being none."""

    name: str | None
    confidence: float


@dataclass(frozen=True, slots=True)
class Labels:
    intent: Label
    category: Label


class Classifier(Protocol):
    """Gives each text the tenant's most fitting intent and category, in the order of `texts`.

    A tenant without intents or labelled knowledge gets `None` with confidence 0 for that kind.
    """

    async def __call__(self, tenant_id: str, texts: Sequence[str], language: str) -> list[Labels]: ...
