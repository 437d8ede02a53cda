"""Chains of calls that the OpenAPI document allows, by three kinds of key: no 5xx, every answer as documented."""

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.matrix import document
from tests.support.system import KEY, SystemUnderTest

COURSES = int(os.environ.get("SUPPORTRAG_TEST_FUZZ_EXAMPLES", "8"))
STEPS = 6
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
KEYS: dict[str, dict[str, Any]] = {
    "reader": {"scopes": ["read"]},
    "administrator": {"scopes": ["write", "admin"]},
    "page": {"scopes": ["chat"], "origins": ["https://shop.example"]},
}


class Findings:
    """What the chains of one kind of key met."""

    def __init__(self) -> None:
        self.begun = 0
        self.statuses: list[int] = []
        self.failures: list[Exception] = []


def machine(server: str, headers: dict[str, Any], found: Findings) -> Any:
    api = schemathesis.openapi.from_dict(document())
    api = api.exclude(path_regex="/stream$|/ws$|^/docs|^/schema|^/api/v1/events$|^/health$|^/api/v1/api-keys")

    class Caller(api.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            found.begun += 1

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"base_url": server, "headers": headers}

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            found.statuses.append(response.status_code)
            try:
                case.validate_response(response, checks=CHECKS, headers=headers)
            except Exception as failure:
                found.failures.append(failure)
                raise

    return Caller


def run(chains: Any, found: Findings, courses: int) -> None:
    """A chain goes on from what the server answered before. Hypothesis takes it for flaky when it begins one again
    and the server, which remembers, answers otherwise; then the rest is drawn afresh, as schemathesis itself does."""
    while found.begun < courses and not found.failures:
        chosen = settings(
            max_examples=courses - found.begun,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        try:
            chains.run(settings=chosen)
        except Flaky:
            continue


@pytest.mark.parametrize("kind", KEYS)
def test_chains_of_calls_hold_for_every_kind_of_key(server: str, kind: str) -> None:
    body = {"name": kind, "tenant_id": f"fuzz_{kind}", "tier": "enterprise", **KEYS[kind]}
    platform = {"Authorization": f"Bearer {KEY}"}
    made = httpx.post(f"{server}/api/v1/api-keys", json=body, headers=platform).raise_for_status().json()
    own = {"Authorization": f"Bearer {made['data']['api_key']}", "Origin": "https://shop.example"}
    found = Findings()
    run(machine(server, own, found), found, COURSES)
    assert found.failures == []
    assert found.begun >= COURSES and len(found.statuses) >= COURSES
    assert not [status for status in found.statuses if status >= 500 and status != 503]


async def test_what_is_named_in_any_script_has_a_location_that_is_ascii(system: SystemUnderTest) -> None:
    made = await system.http.post("/api/v1/categories", json={"name": "Возврат"})
    assert made.status_code == 201 and made.headers["location"].isascii()
    found = await system.http.get(made.headers["location"])
    assert found.json()["data"]["name"] == "Возврат"
