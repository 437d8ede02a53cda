import re
from typing import Any

import httpx
import pytest
from litestar import Litestar, Response, get
from tests.support.border import build, client

from domain.access import Scope
from domain.errors import DomainError
from entrypoints.http.app import HttpOptions
from entrypoints.http.envelope import Envelope, HealthEnvelope, ok
from entrypoints.http.security import rules

ASK = {"question": "Where is it?", "user_id": "u"}


def details(response: httpx.Response) -> dict[str, Any]:
    """The errors of a refusal by field."""
    return {error["field"]: error for error in response.json()["errors"]}


async def test_an_answer_has_its_data_its_links_and_where_it_came_from(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/ask", json=ASK)

    body = response.json()
    assert response.status_code == 200
    assert body["status"] == "success"
    assert body["data"]["tenant_id"] == "acme"
    assert body["links"] == {"self": "/api/v1/notes/1"}
    assert body["meta"]["timestamp"] == "2026-01-07T10:00:00.000Z"
    assert body["meta"]["version"] == response.headers["api-version"] == "1.0"
    assert body["meta"]["request_id"] == response.headers["x-request-id"]
    assert body["meta"]["request_id"].startswith("req_")
    assert re.fullmatch("[0-9a-f]{32}", body["meta"]["trace_id"])
    assert "errors" not in body and "pagination" not in body


async def test_what_is_created_says_where_it_is(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes")

    assert (response.status_code, response.json()["data"]) == (201, 0)
    assert response.headers["location"] == "/api/v1/notes/7"


async def test_accepted_work_is_pending(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/upload", files={"files": ("a.txt", b"abc")})

    assert (response.status_code, response.json()["status"]) == (202, "pending")


async def test_the_callers_request_id_and_trace_go_through(http: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    response = await http.get(
        "/api/v1/ping",
        headers={"X-Request-ID": "order-66", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
    )

    assert response.headers["x-request-id"] == response.json()["meta"]["request_id"] == "order-66"
    assert response.json()["meta"]["trace_id"] == trace


@pytest.mark.parametrize(
    "traceparent",
    [
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "nonsense",
    ],
)
async def test_an_invalid_trace_is_begun_anew(http: httpx.AsyncClient, traceparent: str) -> None:
    trace_id = (await http.get("/api/v1/ping", headers={"traceparent": traceparent})).json()["meta"]["trace_id"]

    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    assert trace_id not in traceparent and trace_id != "0" * 32


@pytest.mark.parametrize("request_id", ["x" * 129, "two words", "caf\xe9", "a\tb"])
async def test_a_request_id_that_cannot_be_kept_is_refused(http: httpx.AsyncClient, request_id: str) -> None:
    response = await http.get("/api/v1/ping", headers={"X-Request-ID": request_id.encode("latin-1")})  # type: ignore[dict-item]

    assert response.status_code == 400
    assert list(details(response)) == ["x-request-id"]
    assert response.headers["x-request-id"].startswith("req_")


async def test_a_list_shows_its_page_in_every_place_and_links_to_the_next(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/v1/notes?limit=2&sort=-title&offset=0")

    body = response.json()
    expected = {"limit": 2, "offset": 0, "total": 50, "has_next": True, "next_cursor": "next-one"}
    assert body["pagination"] == body["meta"]["pagination"] == body["data"]["pagination"] == expected
    assert body["links"]["self"] == "/api/v1/notes?limit=2&sort=-title&offset=0"
    assert body["links"]["next"] == "/api/v1/notes?limit=2&sort=-title&cursor=next-one"


async def test_times_lose_their_offset_and_keep_their_instant(http: httpx.AsyncClient) -> None:
    turn = {"role": "user", "content": "x", "timestamp": "2026-01-07T12:30:00+02:00"}
    response = await http.post("/api/v1/notes/ask", json={**ASK, "history": [turn], "due": "2026-01-07T00:00:00-05:00"})

    assert response.json()["data"]["due"] == "2026-01-07T05:00:00Z"
    assert response.json()["data"]["turns"][0]["timestamp"] == "2026-01-07T10:30:00Z"


async def test_a_time_without_a_zone_is_refused(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/ask", json={**ASK, "due": "2026-01-07T12:30:00"})

    assert details(response)["due"]["details"]["rule"] == "time_zone"


async def test_an_unknown_path_is_a_404_in_the_envelope(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/api/v1/nowhere")

    body = response.json()
    assert response.status_code == 404
    assert (body["status"], body["data"], body["error"]["code"]) == ("error", None, "NOT_FOUND")
    assert body["error"]["trace_id"] == body["meta"]["trace_id"]
    assert body["errors"][0]["docs"] == "/docs/errors/NOT_FOUND"
    assert body["error"]["details"] == [{"field": None, "reason": body["errors"][0]["message"]}]


async def test_a_wrong_method_names_the_right_ones(http: httpx.AsyncClient) -> None:
    response = await http.put("/api/v1/notes/1")

    assert response.status_code == 405
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS"
    assert response.json()["errors"][0]["details"] == {"allowed": ["DELETE", "GET", "HEAD", "OPTIONS"]}
    assert (await http.request("BREW", "/api/v1/notes/1")).status_code == 405


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("conflict", 409, "CONFLICT"),
        ("busy", 429, "RATE_LIMIT_EXCEEDED"),
        ("down", 503, "SERVICE_UNAVAILABLE"),
        ("late", 504, "GATEWAY_TIMEOUT"),
        ("own", 400, "VALIDATION_ERROR"),
        ("bug", 500, "INTERNAL_ERROR"),
    ],
)
async def test_each_kind_of_trouble_has_its_status(http: httpx.AsyncClient, kind: str, status: int, code: str) -> None:
    response = await http.get(f"/api/v1/trouble/{kind}")

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert ("retry-after" in response.headers) == (status in {429, 503})


async def test_a_wait_is_rounded_up(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/trouble/busy")).headers["retry-after"] == "3"


async def test_a_problem_keeps_its_own_code_and_details(http: httpx.AsyncClient) -> None:
    (error,) = (await http.get("/api/v1/trouble/own")).json()["errors"]

    assert (error["code"], error["field"], error["details"]) == ("BLOCKED", "question", {"rule_id": "gr_x"})
    assert error["docs"] == "/docs/errors/VALIDATION_ERROR"


async def test_a_mistake_of_ours_tells_nothing_but_its_trace(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/v1/trouble/bug")

    assert "hunter2" not in response.text and "Traceback" not in response.text
    assert response.json()["error"]["trace_id"]


async def test_head_answers_as_get_without_a_body(http: httpx.AsyncClient) -> None:
    head, get = await http.head("/api/v1/notes/1"), await http.get("/api/v1/notes/1")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


async def test_head_of_a_stream_ends(http: httpx.AsyncClient) -> None:
    response = await http.head("/api/v1/stream", timeout=5)

    assert (response.status_code, response.content) == (200, b"")


async def test_options_is_open_and_lists_the_methods(stranger: httpx.AsyncClient) -> None:
    response = await stranger.options("/api/v1/notes/1")

    assert (response.status_code, response.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/models", {"error": {"type": "authentication_error", "code": "unauthorized"}}),
        ("POST", "/oauth/token", {"error": "unsupported_grant_type"}),
        ("GET", "/schema/nothing", {"status": 404, "title": "NOT_FOUND"}),
        ("GET", "/.well-known/nothing", {"status": 404, "title": "NOT_FOUND"}),
        ("GET", "/mcp", {"jsonrpc": "2.0", "error": {"code": -32600}}),
    ],
)
async def test_paths_with_a_standard_of_their_own_keep_its_shape(
    stranger: httpx.AsyncClient, method: str, path: str, expected: dict[str, Any]
) -> None:
    body = (await stranger.request(method, path)).json()

    def holds(part: Any, whole: Any) -> bool:
        if not isinstance(part, dict):
            return bool(part == whole)
        return all(holds(value, whole[name]) for name, value in part.items())

    assert holds(expected, body)
    assert "meta" not in body


@pytest.mark.parametrize("accept", ["application/vnd.supportrag.v2+json", "application/vnd.supportrag.v9+json;q=1"])
async def test_a_version_nobody_serves_is_not_acceptable(http: httpx.AsyncClient, accept: str) -> None:
    response = await http.get("/api/v1/ping", headers={"Accept": accept})

    assert response.status_code == 406
    assert response.json()["errors"][0]["details"]["supported"] == ["v1"]


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.supportrag.v1+json",
        "application/json",
        "*/*",
        "text/event-stream",
        "text/html, application/xhtml+xml",
        "application/vnd.supportrag.v2+json, application/vnd.supportrag.v1+json;q=0.5",
        "application/vnd.supportrag.v2+json;q=0, text/html",
        ";;;q=x,",
    ],
)
async def test_everything_else_gets_the_first_version(http: httpx.AsyncClient, accept: str) -> None:
    response = await http.get("/api/v1/ping", headers={"Accept": accept})

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["/api/v2/queries", "/api/v2", "/api/v19/x"])
async def test_an_unknown_version_in_the_path_names_the_known_ones(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)

    assert response.status_code == 404
    assert response.json()["errors"][0]["details"] == {"supported": ["v1"]}


async def test_an_envelope_in_a_response_of_its_own_is_completed_too() -> None:
    @get("/api/v1/wrapped", operation_id="wrapped")
    async def wrapped() -> Response[Envelope[str]]:
        return Response(ok("x"), headers={"X-Own": "1"}, status_code=206)

    @get("/health", operation_id="health", opt=rules(public=True))
    async def health() -> Response[HealthEnvelope[str]]:
        return Response(HealthEnvelope(status="unhealthy", data="x"), status_code=503)

    async with client(build(routes=[wrapped, health])) as http:
        answers = [await http.get("/api/v1/wrapped"), await http.get("/health")]

    assert [answer.status_code for answer in answers] == [206, 503]
    assert answers[0].headers["x-own"] == "1"
    assert all(answer.json()["meta"]["request_id"] == answer.headers["x-request-id"] for answer in answers)
    assert answers[1].json()["status"] == "unhealthy"


async def test_links_to_error_pages_may_name_a_host() -> None:
    async with client(build(HttpOptions(docs_base_url="https://help.example"))) as http:
        (error,) = (await http.get("/api/v1/nowhere")).json()["errors"]

    assert error["docs"] == "https://help.example/docs/errors/NOT_FOUND"


async def test_an_error_of_a_kind_nobody_listed_is_ours() -> None:
    class Odd(DomainError):
        code = "ODD"

    @get("/api/v1/odd", operation_id="odd")
    async def odd() -> Envelope[str]:
        raise Odd("odd")

    async with client(build(routes=[odd])) as http:
        response = await http.get("/api/v1/odd")

    assert (response.status_code, response.json()["error"]["code"]) == (500, "ODD")


async def test_the_system_routes_answer_without_a_token(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/api/v1/ping?cachebuster=1")).json()["data"] == "pong"
    assert (await stranger.get("/livez")).json()["data"] == "alive"
    assert (await stranger.get("/readyz")).json()["data"] == "ready"


async def test_what_is_not_ready_says_what_it_waits_for() -> None:
    async def waiting() -> list[str]:
        return ["database schema"]

    async with client(build(ready=waiting)) as http:
        response = await http.get("/readyz")

    assert response.status_code == 503
    assert response.json()["errors"][0]["details"] == {"waiting_for": ["database schema"]}


async def test_the_api_lists_its_groups(app: Litestar) -> None:
    async with client(app, Scope.READ) as http:
        data = (await http.get("/api/v1")).json()["data"]

    groups = {group["name"]: group["links"] for group in data["groups"]}
    assert groups["notes"]["readNote"] == "/api/v1/notes/{note_id}"
    assert groups["system"]["ping"] == "/api/v1/ping"
