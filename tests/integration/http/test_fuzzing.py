"""Hundreds of generated requests: none makes a mistake of ours, every answer is as documented."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests.support.border import build

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]
API = schemathesis.openapi.from_asgi("/schema/openapi.json", build()).exclude(path_regex="trouble|/stream|/ws$")
OPERATIONS = sorted((operation.ok() for operation in API.get_all_operations()), key=lambda each: each.label)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [
        pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
        for operation in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or operation.body or any(operation.iter_parameters())
    ],
)
def test_every_operation_holds_against_generated_requests(
    operation: schemathesis.schemas.APIOperation, mode: GenerationMode
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Authorization": "Bearer admin"})

    holds()
