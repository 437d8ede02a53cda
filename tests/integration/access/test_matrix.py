"""Route by scope by tenant, generated from the OpenAPI document: who gets in, and what a stranger learns."""

import re
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.access import visitor
from tests.support.belongings import everything_of
from tests.support.matrix import Operation, document, operations, told
from tests.support.system import SystemUnderTest, running

from adapters.storage.postgres.transactions import Transaction
from adapters.system.fixed import ManualClock

HOLDS = {
    "none": set(), "read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}, "chat": {"chat"},
}  # fmt: skip
FURTHER_RULES = {
    "GET /api/v1/tenants": "the platform's administrators only",
    "GET /metrics": "the platform's administrators, or METRICS_TOKEN",
    "DELETE /api/v1/history": "its method `hard` needs admin",
}
SHARED_NAMES = {"rule_id", "model"}
"""Path parameters that name the same thing in every tenant."""
ADMIN_BY_CONTRACT = re.compile(
    r"(POST|PUT|PATCH|DELETE) /api/v1/(config|guardrails/\{|intents|categories|webhooks(?!/incoming))"
    r"|\w+ /api/v1/(api-keys|audit|tenants|config/full|logs)|DELETE /api/v1/cache|DELETE /api/v1/users"
    r"|GET /api/v1/users/\{user_id\}/export|GET /metrics"
    r"|(POST|DELETE) /api/v1/evaluation/calibrat"  # changes how sure answers are held to be: configuration
)
OPEN_BY_CONTRACT = {
    "GET /health", "GET /api/v1/health", "GET /api/v1/ping", "GET /livez", "GET /readyz", "POST /oauth/token",
    "GET /.well-known/jwks.json", "POST /api/v1/webhooks/incoming/message", "POST /api/v1/webhooks/incoming/document",
    "POST /api/v1/webhooks/incoming/event", "POST /api/v1/channels/telegram/updates",
    "POST /api/v1/channels/slack/events",
}  # fmt: skip


@pytest.fixture
async def desk() -> AsyncIterator[SystemUnderTest]:
    async with running(clock=ManualClock()) as started:
        yield started


def test_the_document_says_of_each_route_what_the_contract_says() -> None:
    for operation in operations():
        if operation.label in OPEN_BY_CONTRACT or operation.path.startswith(("/docs", "/schema", "/console")):
            assert operation.scopes == (), operation.label
        elif ADMIN_BY_CONTRACT.match(operation.label):
            assert operation.scopes == ("admin",), operation.label
        elif operation.path.startswith(("/api/v1/chat/", "/api/v1/sessions")):
            assert "chat" in operation.scopes, operation.label
        elif operation.label not in {"GET /api/v1/events", "POST /api/v1/guardrails/test", "POST /mcp"}:
            assert operation.scopes == (("read",) if operation.method == "GET" else ("write",)), operation.label


def may(holder: str, operation: Operation) -> bool:
    return not operation.scopes or bool(HOLDS[holder] & set(operation.scopes))


async def test_every_route_lets_in_whoever_has_its_scope_and_nobody_else(
    desk: SystemUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    holders = {name: await visitor(desk, name) for name in HOLDS if name != "none"}
    table, wrong = [], []
    for operation in operations():
        statuses = {"none": await _without_token(desk, operation)}
        for name, holder in holders.items():
            statuses[name] = (await holder.request(**operation.request({}))).status_code
        table.append((operation.label, statuses))
        wrong += [
            f"{operation.label}: {name} got {status}"
            for name, status in statuses.items()
            if not _fits(name, operation, status)
        ]
    with capsys.disabled():
        _print(table)
    assert wrong == []


async def _without_token(desk: SystemUnderTest, operation: Operation) -> int:
    request = desk.http.build_request(**operation.request({}))
    del request.headers["authorization"]
    return (await desk.http.send(request)).status_code


def _fits(name: str, operation: Operation, status: int) -> bool:
    if status >= 500:  # let in, and too late or in vain: on a busy machine a first question may take its whole time
        declared = document()["paths"][operation.path][operation.method.lower()]["responses"]
        return status in (503, 504) and str(status) in declared and may(name, operation)
    if not operation.scopes:
        return status != 403
    if not may(name, operation):
        return status == (401 if name == "none" else 403)
    return status not in (401, 403) or operation.label in FURTHER_RULES


def _print(table: list[tuple[str, dict[str, int]]]) -> None:
    lines = [f"{'route':72}" + "".join(f"{name:>7}" for name in HOLDS)]
    lines += [f"{label:72}" + "".join(f"{statuses[name]:>7}" for name in HOLDS) for label, statuses in table]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


async def test_nobody_but_the_platform_gets_anywhere_with_another_tenants_header(desk: SystemUnderTest) -> None:
    await visitor(desk, tenant="acme")
    stranger = await visitor(desk, "admin", tenant="globex")
    for operation in operations():
        if operation.scopes:
            for tenant in ("acme", "nobody"):
                answer = await stranger.request(**operation.request({}), headers={"X-Tenant-ID": tenant})
                assert answer.status_code == 403, operation.label


def made_up(ids: dict[str, str], ending: str) -> dict[str, str]:
    """Ids of the same shape that nothing has."""
    return {name: re.sub(r".{4}$", ending, value) for name, value in ids.items()}


class Statements:
    """Records the SQL that is run, without its arguments. Log lines are written when a batch of them is due,
    whoever asks for what meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._seen: list[str] = []
        for verb in ("fetch", "fetchval", "fetch_each"):
            monkeypatch.setattr(Transaction, verb, self._recording(getattr(Transaction, verb)))

    def _recording(self, verb: Any) -> Any:
        async def recorded(transaction: Transaction, sql: str, *rest: Any) -> Any:
            if "INSERT INTO logs" not in sql:
                self._seen.append(sql)
            return await verb(transaction, sql, *rest)

        return recorded

    def taken(self) -> list[str]:
        seen, self._seen = self._seen, []
        return seen


async def test_what_another_tenant_has_looks_exactly_like_what_nobody_has(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same status, the same words, the same statements: nothing tells a foreign id from a made-up one."""
    async with running(clock=ManualClock(), database_url=database_url, master_key="m") as desk:
        theirs = await everything_of(await visitor(desk, "admin", "write", tenant="acme"))
        stranger = await visitor(desk, "admin", "write", tenant="globex")
        await stranger.ask()  # whatever is remembered of a tenant is remembered of this one
        statements, earlier, nothing = Statements(monkeypatch), made_up(theirs, "yyyy"), made_up(theirs, "zzzz")
        outcomes: Counter[int] = Counter()
        for operation in operations():
            names = operation.names(theirs) - SHARED_NAMES
            if not operation.scopes or not names:
                continue
            await stranger.request(**operation.request(earlier))  # nothing is done for the first time below
            statements.taken()
            foreign = await stranger.request(**operation.request(theirs))
            for_foreign = statements.taken()
            absent = await stranger.request(**operation.request(nothing))
            for_absent = statements.taken()
            assert foreign.status_code == absent.status_code, operation.label
            assert told(foreign.text, theirs) == told(absent.text, nothing), operation.label
            assert for_foreign == for_absent, operation.label
            outcomes[foreign.status_code] += 1
        owner_sees = await visitor(desk, "admin", "write", tenant="acme")
        assert (await owner_sees.get(f"/api/v1/documents/{theirs['document_id']}")).status_code == 200
    with capsys.disabled():
        sys.stdout.write(f"\n{sum(outcomes.values())} operations called with another tenant's ids: {dict(outcomes)}\n")
    assert outcomes[404] >= 40
