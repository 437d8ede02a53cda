"""The service's own log, through its API."""

from tests.support.system import SystemUnderTest


async def test_a_request_is_found_by_its_id_and_its_words_are_not(system: SystemUnderTest) -> None:
    await system.http.post(
        "/api/v1/queries",
        json={"question": "Where is my unicorn saddle?", "user_id": "jane@example.com"},
        headers={"X-Request-ID": "find-me"},
    )
    found = await system.data("GET", "/api/v1/logs", params={"request_id": "find-me"})
    assert [line["message"] for line in found["logs"]].count("http.request") == 1
    request = next(line for line in found["logs"] if line["message"] == "http.request")
    assert (request["level"], request["source"]) == ("INFO", "http")
    assert len(request["trace_id"]) == 32
    everything = await system.http.get("/api/v1/logs", params={"limit": "100"})
    assert "unicorn" not in everything.text
    assert "jane@example.com" not in everything.text


async def test_the_log_is_for_administrators(system: SystemUnderTest) -> None:
    key = await system.data("POST", "/api/v1/api-keys", json={"name": "reader", "scopes": ["write"]}, expect=201)
    headers = {"Authorization": f"Bearer {key['api_key']}"}
    await system.call("GET", "/api/v1/logs", headers=headers, expect=403)


async def test_a_tenant_finds_no_line_of_another(system: SystemUnderTest) -> None:
    made = {"name": "theirs", "scopes": ["admin"], "tenant_id": "acme"}
    key = await system.data("POST", "/api/v1/api-keys", json=made, expect=201)
    await system.http.get("/api/v1/ping", headers={"X-Request-ID": "of-nobody"})
    await system.http.get("/api/v1/queries", headers={"X-Request-ID": "of-platform"})
    headers = {"Authorization": f"Bearer {key['api_key']}"}
    await system.call("GET", "/api/v1/queries", headers={**headers, "X-Request-ID": "of-acme"})
    found = await system.data("GET", "/api/v1/logs", params={"limit": "100"}, headers=headers)
    assert {line["request_id"] for line in found["logs"]} == {"of-acme"}


async def test_a_wrong_filter_is_named(system: SystemUnderTest) -> None:
    refused = await system.call("GET", "/api/v1/logs", params={"level": "LOUD"}, expect=400)
    assert refused["errors"][0]["field"] == "level"
