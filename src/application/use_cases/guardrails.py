"""The tenant's guardrails: which rules there are, adjusting them, trying a text on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from application.ports.guardrails import Detectors
from application.ports.models import LanguageDetector
from application.ports.system import Clock
from application.tenants import TenantViews
from application.use_cases.configuration import ChangeConfig
from domain.access import Caller
from domain.errors import NotFound
from domain.guardrails import RULES, Direction, Rule, Screening, rules_for, screen


@dataclass(frozen=True, slots=True)
class RuleChanged:
    rule: Rule
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Trial:
    """A text to try, on the rules of these directions; `rule_ids` narrows them."""

    text: str
    directions: Sequence[Direction] = tuple(Direction)
    language: str | None = None
    rule_ids: Sequence[str] = ()
    include_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What becomes of a text in one direction."""

    direction: Direction
    screening: Screening


class BrowseGuardrails:
    def __init__(self, views: TenantViews, detectors: Detectors, languages: LanguageDetector) -> None:
        self._views, self._detectors, self._languages = views, detectors, languages

    async def __call__(self, caller: Caller) -> tuple[Rule, ...]:
        return rules_for((await self._views.of(caller.tenant_id)).settings.guardrails)

    async def one(self, caller: Caller, rule_id: str) -> Rule:
        """Raises `NotFound`."""
        return _named(rule_id, await self(caller))

    async def test(self, caller: Caller, trial: Trial) -> tuple[Tried, ...]:
        """Nothing is recorded. Raises `NotFound` for a rule that is none."""
        rules = await self(caller)
        chosen = tuple(_named(rule_id, rules) for rule_id in trial.rule_ids) or rules
        if trial.include_disabled:
            chosen = tuple(replace(rule, enabled=True) for rule in chosen)
        language = trial.language or self._languages.detect(trial.text).language
        return tuple(self._tried(trial.text, direction, language, chosen) for direction in trial.directions)

    def _tried(self, text: str, direction: Direction, language: str, rules: Sequence[Rule]) -> Tried:
        findings = self._detectors.find(text, direction, language)
        return Tried(direction, screen(text, findings, rules))


class AdjustGuardrail:
    def __init__(self, change_config: ChangeConfig, clock: Clock) -> None:
        self._change_config, self._clock = change_config, clock

    async def __call__(self, caller: Caller, rule_id: str, changes: Mapping[str, Any]) -> RuleChanged:
        """A change of the configuration, with its history and rollback. Raises `NotFound`."""
        _named(rule_id, RULES)
        done = await self._change_config(caller, {"guardrails": {rule_id: changes}})
        rule = _named(rule_id, rules_for(done.settings.guardrails))
        return RuleChanged(rule, done.change.updated_at if done.change else self._clock.now())


def _named(rule_id: str, rules: Sequence[Rule]) -> Rule:
    for rule in rules:
        if rule.rule_id == rule_id:
            return rule
    raise NotFound(f"There is no guardrail {rule_id!r}.", field="rule_id")
