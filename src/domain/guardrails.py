"""What may be asked and what may be said: the rules, and what they do to a text in which something was found."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeVar

from domain.errors import InvalidInput
from domain.seams import settled
from domain.settings import GuardrailSetting

E = TypeVar("E", bound=StrEnum)
Verdict = Literal["passed", "warned", "redacted", "blocked"]


class Direction(StrEnum):
    INPUT = "input"
    OUTPUT = "output"


class Action(StrEnum):
    BLOCK = "block"
    REDACT = "redact"
    WARN = "warn"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Rule:
    rule_id: str
    name: str
    direction: Direction
    enabled: bool
    severity: Severity
    action: Action
    error_message: str
    """Told to the person whose text was blocked."""


@dataclass(frozen=True, slots=True)
class Finding:
    rule_id: str
    start: int
    end: int
    """Offsets in characters, the end excluded."""
    kind: str
    """What it is, in capitals: EMAIL, CARD, PASSWORD; it becomes the placeholder `[EMAIL]`."""


@dataclass(frozen=True, slots=True)
class Screening:
    """`text` is what may go on; of a blocked text, what may be recorded: personal data and bad words masked."""

    text: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    """Those that count: of enabled rules, and not allowed. Offsets are those of the text as it came."""
    blocked_by: Rule | None = None


PROFANITY = "gr_profanity"
SQL_INJECTION = "gr_sql_injection"
PROMPT_INJECTION = "gr_prompt_injection"
PII_INPUT = "gr_pii_input"
PII = "gr_pii"
SECRETS = "gr_secrets"
UNGROUNDED = "gr_ungrounded"

_IN, _OUT = Direction.INPUT, Direction.OUTPUT
_BLOCK, _REDACT = Action.BLOCK, Action.REDACT
_MEDIUM, _HIGH, _CRITICAL = Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL

RULES = tuple(
    Rule(*fields)
    for fields in (
        (PROFANITY, "Profanity Filter", _IN, True, _HIGH, _BLOCK, "Message contains inappropriate language"),
        (SQL_INJECTION, "SQL Injection Detection", _IN, True, _CRITICAL, _BLOCK, "Message contains database code"),
        (PROMPT_INJECTION, "Prompt Injection Detection", _IN, True, _CRITICAL, _BLOCK, "Message steers the assistant"),
        (PII_INPUT, "PII Detection in Questions", _IN, False, _MEDIUM, _REDACT, "Message contains personal data"),
        (PII, "PII Detection", _OUT, True, _HIGH, _REDACT, "Answer contains personal data"),
        (SECRETS, "Secret Detection", _OUT, True, _CRITICAL, _REDACT, "Answer contains a password or key"),
        (UNGROUNDED, "Grounding Check", _OUT, True, _HIGH, _BLOCK, "Answer is not supported by approved knowledge"),
    )
)

PUBLISHABLE = frozenset({"EMAIL", "PHONE", "IBAN", "IP"})
"""Kinds by which a company is reached or paid; as part of an approved source they are published, not personal."""

_SHOWN = frozenset({SQL_INJECTION, PROMPT_INJECTION})
"""Rules whose findings a record keeps readable: they are no secrets, and somebody has to judge the false alarms."""
_SEVERITIES = tuple(Severity)
_GRAVITY: tuple[Verdict, ...] = ("passed", "warned", "redacted", "blocked")


def rules_for(overrides: Mapping[str, GuardrailSetting]) -> tuple[Rule, ...]:
    """The rules as one tenant has adjusted them; ids that are no rule's are passed over."""
    return tuple(adjusted(rule, overrides[rule.rule_id]) if rule.rule_id in overrides else rule for rule in RULES)


def adjusted(rule: Rule, setting: GuardrailSetting) -> Rule:
    return replace(
        rule,
        enabled=rule.enabled if setting.enabled is None else setting.enabled,
        severity=_one_of(Severity, "severity", setting.severity, rule.severity),
        action=_one_of(Action, "action", setting.action, rule.action),
    )


def _one_of(kind: type[E], field: str, value: str | None, default: E) -> E:
    if value is None:
        return default
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidInput(f"{field} is one of {', '.join(kind)}", field=field) from error


