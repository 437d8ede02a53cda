"""API keys over HTTP: from the first to the last day of one."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.access import visitor
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock
from application.ports.storage import API_KEYS, KEY_DIGESTS
from domain.access import PLATFORM_TENANT
from domain.signing import body_signature, key_bytes
from entrypoints.http.authentication import ROTATION_HEADER


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    async with running(clock=ManualClock(), **world_settings) as started:
        yield started


async def test_a_key_is_shown_once_and_kept_as_a_hash(desk: SystemUnderTest) -> None:
    made = await desk.data("POST", "/api/v1/api-keys", json={"name": "shop", "scopes": ["read", "write"]})
    assert made["api_key"].startswith("sk_live_") and made["status"] == "active" and len(made["callback_secret"]) == 64
    listed = await desk.call("GET", "/api/v1/api-keys")
    assert made["api_key"] not in str(listed) and listed["data"]["api_keys"][0]["key_id"] == made["key_id"]
    async with desk.container.store().begin("platform") as uow:
        kept = [await uow[API_KEYS].list(()), await uow[KEY_DIGESTS].list(())]
    assert made["key_id"] in str(kept) and made["api_key"] not in str(kept)


async def test_who_one_is_and_what_one_has_used(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "read", "write", tier="pro")
    me = (await acme.get("/api/v1/me")).json()["data"]
    assert (me["tenant_id"], me["tier"], me["scopes"]) == ("acme", "pro", ["read", "write"])
    await acme.ask()
    usage = (await acme.get("/api/v1/usage")).json()["data"]
    assert usage["limits"]["queries"] == {
        "limit": 100, "hard_limit": 120, "window_seconds": 60, "used": 1, "remaining": 99,
        "resets_at": int(desk.clock.now().timestamp()) + 60,  # type: ignore[union-attr]
    }  # fmt: skip
    assert usage["limits"]["requests"]["used"] == 2 and usage["batch_size"] == 50
    assert (await desk.data("GET", "/api/v1/usage"))["unlimited"] is True


async def test_a_tenant_exists_from_its_first_key_and_only_the_platform_sees_it(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "admin")
    await visitor(desk, tenant="globex")
    tenants = (await desk.data("GET", "/api/v1/tenants"))["tenants"]
    assert {(t["tenant_id"], t["api_keys"]) for t in tenants} == {("acme", 1), ("globex", 1)}
    assert (await acme.get("/api/v1/tenants")).status_code == 403


async def test_a_tenants_admin_makes_keys_at_home_and_not_above_its_tier(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "admin", tier="pro")
    made = await acme.post("/api/v1/api-keys", {"name": "own", "scopes": ["read"]})
    assert made.status_code == 201 and made.json()["data"]["tier"] == "pro"
    for more in ({"tier": "enterprise"}, {"tenant_id": "globex"}, {"tenant_id": PLATFORM_TENANT}):
        assert (await acme.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"], **more})).status_code == 403


async def test_only_the_platform_may_name_another_tenant(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "admin")
    mine = {"X-Tenant-ID": "acme"}
    assert (await acme.get("/api/v1/me", headers=mine)).status_code == 200
    for foreign in ("globex", "nobody", PLATFORM_TENANT):
        refused = await acme.get("/api/v1/me", headers={"X-Tenant-ID": foreign})
        assert refused.status_code == 403 and refused.json()["errors"][0]["field"] == "x-tenant-id"
    seen = await desk.data("GET", "/api/v1/api-keys", headers=mine)
    assert [key["key_id"] for key in seen["api_keys"]] == [acme.key_id]


async def test_a_rotation_overlaps_for_as_long_as_was_chosen(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    acme = await visitor(desk, "admin")
    rotated = await acme.post(f"/api/v1/api-keys/{acme.key_id}/rotate", {"overlap_hours": 2})
    new = rotated.json()["data"]
    assert new["key_id"] == acme.key_id and new["api_key"] != acme.secret
    fresh = {"Authorization": f"Bearer {new['api_key']}"}
    assert (await acme.get("/api/v1/me")).status_code == 200
    assert (await acme.get("/api/v1/me", headers=fresh)).status_code == 200
    desk.clock.advance(hours=2)
    assert (await acme.get("/api/v1/me")).status_code == 401
    assert (await acme.get("/api/v1/me", headers=fresh)).status_code == 200


async def test_a_revoked_key_is_good_for_nothing_at_once(desk: SystemUnderTest) -> None:
    acme, admin = await visitor(desk), await visitor(desk, "admin")
    assert (await acme.get("/api/v1/me")).status_code == 200
    revoked = await admin.request("DELETE", f"/api/v1/api-keys/{acme.key_id}")
    assert revoked.json()["data"]["status"] == "revoked"
    refused = await acme.get("/api/v1/me")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="supportrag", error="invalid_token"'
    again = await admin.post(f"/api/v1/api-keys/{acme.key_id}/rotate")
    assert again.status_code == 409


async def test_a_key_expires(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    end = desk.clock.now() + timedelta(hours=1)
    acme = await visitor(desk, expires_at=end.isoformat())
    assert (await acme.get("/api/v1/me")).status_code == 200
    desk.clock.advance(hours=1)
    assert (await acme.get("/api/v1/me")).status_code == 401


async def test_an_old_key_is_due_for_rotation_in_the_list_in_answers_and_in_the_log(
    desk: SystemUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    assert desk.clock is not None
    acme = await visitor(desk, "admin")
    assert ROTATION_HEADER not in (await acme.get("/api/v1/me")).headers
    desk.clock.advance(days=91)
    with capture_logs() as lines:
        answers = [await acme.get("/api/v1/api-keys") for _ in range(3)]
    assert all(answer.headers[ROTATION_HEADER].startswith("due; age_days=91") for answer in answers)
    assert answers[0].json()["data"]["rotation_due"] == [acme.key_id]
    assert [line["key_id"] for line in lines if line["event"] == "api_key_due_for_rotation"] == [acme.key_id]
    with caplog.at_level(logging.WARNING):
        assert await desk.container.access.report_key_age()() == [acme.key_id]
    assert acme.key_id in caplog.text


async def test_a_publishable_key_is_good_for_chat_from_its_pages_and_for_nothing_else(desk: SystemUnderTest) -> None:
    shop = await visitor(desk, "chat")
    assert shop.secret.startswith("pk_live_")
    chat = ("/api/v1/chat/completions", {"question": "What is your return policy?"})
    answered = await shop.post(*chat)
    assert answered.status_code == 200
    assert answered.headers["access-control-allow-origin"] == "https://shop.example"
    for origin in ("https://evil.example", ""):
        assert (await shop.post(*chat, headers={"Origin": origin})).status_code == 403
    for method, path in (("GET", "/api/v1/me"), ("POST", "/api/v1/queries"), ("GET", "/api/v1/history")):
        assert (await shop.request(method, path)).status_code == 403


async def test_a_page_may_ask_for_its_own_session_too(desk: SystemUnderTest) -> None:
    """A browser asks first, without the key; what it then gets is the key's to say."""
    page = await visitor(desk, "chat")
    asked = await page.post("/api/v1/chat/completions", {"question": "Where is it?"})
    path = f"/api/v1/sessions/{asked.json()['data']['session_id']}"
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    first = await desk.http.options(path, headers=asks)
    assert first.headers["access-control-allow-origin"] == "https://shop.example"
    seen = await page.get(path)
    assert seen.status_code == 200 and seen.headers["access-control-allow-origin"] == "https://shop.example"
    elsewhere = await page.get(path, headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403 and "access-control-allow-origin" not in elsewhere.headers


async def test_what_administrators_do_is_written_down(desk: SystemUnderTest) -> None:
    admin, reader = await visitor(desk, "admin"), await visitor(desk, "read")
    await admin.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, headers={"X-Request-ID": "r-1"})
    await admin.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, headers={"X-Request-ID": "r-1"})
    await admin.request("DELETE", "/api/v1/api-keys/key_none")
    assert (await reader.get("/api/v1/audit")).status_code == 403
    entries = (await admin.get("/api/v1/audit", params={"key_id": admin.key_id})).json()["data"]["entries"]
    seen = [(e["action"], e["status"], e["key_id"]) for e in entries]
    assert seen == [("revokeApiKey", 404, admin.key_id), ("createApiKey", 201, admin.key_id)]
    assert entries[1]["request_id"] == "r-1" and entries[1]["path"] == "/api/v1/api-keys"


async def test_what_the_platform_does_in_a_tenant_stands_in_that_tenants_log(desk: SystemUnderTest) -> None:
    admin = await visitor(desk, "admin")
    await desk.call("POST", "/api/v1/api-keys", json={"name": "x", "scopes": ["read"]}, headers={"X-Tenant-ID": "acme"})
    [entry] = (await admin.get("/api/v1/audit")).json()["data"]["entries"]
    assert (entry["key_id"], entry["home_tenant_id"]) == ("key_bootstrap", PLATFORM_TENANT)


async def test_callbacks_are_signed_with_the_keys_own_secret(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "admin", "write")
    body = {"queries": [{"id": "1", "question": "What now?"}], "callback_url": "https://caller.example/done"}
    assert (await acme.post("/api/v1/queries/batch", body)).status_code == 202
    await desk.run_due()
    await desk.container.webhooks.service().run_due()
    [posting] = [p for p in desk.container.sender().posted if "job.completed" in p.body.decode()]
    secret = (await acme.get("/api/v1/api-keys")).json()["data"]["api_keys"][0]["callback_secret"]
    assert posting.headers["X-Signature"] == body_signature(key_bytes(secret), posting.body)
