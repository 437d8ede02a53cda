"""A key revoked or rotated by one process, as another sees it."""

from tests.support.access import Visitor, visitor
from tests.support.system import running

from adapters.system.fixed import ManualClock
from application.use_cases.admission import REMEMBERED


async def test_a_revoked_key_is_refused_by_another_process_within_five_seconds(database_url: str) -> None:
    settings, clock = {"database_url": database_url, "master_key": "m"}, ManualClock()
    async with running(clock=clock, **settings) as here, running(clock=clock, **settings) as there:
        key = await visitor(here)
        elsewhere = Visitor(there, key.key_id, key.secret, key.tenant_id)
        data = {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": key.secret}
        there.http.headers.pop("authorization")
        bearer = (await there.http.post("/oauth/token", data=data)).json()["access_token"]
        token = Visitor(there, key.key_id, bearer, key.tenant_id)
        assert [(await who.get("/api/v1/me")).status_code for who in (elsewhere, token)] == [200, 200]

        await here.call("DELETE", f"/api/v1/api-keys/{key.key_id}", headers={"X-Tenant-ID": "acme"})
        assert (await key.get("/api/v1/me")).status_code == 401, "at once where it was revoked"
        clock.advance(seconds=REMEMBERED.total_seconds())
        assert REMEMBERED.total_seconds() <= 5
        assert [(await who.get("/api/v1/me")).status_code for who in (elsewhere, token)] == [401, 401]


async def test_a_rotated_key_is_good_everywhere_at_once(database_url: str) -> None:
    settings, clock = {"database_url": database_url, "master_key": "m"}, ManualClock()
    async with running(clock=clock, **settings) as here, running(clock=clock, **settings) as there:
        key = await visitor(here)
        path = f"/api/v1/api-keys/{key.key_id}/rotate"
        rotated = await here.data("POST", path, json={"overlap_hours": 0}, headers={"X-Tenant-ID": "acme"})
        fresh = Visitor(there, key.key_id, rotated["api_key"], key.tenant_id)
        assert (await fresh.get("/api/v1/me")).status_code == 200


async def test_tokens_signed_by_one_process_are_good_in_another(database_url: str) -> None:
    settings, clock = {"database_url": database_url, "master_key": "m"}, ManualClock()
    async with running(clock=clock, **settings) as here, running(clock=clock, **settings) as there:
        await there.http.get("/.well-known/jwks.json")  # there are none yet, and it remembers
        key = await visitor(here)
        data = {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": key.secret}
        here.http.headers.pop("authorization")
        bearer = (await here.http.post("/oauth/token", data=data)).json()["access_token"]
        clock.advance(seconds=1)
        assert (await Visitor(there, key.key_id, bearer, "acme").get("/api/v1/me")).status_code == 200
