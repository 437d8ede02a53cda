"""Changes of a tenant's configuration: what was set over the defaults, by whom, when."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from domain.aggregates import Aggregate
from domain.settings import TenantSettings


@dataclass(slots=True, kw_only=True)
class ConfigChange(Aggregate):
    """`overrides` is the whole of what this tenant sets, nested, after the change; the newest one counts."""

    number: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    changed_fields: tuple[str, ...] = ()
    changed_by: str | None = None
    comment: str | None = None


def effective(defaults: TenantSettings, overrides: Mapping[str, Any]) -> TenantSettings:
    """The defaults with the overrides laid over them, section by section."""
    changed = {
        section: _laid_over(getattr(defaults, section), values)
        for section, values in overrides.items()
        if section in {field.name for field in fields(TenantSettings)}
    }
    return replace(defaults, **changed)


def _laid_over(section: Any, values: Any) -> Any:
    if isinstance(section, Mapping):
        return {**section, **values}
    known = {field.name for field in fields(section)}
    return replace(section, **{name: _frozen(value) for name, value in values.items() if name in known})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
