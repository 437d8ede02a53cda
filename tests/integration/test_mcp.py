"""The Model Context Protocol: by its official client over a real port, and by hand where that client is too polite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from tests.support.access import visitor
from tests.support.serving import KEY, serving
from tests.support.system import SystemUnderTest, running

from application.use_cases.handing_over import HandOver

TOOLS = {"search_knowledge", "ask_support", "escalate"}
MODERN = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}


@asynccontextmanager
async def connected(url: str, key: str = KEY, mode: Any = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.fixture
async def desk() -> AsyncIterator[tuple[SystemUnderTest, str]]:
    async with serving() as (system, url):
        await system.learn(("When do you open?", "We open at nine."), ("Where are you?", "In the High Street."))
        yield system, url


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_assistant_reads_up_asks_and_hands_over(desk: tuple[SystemUnderTest, str], mode: str) -> None:
    """With and without the handshake of the revisions before 2026-07-28."""
    system, url = desk
    async with connected(url, mode=mode) as assistant:
        assert {tool.name for tool in (await assistant.list_tools()).tools} == TOOLS

        found = await assistant.call_tool("search_knowledge", {"query": "opening hours", "limit": 1})
        assert found.structured_content is not None
        assert [hit["answer"] for hit in found.structured_content["results"]] == ["We open at nine."]

        asked = await assistant.call_tool("ask_support", {"question": "When do you open?", "user_id": "anna"})
        assert asked.structured_content is not None
        assert asked.structured_content["reply"] == "We open at nine."
        assert [source["question"] for source in asked.structured_content["sources"]] == ["When do you open?"]
        session_id = asked.structured_content["session_id"]

        handed = await assistant.call_tool("escalate", {"reason": "She wants a person", "session_id": session_id})
        assert handed.structured_content is not None
        known = await system.data("GET", f"/api/v1/escalations/{handed.structured_content['escalation_id']}")
        assert (known["session_id"], known["user_id"]) == (session_id, "anna")
        assert [line["content"] for line in known["transcript"]] == ["When do you open?", "We open at nine."]


async def test_what_is_escalated_is_told_to_the_customer_in_words(desk: tuple[SystemUnderTest, str]) -> None:
    async with connected(desk[1]) as assistant:
        asked = await assistant.call_tool("ask_support", {"question": "I want to speak to a human being"})

    said = asked.structured_content
    assert said is not None
    assert said["action"] == "escalate" and said["escalation_id"] and said["suggested_team"]
    assert said["reply"]


async def test_a_person_can_be_called_without_a_conversation(desk: tuple[SystemUnderTest, str]) -> None:
    system, url = desk
    async with connected(url) as assistant:
        handed = await assistant.call_tool("escalate", {"reason": "The parcel is wet", "priority": "high"})

    assert handed.structured_content is not None
    known = await system.data("GET", f"/api/v1/escalations/{handed.structured_content['escalation_id']}")
    assert (known["question"], known["priority"]) == ("The parcel is wet", "high")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask_support", {"question": "a"}, "question: Must have at least 3 characters."),
        ("ask_support", {"question": "When?", "sesion_id": "s"}, "sesion_id: There is no such field."),
        ("search_knowledge", {"query": "x", "limit": 21}, "limit: "),
        ("escalate", {"reason": "Help", "session_id": "sess_unknown"}, "session"),
    ],
)
async def test_a_model_is_told_what_is_wrong_with_its_call(
    desk: tuple[SystemUnderTest, str], tool: str, arguments: dict[str, Any], told: str
) -> None:
    async with connected(desk[1]) as assistant:
        refused = await assistant.call_tool(tool, arguments)

    assert refused.is_error and refused.structured_content is None
    assert told in refused.content[0].text  # type: ignore[union-attr]


async def test_a_key_that_may_only_read_is_offered_and_may_call_only_the_search(
    desk: tuple[SystemUnderTest, str],
) -> None:
    system, url = desk
    reader = await visitor(system, "read")
    async with connected(url, reader.secret) as assistant:
        assert [tool.name for tool in (await assistant.list_tools()).tools] == ["search_knowledge"]
        assert not (await assistant.call_tool("search_knowledge", {"query": "open"})).is_error

    refused = await post(system, call("ask_support", question="When do you open?"), key=reader.secret)
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="write"' in refused.headers["www-authenticate"]


async def post(system: SystemUnderTest, message: Any, key: str = KEY, **headers: str) -> Any:
    return await system.http.post("/mcp", json=message, headers={"Authorization": f"Bearer {key}", **headers})


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def message(method: str, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, **more}


async def test_only_an_ask_counts_as_a_query_and_what_is_refused_counts_as_nothing(system: SystemUnderTest) -> None:
    key = await visitor(system, tier="free")

    async def used() -> tuple[int, int]:
        limits = (await key.get("/api/v1/usage")).json()["data"]["limits"]
        return limits["queries"]["used"], limits["requests"]["used"]

    _, before = await used()
    await post(system, call("ask_support", question="When do you open?"), key=key.secret)
    await post(system, call("ask_support", question="a"), key=key.secret)
    await post(system, call("search_knowledge", query="open"), key=key.secret)
    queries, requests = await used()
    assert queries == 1
    assert requests == before + 2  # the search, and the look at the usage itself

    answers = [await post(system, call("ask_support", question="When do you open?"), key=key.secret) for _ in range(12)]
    assert answers[-1].status_code == 429 and answers[-1].headers["retry-after"]
    assert answers[-1].json()["error"]["data"]["code"] == "RATE_LIMIT_EXCEEDED"


async def test_one_tenant_finds_nothing_of_another(system: SystemUnderTest) -> None:
    await system.learn(("When do you open?", "We open at nine."))
    stranger = await visitor(system, tenant="elsewhere")

    found = await post(system, call("search_knowledge", query="When do you open?"), key=stranger.secret)
    assert found.json()["result"]["structuredContent"] == {"results": [], "total_results": 0}


META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


@pytest.mark.parametrize(
    ("sent", "headers", "status", "code"),
    [
        (message("notifications/initialized"), {}, 202, None),
        (message("ping", id=1), {}, 200, None),
        (message("nope", id=1), {}, 200, -32601),
        (message("nope", id=1, params={"_meta": META}), {**MODERN, "Mcp-Method": "nope"}, 404, -32601),
        (message("tools/list", id=1, params={"_meta": META}), MODERN, 200, None),
        (message("tools/list", id=1, params={"_meta": META}), {**MODERN, "Mcp-Method": "ping"}, 400, -32020),
        (call("nope"), {}, 200, -32602),
        ([message("ping", id=1)], {}, 400, -32600),
        (message("ping", id=1), {"Accept": "text/html"}, 406, None),
        (message("ping", id=1), {"Origin": "https://evil.example"}, 403, -32600),
        (message("ping", id=1), {"Origin": "http://localhost:6274"}, 200, None),
        (message("ping", id=1), {"Authorization": "Bearer sk_test_unknown"}, 401, -32600),
    ],
)
async def test_messages_are_answered_as_the_protocol_says(
    system: SystemUnderTest, sent: Any, headers: dict[str, str], status: int, code: int | None
) -> None:
    answer = await system.http.post("/mcp", json=sent, headers=headers)

    assert answer.status_code == status, answer.text
    assert (answer.json().get("error", {}).get("code") if answer.content else None) == code or status == 406
    assert "mcp-session-id" not in answer.headers
    assert status != 202 or answer.content == b""


async def test_what_is_no_json_cannot_be_parsed(system: SystemUnderTest) -> None:
    answer = await system.http.post("/mcp", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32700)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_there_are_no_streams_and_no_sessions(system: SystemUnderTest, method: str) -> None:
    answer = await system.http.request(method, "/mcp")
    assert answer.status_code == 405 and "POST" in answer.headers["allow"]
    assert answer.json()["jsonrpc"] == "2.0"


async def test_our_own_mistake_is_an_internal_error_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(HandOver, "__call__", fail)
    async with running() as system:
        answer = await post(system, call("escalate", reason="Help"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, -32603)
    assert "secret" not in answer.text
