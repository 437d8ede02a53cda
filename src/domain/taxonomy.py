"""Intents and categories: how knowledge and questions are labelled."""

import re
from dataclasses import dataclass, field

from domain.aggregates import Aggregate


INTENT_PREFIX = "intent_"


def intent_id(label: str) -> str:
    return label if label.startswith(INTENT_PREFIX) else f"{INTENT_PREFIX}{label}"


def intent_label(name: str) -> str:
    return name.removeprefix(INTENT_PREFIX)


def slug(name: str) -> str:
    """`Refund Status` becomes `refund_status`."""
    return "_".join(re.findall(r"\w+", name.casefold()))


@dataclass(slots=True, kw_only=True)
class Intent(Aggregate):
    name: str
    description: str = ""
    examples: tuple[str, ...] = ()
    category: str | None = None
    escalation_weight: float = 0.0
    usage_count: int = 0

    @property
    def label(self) -> str:
        """What pairs call it: `policy_info` for `intent_policy_info`."""
        return intent_label(self.id)


@dataclass(slots=True, kw_only=True)
class Category(Aggregate):
    name: str
    description: str = ""
    parent_category: str | None = None
    aliases: tuple[str, ...] = field(default=())
