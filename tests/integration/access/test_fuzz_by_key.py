"""Chains of calls that the OpenAPI document allows, by three kinds of key: no 5xx, every answer as documented."""

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
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


@pytest.mark.parametrize("kind", KEYS)
def test_chains_of_calls_hold_for_every_kind_of_key(server: str, kind: str) -> None:
    body = {"name": kind, "tenant_id": f"fuzz_{kind}", "tier": "enterprise", **KEYS[kind]}
    platform = {"Authorization": f"Bearer {KEY}"}
    made = httpx.post(f"{server}/api/v1/api-keys", json=body, headers=platform).raise_for_status().json()
    own = {"Authorization": f"Bearer {made['data']['api_key']}", "Origin": "https://shop.example"}
    seen: list[int] = []
    api = schemathesis.openapi.from_dict(document())
    api = api.exclude(path_regex="/stream$|/ws$|^/docs|^/schema|^/api/v1/events$|^/health$|^/api/v1/api-keys")

    class Caller(api.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"base_url": server, "headers": own}

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            seen.append(response.status_code)
            case.validate_response(response, checks=CHECKS, headers=own)

    Caller.run(
        settings=settings(
            max_examples=COURSES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
    )
    assert len(seen) >= COURSES and not [status for status in seen if status >= 500 and status != 503]


async def test_what_is_named_in_any_script_has_a_location_that_is_ascii(system: SystemUnderTest) -> None:
    made = await system.http.post("/api/v1/categories", json={"name": "Возврат"})
    assert made.status_code == 201 and made.headers["location"].isascii()
    found = await system.http.get(made.headers["location"])
    assert found.json()["data"]["name"] == "Возврат"
