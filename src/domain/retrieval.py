"""Finding the pairs that answer a question: what may be found, and how what was found is ranked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search may find; all of them hold, an empty one admits everything."""

    categories: frozenset[str | None] = frozenset()
    """`None` among them admits what has no category; so also with intents."""
    intents: frozenset[str | None] = frozenset()
    languages: frozenset[str] = frozenset()
    updated_after: datetime | None = None
    requires_handoff: bool | None = None
    document_ids: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Free metadata of the pair (`extra`) that must equal these, e.g. {"entity": "HOTEL X"}."""

    def is_empty(self) -> bool:
        return self == Filters()


@dataclass(frozen=True, slots=True)
class IndexedFields:
    """What an index keeps beside a vector or a text, so that filters apply inside the search."""

    document_id: str
    language: str
    category: str | None
    intent: str | None
    requires_handoff: bool
    updated_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)

    def satisfy(self, filters: Filters) -> bool:
        return (
            (not filters.categories or self.category in filters.categories)
            and (not filters.intents or self.intent in filters.intents)
            and (not filters.languages or self.language in filters.languages)
            and (not filters.document_ids or self.document_id in filters.document_ids)
            and (filters.updated_after is None or self.updated_at > filters.updated_after)
            and (filters.requires_handoff is None or self.requires_handoff == filters.requires_handoff)
            and all(self.metadata.get(key) == value for key, value in filters.metadata.items())
        )
