"""Changes of a tenant's configuration: what was set over the defaults, by whom, when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.aggregates import Aggregate


@dataclass(slots=True, kw_only=True)
class ConfigChange(Aggregate):
    """`overrides` is the whole of what this tenant sets, nested, after the change; the newest one counts."""

    number: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    changed_fields: tuple[str, ...] = ()
    changed_by: str | None = None
    comment: str | None = None
