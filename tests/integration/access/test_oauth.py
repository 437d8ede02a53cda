"""Access tokens: got for a key, of another issuer, and forged in every way we know."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from tests.support.access import Visitor, visitor
from tests.support.issuer import (
    AUDIENCE,
    NAME,
    Issuer,
    issuer,
    signed,
    signed_with_public_key,
    tampered,
    unsigned,
    with_header,
)
from tests.support.system import KEY, SystemUnderTest, running

from adapters.system.fixed import ManualClock

__all__ = ["issuer"]
TOKEN = "/oauth/token"


@pytest.fixture
async def desk(issuer: Issuer, world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    settings = {"oauth_issuer": NAME, "oauth_jwks_url": issuer.jwks_url, "oauth_audience": AUDIENCE}
    async with running(clock=ManualClock(), **settings, **world_settings) as started:
        yield started


def form(key: Visitor, **more: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": key.key_id, "client_secret": key.secret, **more}


async def grant(desk: SystemUnderTest, data: dict[str, str] | str, **headers: str) -> httpx.Response:
    """Without the platform's own bearer token."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(data, str) else {}
    body: dict[str, Any] = {"content": data} if isinstance(data, str) else {"data": data}
    async with httpx.AsyncClient(transport=desk.http._transport, base_url="http://test") as http:
        return await http.post(TOKEN, headers={**kind, **headers}, **body)


async def token_of(desk: SystemUnderTest, key: Visitor, **more: str) -> str:
    return str((await grant(desk, form(key, **more))).json()["access_token"])


async def me(desk: SystemUnderTest, token: str) -> httpx.Response:
    return await desk.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


async def test_a_key_gets_a_token_that_stands_for_it(desk: SystemUnderTest) -> None:
    acme = await visitor(desk, "admin", tier="pro")
    answer = await grant(desk, form(acme, scope="read"))
    assert answer.headers["cache-control"] == "no-store"
    assert {**answer.json(), "access_token": ""} == {
        "access_token": "", "token_type": "Bearer", "expires_in": 900, "scope": "read",
    }  # fmt: skip
    seen = await me(desk, answer.json()["access_token"])
    data = seen.json()["data"]
    assert (data["tenant_id"], data["tier"], data["scopes"], data["key_id"]) == ("acme", "pro", ["read"], acme.key_id)
    assert seen.headers["x-ratelimit-limit"] == "600"
    forbidden = await desk.http.get(
        "/api/v1/audit", headers={"Authorization": f"Bearer {answer.json()['access_token']}"}
    )
    assert forbidden.status_code == 403


async def test_the_client_may_authenticate_by_http_basic(desk: SystemUnderTest) -> None:
    acme = await visitor(desk)
    basic = "Basic " + b64encode(f"{acme.key_id}:{acme.secret}".encode()).decode()
    assert (await grant(desk, {"grant_type": "client_credentials"}, Authorization=basic)).status_code == 200


REFUSALS: dict[str, tuple[dict[str, str], int, str]] = {
    "no grant type": ({"grant_type": ""}, 400, "invalid_request"),
    "another grant type": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "another client": ({"client_id": "key_other"}, 401, "invalid_client"),
    "a wrong secret": ({"client_secret": "sk_live_wrong"}, 401, "invalid_client"),
    "no secret": ({"client_secret": ""}, 401, "invalid_client"),
    "an unknown scope": ({"scope": "read everything"}, 400, "invalid_scope"),
    "a scope it does not have": ({"scope": "admin"}, 400, "invalid_scope"),
    "the scope of pages": ({"scope": "chat"}, 400, "invalid_scope"),
}


