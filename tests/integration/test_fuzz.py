"""Whatever the OpenAPI document allows, and much that it does not: no 5xx, and every answer as documented."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.system import KEY

from entrypoints.container import build
from entrypoints.http.openapi import build_openapi
from entrypoints.http.server import build_app
from entrypoints.settings import Settings
from entrypoints.system import System

EXAMPLES = int(os.environ.get("SUPPORTRAG_TEST_FUZZ_EXAMPLES", "8"))
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
AUTH = {"Authorization": f"Bearer {KEY}"}
NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "guardrails" / "naughty_strings.jsonl"

DOCUMENT = json.loads(json.dumps(build_openapi(build_app(System(build(Settings(_env_file=None)))), "1.0.0")))
API = schemathesis.openapi.from_dict(DOCUMENT).exclude(path_regex="/stream$|/ws$|^/docs|^/schema|^/api/v1/events$")
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
    operation: schemathesis.schemas.APIOperation, mode: GenerationMode, server: str
) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=server, checks=CHECKS, headers=AUTH)

    holds()


BAD_QUESTIONS: dict[str, Any] = {
    "too short": {"question": "ab"},
    "too long": {"question": "a" * 2001},
    "missing": {},
    "wrong type": {"question": 7},
    "null": {"question": None},
    "unknown field": {"question": "How do I return it?", "quesiton": "typo"},
    "bad option": {"question": "How do I return it?", "options": {"timeout_seconds": 31}},
    "too much history": {"question": "And it?", "conversation_history": [{"role": "user", "content": "hi"}] * 21},
    "control characters": {"question": "How do I\u0000 return it?"},
}


@pytest.mark.parametrize("body", BAD_QUESTIONS.values(), ids=BAD_QUESTIONS.keys())
def test_a_bad_question_is_refused_with_the_field_that_is_wrong(server: str, body: dict[str, Any]) -> None:
    answer = httpx.post(f"{server}/api/v1/queries", json=body, headers=AUTH)
    assert answer.status_code == 400
    [first, *_] = answer.json()["errors"]
    assert first["code"] in ("VALIDATION_ERROR", "QUERY_TOO_LONG")
    assert first["field"]


@pytest.mark.parametrize(
    "content",
    [b"{", b"", b"[]", b'"text"', b"nul", b"\xff\xfe", b"[" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000],
    ids=["open", "empty", "array", "string", "word", "not utf-8", "10 000 arrays", "10 000 objects"],
)
def test_a_broken_body_is_a_400_on_every_route_that_reads_json(server: str, content: bytes) -> None:
    headers = {**AUTH, "Content-Type": "application/json"}
    for operation in OPERATIONS:
        if operation.method == "post" and "{" not in operation.path and "application/json" in _media_types(operation):
            answer = httpx.post(f"{server}{operation.path}", content=content, headers=headers)
            fine = range(200, 500) if not content and not _needs_body(operation) else range(400, 500)
            assert answer.status_code in fine, f"{operation.label}: {answer.status_code} {answer.text[:300]}"


def _needs_body(operation: schemathesis.schemas.APIOperation) -> bool:
    return any(body.is_required for body in operation.body)


def _media_types(operation: schemathesis.schemas.APIOperation) -> list[str]:
    return [body.media_type for body in operation.body]


def test_a_broken_multipart_body_is_refused(server: str) -> None:
    headers = {**AUTH, "Content-Type": "multipart/form-data; boundary=x"}
    for content in (
        b"",
        b"--x",
        b"--x\r\nno headers\r\n",
        b"--y--",
        b'--x\r\nContent-Disposition: form-data; name="files"',
    ):
        answer = httpx.post(f"{server}/api/v1/documents/upload", content=content, headers=headers)
        assert answer.status_code == 400, answer.text


@pytest.mark.skipif(not NAUGHTY.exists(), reason="needs ../shared/data")
def test_hostile_strings_are_answered_or_refused_wherever_text_is_taken(server: str) -> None:
    texts = [json.loads(line)["text"] for line in NAUGHTY.read_text().split("\n") if line]
    with httpx.Client(base_url=server, headers=AUTH) as client:
        for text in texts:
            asked = client.post("/api/v1/queries", content=_json({"question": text}))
            searched = client.get("/api/v1/search", params={"q": text})
            chunk = {"question": text[:400] or "x", "answer": text or "x"}
            staged = client.post("/api/v1/knowledge/chunks", content=_json({"chunks": [chunk]}))
            statuses = {asked.status_code, searched.status_code, staged.status_code}
            assert statuses <= {200, 201, 400}, f"{text!r}: {statuses}"


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=True).encode()