def screen(text: str, findings: Iterable[Finding], rules: Iterable[Rule], allowed: Collection[str] = ()) -> Screening:
    """What becomes of a text in which this was found.

    `allowed` are the approved sources an answer rests on: contact details that stand in one of them word
    for word pass. Cards, identity numbers and secrets never do.
    """
    found = tuple(findings)
    enabled = {rule.rule_id: rule for rule in rules if rule.enabled}
    counting = tuple(f for f in found if f.rule_id in enabled and not published(text, f, allowed))
    by_action = {action: [f for f in counting if enabled[f.rule_id].action is action] for action in Action}
    if by_action[Action.BLOCK]:
        blocker = max(
            (enabled[f.rule_id] for f in by_action[Action.BLOCK]), key=lambda r: _SEVERITIES.index(r.severity)
        )
        return Screening(masked(text, (f for f in found if f.rule_id not in _SHOWN)), "blocked", counting, blocker)
    if by_action[Action.REDACT]:
        return Screening(masked(text, by_action[Action.REDACT]), "redacted", counting)
    return Screening(text, "warned" if counting else "passed", counting)


def published(text: str, finding: Finding, sources: Collection[str]) -> bool:
    value = text[finding.start : finding.end].casefold()
    return finding.kind in PUBLISHABLE and any(_stands_in(value, source.casefold()) for source in sources)


def _stands_in(value: str, source: str) -> bool:
    """As a whole: `ann@acme.com` does not stand in `joann@acme.com`."""
    start = source.find(value)
    while start >= 0:
        around = source[max(start - 1, 0) : start] + source[start + len(value) : start + len(value) + 1]
        if not any(c.isalnum() for c in around):
            return True
        start = source.find(value, start + 1)
    return False


def masked(text: str, findings: Iterable[Finding]) -> str:
    """The text with `[KIND]` in place of each span; spans that overlap become one, named for the longest."""
    parts: list[str] = []
    done = 0
    for start, end, kind in _merged(findings):
        parts += (text[done:start], f"[{kind}]")
        done = end
    return "".join((*parts, text[done:]))


def _merged(findings: Iterable[Finding]) -> list[tuple[int, int, str]]:
    spans: list[tuple[int, int, str]] = []
    longest = 0
    for f in sorted(findings, key=lambda f: (f.start, -f.end)):
        if not spans or f.start >= spans[-1][1]:
            spans.append((f.start, f.end, f.kind))
            longest = f.end - f.start
            continue
        start, end, kind = spans[-1]
        kind = f.kind if f.end - f.start > longest else kind
        longest = max(longest, f.end - f.start)
        spans[-1] = (start, max(end, f.end), kind)
    return spans


class StreamRedactor:
    """Screens an answer while it is being written, holding back only what could still become a finding.

    Whatever the pieces, everything returned put together is what screening the whole text would give;
    of a text that is blocked it is what came before the first blocked stretch. `find` must keep within
    seams (see `domain.seams.settled`).
    """

    def __init__(
        self,
        find: Callable[[str], Sequence[Finding]],
        rules: Iterable[Rule] = RULES,
        allowed: Collection[str] = (),
    ) -> None:
        self._find, self._rules, self._allowed = find, tuple(rules), allowed
        self._held, self._given = "", 0
        self._findings: list[Finding] = []
        self.verdict: Verdict = "passed"
        self.blocked_by: Rule | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What counted so far; offsets are those of the whole text as it came."""
        return tuple(self._findings)

    def feed(self, piece: str) -> str:
        looked_at, self._held = len(self._held), self._held + piece
        return self._release(settled(self._held, looked_at))

    def finish(self) -> str:
        return self._release(len(self._held))

    def _release(self, end: int) -> str:
        if end == 0 or self.blocked_by:
            return ""
        ready, self._held = self._held[:end], self._held[end:]
        screening = screen(ready, self._find(ready), self._rules, self._allowed)
        self._note(screening)
        self._given += end
        return "" if self.blocked_by else screening.text

    def _note(self, screening: Screening) -> None:
        at = self._given
        self._findings += [replace(f, start=f.start + at, end=f.end + at) for f in screening.findings]
        self.verdict = max(self.verdict, screening.verdict, key=_GRAVITY.index)
        self.blocked_by = self.blocked_by or screening.blocked_by
