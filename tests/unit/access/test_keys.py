"""API keys: what they may, how they are followed by others, when they end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import PLATFORM_TENANT, Principal, Scope, Tier
from domain.errors import Conflict, Forbidden
from domain.keys import (
    ApiKey,
    KeyState,
    acting_for,
    check_grant,
    check_origin,
    digest_of,
    hint_of,
    key_problems,
)

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def key(**given: object) -> ApiKey:
    values: dict[str, object] = {
        "id": "key_1",
        "created_at": NOW,
        "updated_at": NOW,
        "name": "shop",
        "hint": "sk_live_…abcd",
        "scopes": (Scope.WRITE,),
        "tier": Tier.FREE,
        "digests": ("first",),
    }
    return ApiKey(**{**values, **given})  # type: ignore[arg-type]


def test_the_old_secret_is_good_for_the_overlap_and_no_longer() -> None:
    rotated = key()
    rotated.rotate("second", "…", 24 * HOUR, NOW)
    assert rotated.accepts("second", NOW) and rotated.accepts("first", NOW + 23 * HOUR)
    assert not rotated.accepts("first", NOW + 24 * HOUR)
    assert rotated.accepts("second", NOW + 24 * HOUR)


def test_no_overlap_ends_the_old_secret_at_once() -> None:
    rotated = key()
    rotated.rotate("second", "…", timedelta(), NOW)
    assert rotated.digests == ("second",) and not rotated.accepts("first", NOW)


@given(st.lists(st.tuples(st.integers(0, 48), st.integers(0, 48)), min_size=1, max_size=6))
def test_a_later_rotation_never_lengthens_an_earlier_overlap(rotations: list[tuple[int, int]]) -> None:
    rotated, now, ends = key(digests=("s0",)), NOW, {}
    for number, (later, overlap) in enumerate(rotations, start=1):
        now += later * HOUR
        ends[f"s{number - 1}"] = now + overlap * HOUR
        ends = {old: min(end, now + overlap * HOUR) for old, end in ends.items()}
        rotated.rotate(f"s{number}", "…", overlap * HOUR, now)
    for old, end in ends.items():
        assert not rotated.accepts(old, end)
        if end > now:
            assert rotated.accepts(old, end - timedelta(seconds=1))


def test_a_revoked_or_expired_key_accepts_nothing_and_cannot_be_rotated() -> None:
    revoked, expired = key(), key(expires_at=NOW + HOUR)
    revoked.revoke(NOW)
    for dead in (revoked, expired):
        assert not dead.accepts("first", NOW + HOUR)
        with pytest.raises(Conflict):
            dead.rotate("second", "…", HOUR, NOW + HOUR)
    assert revoked.state(NOW) is KeyState.REVOKED and expired.state(NOW + HOUR) is KeyState.EXPIRED


def test_a_key_is_due_for_rotation_after_ninety_days_and_not_again_after_one() -> None:
    old = key()
    assert not old.is_due_for_rotation(NOW + timedelta(days=90))
    assert old.is_due_for_rotation(NOW + timedelta(days=90, seconds=1))
    old.rotate("second", "…", HOUR, NOW + timedelta(days=91))
    assert not old.is_due_for_rotation(NOW + timedelta(days=91))


@pytest.mark.parametrize(
    ("scopes", "origins", "fields"),
    [
        ((Scope.READ,), (), []),
        ((Scope.CHAT,), ("https://shop.example", "http://localhost:5173"), []),
        ((), (), ["scopes"]),
        ((Scope.CHAT, Scope.READ), ("https://shop.example",), ["scopes"]),
        ((Scope.CHAT,), (), ["origins"]),
        ((Scope.WRITE,), ("https://shop.example",), ["origins"]),
        ((Scope.CHAT,), ("shop.example", "https://shop.example/", "https://x:y"), [f"origins.{n}" for n in range(3)]),
        ((Scope.CHAT,), ("https://u@shop.example", "ftp://x.example", "https://[::1]"), ["origins.0", "origins.1"]),
        ((Scope.CHAT,), ("*", "null"), ["origins.0", "origins.1"]),
    ],
)  # fmt: skip
def test_what_a_key_may_be_asked_for(scopes: tuple[Scope, ...], origins: tuple[str, ...], fields: list[str]) -> None:
    assert [problem.field for problem in key_problems(scopes, origins, None, NOW)] == fields


def test_a_key_cannot_be_born_expired() -> None:
    assert [p.field for p in key_problems((Scope.READ,), (), NOW, NOW)] == ["expires_at"]


def principal(tenant: str, *scopes: Scope, tier: Tier = Tier.PRO) -> Principal:
    return Principal(tenant, frozenset(scopes), tier, "key_1", home_tenant_id=tenant)


def test_only_the_platforms_administrators_act_for_others() -> None:
    operator = principal(PLATFORM_TENANT, Scope.ADMIN)
    assert acting_for(operator, "acme").tenant_id == "acme"
    assert acting_for(operator, "acme").is_platform_admin
    for stranger in (principal("acme", Scope.ADMIN), principal(PLATFORM_TENANT, Scope.WRITE)):
        with pytest.raises(Forbidden):
            acting_for(stranger, "globex")
    assert acting_for(principal("acme", Scope.READ), "acme").tenant_id == "acme"


def test_nobody_gives_away_more_than_they_have() -> None:
    admin = principal("acme", Scope.ADMIN, tier=Tier.PRO)
    check_grant(admin, "acme", Tier.PRO)
    with pytest.raises(Forbidden):
        check_grant(admin, "acme", Tier.ENTERPRISE)
    with pytest.raises(Forbidden):
        check_grant(admin, "globex", Tier.FREE)
    check_grant(principal(PLATFORM_TENANT, Scope.ADMIN), "globex", Tier.ENTERPRISE)


def test_a_publishable_key_is_good_from_its_own_pages_only() -> None:
    check_origin(("https://shop.example",), "https://shop.example")
    check_origin((), "https://anywhere.example")
    for origin in (None, "https://shop.example.evil.example", "https://SHOP.example"):
        with pytest.raises(Forbidden):
            check_origin(("https://shop.example",), origin)


def test_a_hint_shows_where_a_secret_begins_and_ends() -> None:
    assert hint_of("sk_live_aaaa_bbbb_cdef") == "sk_live_…cdef"
    assert len(digest_of("sk_live_aaaa")) == 64
