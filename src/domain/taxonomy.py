"""Intents and categories: how knowledge and questions are labelled."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import InvalidInput

INTENT_PREFIX = "intent_"
MAX_DEPTH = 10
"""Of the category tree."""
MAX_EXAMPLES = 2000
MAX_EXAMPLE_LENGTH = 1000


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
    """A free label; a category of that name need not exist."""
    escalation_weight: float = 0.0

    @property
    def label(self) -> str:
        """What pairs call it: `policy_info` for `intent_policy_info`."""
        return intent_label(self.id)

    def edit(self, now: datetime, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.updated_at = now


@dataclass(slots=True, kw_only=True)
class ExampleVectors(Aggregate):
    """The examples of one intent in one space, kept so that they are embedded once. `id` is `vectors_id`."""

    space: str
    """Name, dimension and digest of the model."""
    texts_digest: str
    vectors: bytes = b""
    """32-bit floats, one vector after another, in the order of the examples."""


def vectors_id(owner_id: str, space_name: str) -> str:
    return f"{owner_id}/{space_name}"


def texts_digest(texts: Sequence[str]) -> str:
    digest = sha256()
    for text in texts:
        digest.update(sha256(text.encode()).digest())
    return digest.hexdigest()[:32]


@dataclass(slots=True, kw_only=True)
class Category(Aggregate):
    name: str
    description: str = ""
    parent_category: str | None = None
    aliases: tuple[str, ...] = field(default=())

    def edit(self, now: datetime, changes: Mapping[str, Any]) -> None:
        for name, value in changes.items():
            setattr(self, name, value)
        self.updated_at = now


class Tree:
    """The categories as they hang together. One whose parent is gone stands at the top."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self.by_id = {category.id: category for category in categories}

    def ancestors(self, category_id: str | None) -> list[Category]:
        """From the category itself upwards; a ring, which should not be, ends where it began."""
        found: dict[str, Category] = {}
        while category_id in self.by_id and category_id not in found:
            found[category_id] = self.by_id[category_id]
            category_id = found[category_id].parent_category
        return list(found.values())

    def children(self, category_id: str | None) -> list[Category]:
        """By name; of None the ones at the top."""
        found = [c for c in self.by_id.values() if self._parent(c) == category_id]
        return sorted(found, key=lambda c: (c.name.casefold(), c.id))

    def _parent(self, category: Category) -> str | None:
        return category.parent_category if category.parent_category in self.by_id else None

    def require_parent(self, category_id: str, parent_id: str | None) -> list[Category]:
        """The ancestors that the category would get. Raises `InvalidInput` where the parent is unknown, is the
        category or lies below it, or where the tree would get too deep."""
        if parent_id is None:
            return []
        above = self.ancestors(parent_id)
        if not above:
            raise InvalidInput(f"There is no category {parent_id!r}.", field="parent_category")
        if any(category.id == category_id for category in above):
            raise InvalidInput(
                "A category cannot stand below itself.", field="parent_category", details={"rule": "no_cycle"}
            )
        if len(above) + self._height(category_id) > MAX_DEPTH:
            details = {"rule": "max_depth", "max_depth": MAX_DEPTH}
            raise InvalidInput(f"The tree has at most {MAX_DEPTH} levels.", field="parent_category", details=details)
        return above

    def _height(self, category_id: str) -> int:
        level, height = [category_id], 1
        while height <= MAX_DEPTH and (below := [c.id for each in level for c in self.children(each)]):
            level, height = below, height + 1
        return height


def checked_examples(examples: Sequence[str]) -> tuple[str, ...]:
    """Trimmed, each once."""
    trimmed = [text.strip() for text in examples]
    return tuple(dict.fromkeys(text for text in trimmed if text))