@pytest.mark.parametrize(("more", "status", "error"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_refusals_have_the_shape_of_the_standard(
    desk: SystemUnderTest, more: dict[str, str], status: int, error: str
) -> None:
    answer = await grant(desk, form(await visitor(desk), **more))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description"}
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_odd_requests_for_tokens_are_refused_in_the_shape_of_the_standard(desk: SystemUnderTest) -> None:
    for content in ("", "a", "grant_type=a&grant_type=b", "%ff", "&".join(f"a{n}=1" for n in range(99)), "x" * 20_000):
        answer = await grant(desk, content)
        assert answer.status_code in (400, 401) and answer.json()["error"] in ("invalid_request", "invalid_client")


async def test_a_publishable_key_gets_no_token(desk: SystemUnderTest) -> None:
    shop = await visitor(desk, "chat")
    assert (await grant(desk, form(shop))).json()["error"] == "unauthorized_client"


async def test_a_token_ends_with_its_time_and_with_its_key(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    acme = await visitor(desk)
    token, later = await token_of(desk, acme), await token_of(desk, acme)
    assert (await me(desk, token)).status_code == 200
    desk.clock.advance(seconds=900)
    assert (await me(desk, token)).status_code == 401
    fresh = await token_of(desk, acme)
    assert (await me(desk, fresh)).status_code == 200
    await desk.call("DELETE", f"/api/v1/api-keys/{acme.key_id}", headers={"X-Tenant-ID": "acme"})
    assert (await me(desk, fresh)).status_code == 401 and later != fresh


async def test_signing_keys_follow_one_another_and_tokens_of_the_old_one_stay_good(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    acme = await visitor(desk)

    async def published() -> list[str]:
        answer = await desk.http.get("/.well-known/jwks.json")
        assert answer.headers["cache-control"] == "public, max-age=300" and '"d"' not in answer.text
        return [key["kid"] for key in answer.json()["keys"]]

    await token_of(desk, acme)
    [first] = await published()
    desk.clock.advance(days=31)
    old = await token_of(desk, acme)
    assert len(await published()) == 2, "the next key is published before it signs"
    desk.clock.advance(minutes=10)
    new = await token_of(desk, acme)
    assert [(await me(desk, token)).status_code for token in (old, new)] == [200, 200]
    assert old.split(".")[0] != new.split(".")[0]
    desk.clock.advance(minutes=16)
    assert first not in await published()


async def test_a_forged_or_foreign_token_of_ours_is_refused(desk: SystemUnderTest) -> None:
    acme = await visitor(desk)
    token = await token_of(desk, acme)
    [public] = (await desk.http.get("/.well-known/jwks.json")).json()["keys"]
    claims = {"iss": "supportrag", "aud": "supportrag", "sub": acme.key_id, "tenant_id": "acme", "scope": "admin",
              "exp": int(desk.clock.now().timestamp()) + 60}  # type: ignore[union-attr]  # fmt: skip
    stranger = ECKey.generate_key("P-256", {"kid": public["kid"]})
    other_kid = ECKey.generate_key("P-256", {"kid": "kid_unknown"})
    forgeries = {
        "alg none": unsigned(claims, kid=public["kid"], typ="at+jwt"),
        "alg None": with_header(unsigned(claims), alg="None", kid=public["kid"]),
        "public key as hmac secret": signed_with_public_key(claims, public, str(public)),
        "another key, same kid": signed(claims, stranger, "ES256", typ="at+jwt"),
        "unknown kid": signed(claims, other_kid, "ES256", typ="at+jwt"),
        "key in the header": signed(claims, stranger, "ES256", typ="at+jwt", jwk=stranger.as_dict(private=False)),
        "more scope": tampered(token, scope="admin"),
        "another tenant": tampered(token, tenant_id="globex"),
        "no signature": token.rpartition(".")[0] + ".",
        "another type": with_header(token, alg="ES256", kid=public["kid"], typ="JWT"),
        "nothing": "..",
        "nonsense": "a.b.c",
        "deep": "W1tbW1tb" * 500 + ".W1tbW1tb.x",
    }
    for name, forged in forgeries.items():
        answer = await me(desk, forged)
        assert answer.status_code == 401, name
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], name


def external(desk: SystemUnderTest, **more: Any) -> dict[str, Any]:
    now = int(desk.clock.now().timestamp())  # type: ignore[union-attr]
    return {"iss": NAME, "aud": AUDIENCE, "sub": "robot", "tenant_id": "acme", "scope": "read write",
            "iat": now, "exp": now + 300, **more}  # fmt: skip


async def test_tokens_of_the_configured_issuer_are_good(desk: SystemUnderTest, issuer: Issuer) -> None:
    for key, algorithm in ((issuer.add_key("k1"), "RS256"), (issuer.add_key("k2", "ES256"), "ES256")):
        desk.clock.advance(seconds=31)  # type: ignore[union-attr]
        data = (await me(desk, signed(external(desk, tier="pro"), key, algorithm))).json()["data"]
        assert (data["tenant_id"], data["scopes"], data["tier"]) == ("acme", ["read", "write"], "pro")


async def test_forged_or_misdirected_tokens_of_the_issuer_are_refused(desk: SystemUnderTest, issuer: Issuer) -> None:
    key = issuer.add_key("k1")
    good = signed(external(desk), key)
    assert (await me(desk, good)).status_code == 200
    now = external(desk)["iat"]
    pem = key.as_pem(private=False).decode()
    forgeries = {
        "expired": signed(external(desk, exp=now - 31), key),
        "no expiry": signed({k: v for k, v in external(desk).items() if k != "exp"}, key),
        "not yet": signed(external(desk, nbf=now + 60), key),
        "wrong audience": signed(external(desk, aud="other"), key),
        "wrong issuer": signed(external(desk, iss="https://evil.example"), key),
        "our own name": signed(external(desk, iss="supportrag", aud="supportrag"), key),
        "alg none": unsigned(external(desk), kid="k1"),
        "public key as hmac secret": signed_with_public_key(external(desk), key.as_dict(private=False), pem),
        "algorithm of another kind of key": with_header(good, alg="ES256", kid="k1"),
        "the platform": signed(external(desk, tenant_id="platform"), key),
        "no tenant": signed(external(desk, tenant_id=None), key),
        "tampered": tampered(good, tenant_id="globex"),
    }
    for name, forged in forgeries.items():
        assert (await me(desk, forged)).status_code == 401, name


async def test_a_new_key_of_the_issuer_is_found_and_made_up_ones_do_not_hammer_it(
    desk: SystemUnderTest, issuer: Issuer
) -> None:
    assert desk.clock is not None
    await me(desk, signed(external(desk), issuer.add_key("k1")))
    asked = issuer.asked
    for number in range(20):
        made_up = ECKey.generate_key("P-256", {"kid": f"made-up-{number}"})
        assert (await me(desk, signed(external(desk), made_up, "ES256"))).status_code == 401
    assert issuer.asked == asked, "it was asked a moment ago"
    desk.clock.advance(seconds=31)
    assert (await me(desk, signed(external(desk), issuer.add_key("k2")))).status_code == 200
    assert issuer.asked == asked + 1


async def test_known_keys_stay_good_while_the_issuer_is_down_for_a_day(desk: SystemUnderTest, issuer: Issuer) -> None:
    assert desk.clock is not None
    key = issuer.add_key("k1")
    assert (await me(desk, signed(external(desk), key))).status_code == 200
    issuer.is_down = True
    desk.clock.advance(hours=23)
    assert (await me(desk, signed(external(desk), key))).status_code == 200
    desk.clock.advance(hours=2)
    assert (await me(desk, signed(external(desk), key))).status_code == 503


async def test_the_bootstrap_key_is_a_client_too(desk: SystemUnderTest) -> None:
    data = {"grant_type": "client_credentials", "client_id": "key_bootstrap", "client_secret": KEY}
    token = (await grant(desk, data)).json()["access_token"]
    assert (await me(desk, token)).json()["data"]["tenant_id"] == "platform"
