"""Nothing secret in what a whole run writes down: logs, traces, errors, events, stored rows, documents."""

import json
from typing import Any

import pytest
from tests.support.access import Visitor, visitor
from tests.support.matrix import document, operations
from tests.support.system import KEY, running

from adapters.system.fixed import ManualClock
from application.ports.storage import TABLES
from domain.tokens import OWN_ISSUER

MASTER = "the master key of this one test"
HOOK_SECRET = "a-webhook-secret-that-nobody-guesses"
OWN_HEADER = "Bearer of-the-receiver-alone"


async def wander(key: Visitor) -> None:
    """Every operation once, with what its schema asks for at the least, and once with nonsense."""
    for operation in operations():
        if operation.label not in ("DELETE /api/v1/api-keys/{key_id}",):
            await key.request(**operation.request({}))
        if operation.body is not None:
            await key.post(operation.url({}), {"nonsense": 1})


async def secrets_of(desk: Any, key: Visitor) -> set[str]:
    """Every secret that the run hands out or is given."""
    made = await key.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, headers={"Idempotency-Key": "k"})
    path = f"/api/v1/api-keys/{made.json()['data']['key_id']}/rotate"
    rotated = await key.post(path)
    hook = {"url": "https://hooks.example/in", "events": ["*"], "secret": HOOK_SECRET,
            "headers": {"Authorization": OWN_HEADER}, "direction": "both"}  # fmt: skip
    created = (await key.post("/api/v1/webhooks", hook)).json()["data"]
    fresh = (await key.post(f"/api/v1/webhooks/{created['webhook_id']}/rotate-secret")).json()["data"]
    generated = {fresh["secret"], fresh["incoming_secret"], created["incoming_secret"]}
    form = {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": key.secret}
    del desk.http.headers["authorization"]
    token = (await desk.http.post("/oauth/token", data=form)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await desk.http.get("/api/v1/me", headers=bearer)).status_code == 200
    assert OWN_ISSUER not in token
    callback = made.json()["data"]["callback_secret"]
    shown = {made.json()["data"]["api_key"], rotated.json()["data"]["api_key"]}
    return shown | generated | {key.secret, token, callback, HOOK_SECRET, OWN_HEADER, MASTER, KEY}


async def stored(desk: Any) -> str:
    """All that the store holds, of all tenants."""
    rows = []
    for tenant_id in await desk.container.store().tenants():
        async with desk.container.store().begin(tenant_id) as uow:
            for table in TABLES:
                rows += await uow[table].list(())
        rows += await desk.container.store().recorded_events(tenant_id)
    return "\n".join(map(repr, rows))


async def test_no_secret_is_written_down_anywhere(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with running(clock=ManualClock(), log_level="DEBUG", master_key=MASTER) as desk:
        key = await visitor(desk, "admin", "write")
        secrets = await secrets_of(desk, key)
        await wander(key)
        for path in ("/api/v1/me", "/api/v1/queries/q_none", "/oauth/token"):
            for secret in secrets:
                await desk.http.get(path, headers={"Authorization": f"Bearer {secret}x"})
        await desk.container.webhooks.service().run_due()
        answers = [
            (await key.get(path)).text
            for path in ("/api/v1/events", "/api/v1/logs", "/api/v1/audit", "/api/v1/config/full")
        ]
        kept = await stored(desk)
    written = capfd.readouterr()
    places = {"output": written.out, "errors": written.err, "log": caplog.text, "store": kept,
              "shown": "\n".join(answers), "document": json.dumps(document())}  # fmt: skip
    assert len(written.out + written.err + caplog.text) > 10_000 and len(kept) > 10_000
    found = [(place, secret[:12]) for place, text in places.items() for secret in secrets if secret in text]
    assert found == []
