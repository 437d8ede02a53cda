"""The rules on what may be asked and said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.guardrails import AdjustGuardrail, BrowseGuardrails, Trial, Tried
from domain.access import Scope
from domain.errors import Conflict, NotFound
from domain.guardrails import Action, Direction, Finding, Rule, Severity
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller


class RuleOut(Struct, kw_only=True):
    rule_id: str
    name: str
    enabled: bool
    severity: Severity
    action: Action
    error_message: str

    @staticmethod
    def of(rule: Rule) -> "RuleOut":
        return RuleOut(
            rule_id=rule.rule_id,
            name=rule.name,
            enabled=rule.enabled,
            severity=rule.severity,
            action=rule.action,
            error_message=rule.error_message,
        )


class RulesOut(Struct, kw_only=True):
    enabled: bool
    """Whether any of them is."""
    rules: list[RuleOut]

    @staticmethod
    def of(every: Sequence[Rule], direction: Direction) -> "RulesOut":
        mine = [rule for rule in every if rule.direction is direction]
        return RulesOut(enabled=any(rule.enabled for rule in mine), rules=[RuleOut.of(rule) for rule in mine])


class GuardrailsOut(Struct, kw_only=True):
    input_guardrails: RulesOut
    output_guardrails: RulesOut


class RuleEdit(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; null takes it back to the default."""

    enabled: bool | UnsetType | None = UNSET
    severity: Severity | UnsetType | None = UNSET
    action: Action | UnsetType | None = UNSET

    def changes(self) -> dict[str, bool | str | None]:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name: value if isinstance(value, bool | None) else str(value)
            for name, value in given.items()
            if value is not UNSET
        }


class RuleChangedOut(RuleOut, kw_only=True):
    updated_at: datetime


class TrialIn(Struct, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    direction: Literal["input", "output", "both"] = "both"
    language: Annotated[str, Meta(min_length=2, max_length=8)] | None = None
    rule_ids: Annotated[list[Id], Meta(max_length=50)] = []
    include_disabled: bool = False

    def to_trial(self) -> Trial:
        directions = tuple(Direction) if self.direction == "both" else (Direction(self.direction),)
        return Trial(self.text, directions, self.language, self.rule_ids, self.include_disabled)


class FindingOut(Struct, kw_only=True):
    rule_id: str
    kind: str
    start: int
    end: int
    """Offsets in characters, the end excluded."""

    @staticmethod
    def of(finding: Finding) -> "FindingOut":
        return FindingOut(rule_id=finding.rule_id, kind=finding.kind, start=finding.start, end=finding.end)


class TriedOut(Struct, kw_only=True):
    direction: Direction
    verdict: Literal["passed", "warned", "redacted", "blocked"]
    text: str
    """What would go on; of a blocked text, what would be recorded."""
    blocked_by: str
    """The rule; empty when none does."""
    error_message: str
    findings: list[FindingOut]

    @staticmethod
    def of(tried: Tried) -> "TriedOut":
        result = tried.screening
        return TriedOut(
            direction=tried.direction,
            verdict=result.verdict,
            text=result.text,
            blocked_by=result.blocked_by.rule_id if result.blocked_by else "",
            error_message=result.blocked_by.error_message if result.blocked_by else "",
            findings=[FindingOut.of(finding) for finding in result.findings],
        )


class TrialOut(Struct, kw_only=True):
    passed: bool
    """Nothing was found."""
    blocked: bool
    triggered_rules: list[str]
    results: list[TriedOut]

    @staticmethod
    def of(tried: Sequence[Tried]) -> "TrialOut":
        found = dict.fromkeys(finding.rule_id for each in tried for finding in each.screening.findings)
        return TrialOut(
            passed=not found,
            blocked=any(each.screening.verdict == "blocked" for each in tried),
            triggered_rules=list(found),
            results=[TriedOut.of(each) for each in tried],
        )


LINKS = {"self": "/api/v1/guardrails", "test": "/api/v1/guardrails/test"}


class GuardrailsController(Controller):
    path = "/api/v1/guardrails"
    tags = ("guardrails",)

    @get("/", operation_id="listGuardrails")
    async def browse(
        self, caller: Caller, browse_guardrails: NamedDependency[BrowseGuardrails]
    ) -> Envelope[GuardrailsOut]:
        """The rules as they are in force."""
        every = await browse_guardrails(caller)
        out = GuardrailsOut(
            input_guardrails=RulesOut.of(every, Direction.INPUT),
            output_guardrails=RulesOut.of(every, Direction.OUTPUT),
        )
        return ok(out, links=LINKS)

    @get("/{rule_id:str}", operation_id="getGuardrail", opt=rules(raises=(NotFound,)))
    async def one(
        self, rule_id: FromPath[Id], caller: Caller, browse_guardrails: NamedDependency[BrowseGuardrails]
    ) -> Envelope[RuleOut]:
        """One rule."""
        return ok(RuleOut.of(await browse_guardrails.one(caller, rule_id)), links=_links(rule_id))

    @put(
        "/{rule_id:str}",
        operation_id="adjustGuardrail",
        opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)),
    )
    async def adjust(
        self,
        rule_id: FromPath[Id],
        data: JSONBody[RuleEdit],
        caller: Caller,
        adjust_guardrail: NamedDependency[AdjustGuardrail],
    ) -> Envelope[RuleChangedOut]:
        """Switch a rule on or off, or change what it does."""
        done = await adjust_guardrail(caller, rule_id, data.changes())
        rule = done.rule
        out = RuleChangedOut(
            rule_id=rule.rule_id,
            name=rule.name,
            enabled=rule.enabled,
            severity=rule.severity,
            action=rule.action,
            error_message=rule.error_message,
            updated_at=done.updated_at,
        )
        return ok(out, links=_links(rule_id))

    @post("/test", status_code=200, operation_id="testGuardrails", opt=rules(scope=Scope.READ, raises=(NotFound,)))
    async def test(
        self, data: JSONBody[TrialIn], caller: Caller, browse_guardrails: NamedDependency[BrowseGuardrails]
    ) -> Envelope[TrialOut]:
        """Try a text on the rules; nothing is recorded."""
        return ok(TrialOut.of(await browse_guardrails.test(caller, data.to_trial())), links=LINKS)


def _links(rule_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/guardrails/{rule_id}", "guardrails": "/api/v1/guardrails"}
