"""Changes of a tenant's configuration: what was set over the defaults, by whom, when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from domain.aggregates import Aggregate
from domain.guardrails import rules_for
from domain.settings import GuardrailSetting, TenantSettings

Path = tuple[str, ...]
"""Where a setting stands: ("retrieval", "top_k")."""
S = TypeVar("S")


@dataclass(slots=True, kw_only=True)
class ConfigChange(Aggregate):
    """`overrides` is the whole of what this tenant sets, nested, after the change; the newest one counts."""

    number: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    changed_fields: tuple[str, ...] = ()
    changed_by: str | None = None
    comment: str | None = None


def change_id(number: int) -> str:
    """One id per number, so that of two changes made at once the second one is stale and is made again."""
    return f"cfg_{number:012d}"


def effective(defaults: TenantSettings, overrides: Mapping[str, Any]) -> TenantSettings:
    """The defaults with the overrides laid over them; names that are no setting's (any more) are passed over."""
    changed = {
        section: _laid_over(getattr(defaults, section), values)
        for section, values in overrides.items()
        if section in _names(defaults) and section != "guardrails"
    }
    rules = {
        rule_id: _laid_over(defaults.guardrails.get(rule_id, GuardrailSetting()), values)
        for rule_id, values in overrides.get("guardrails", {}).items()
    }
    return replace(defaults, **changed, guardrails={**defaults.guardrails, **rules})


def _laid_over(section: S, values: Mapping[str, Any]) -> S:
    known = {name: value for name, value in values.items() if name in _names(section)}
    return replace(section, **{name: _joined(getattr(section, name), value) for name, value in known.items()})  # type: ignore[type-var]


def _joined(default: Any, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return {**default, **value} if isinstance(default, Mapping) else value


def _names(section: Any) -> set[str]:
    return {member.name for member in fields(section)}


def shown(settings: TenantSettings) -> TenantSettings:
    """With every guardrail as it is in force, changed or not."""
    rules = {r.rule_id: GuardrailSetting(r.enabled, r.severity, r.action) for r in rules_for(settings.guardrails)}
    return replace(settings, guardrails=rules)


def in_force(settings: TenantSettings) -> dict[Path, Any]:
    """Every value by its path."""
    return dict(leaves(asdict(shown(settings))))


def leaves(values: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What is set, one value at a time; an empty mapping sets nothing."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*at, name))
        else:
            yield (*at, name), list(value) if isinstance(value, tuple) else value


def merged(overrides: Mapping[str, Any], changes: Mapping[str, Any], defaults: TenantSettings) -> dict[str, Any]:
    """The overrides with the changes laid over them, deeply. A null takes back what was set at or below it
    (RFC 7396), and what equals the value in force stays as it is: set, or left to the defaults."""
    kept = dict(leaves(overrides))
    now = in_force(effective(defaults, overrides))
    for path, value in leaves(changes):
        if value is None:
            kept = {known: held for known, held in kept.items() if known[: len(path)] != path}
        elif path not in now or now[path] != value:
            kept[path] = value
    return nested(kept)


def nested(flat: Mapping[Path, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for path, value in flat.items():
        place = whole
        for name in path[:-1]:
            place = place.setdefault(name, {})
        place[path[-1]] = value
    return whole


def differences(before: TenantSettings, after: TenantSettings, first: Sequence[Path] = ()) -> tuple[str, ...]:
    """The dotted names of the values that differ, those of `first` first and in its order."""
    old, new = in_force(before), in_force(after)
    every = dict.fromkeys((*(path for path in first if path in old or path in new), *new, *old))
    return tuple(".".join(path) for path in every if old.get(path, _ABSENT) != new.get(path, _ABSENT))


_ABSENT = object()


def drawback(settings: TenantSettings, changed: Sequence[str]) -> str | None:
    """A sentence on what of the change will not do what one might expect."""
    extractive = settings.generation.llm_model == "extractive"
    idle = [name for name in changed if name in _NEEDS_MODEL] if extractive else []
    if idle:
        return f"Without a language model {', '.join(idle)} will have no effect: answers are given word for word."
    if not settings.cache.enabled and any(name.startswith("cache.") and name != "cache.enabled" for name in changed):
        return "The cache is off, so that its other settings have no effect."
    if not settings.retrieval.use_hybrid_search and {"retrieval.bm25_weight", "retrieval.vector_weight"} & set(changed):
        return "Hybrid search is off, so that the weights have no effect."
    return None


_NEEDS_MODEL = frozenset({"generation.temperature", "generation.max_tokens", "languages.auto_translate"})


def renamed_category(overrides: Mapping[str, Any], old: str, new: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The overrides with a category under its new name, and the dotted names of what that changed."""
    kept: dict[Path, Any] = {}
    changed: list[Path] = []
    for path, value in leaves(overrides):
        if path == ("escalation", "teams", old):
            changed += [(*path[:2], new), path]
            kept[*path[:2], new] = value
        elif path == ("escalation", "default_category") and value == old:
            changed.append(path)
            kept[path] = new
        else:
            kept[path] = value
    return nested(kept), tuple(".".join(path) for path in changed)
