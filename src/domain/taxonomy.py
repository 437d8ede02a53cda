"""Intents and categories: how knowledge and questions are labelled."""

from dataclasses import dataclass, field

from domain.aggregates import Aggregate


@dataclass(slots=True, kw_only=True)
class Intent(Aggregate):
    name: str
    description: str = ""
    examples: tuple[str, ...] = ()
    category: str | None = None
    escalation_weight: float = 0.0
    usage_count: int = 0


@dataclass(slots=True, kw_only=True)
class Category(Aggregate):
    name: str
    description: str = ""
    parent_category: str | None = None
    aliases: tuple[str, ...] = field(default=())
