"""What the claims of an access token must say."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.access import Scope
from domain.errors import Unauthorized
from domain.tokens import SigningKey, check_claims, scopes_in, signing_key_of

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
T = int(NOW.timestamp())
GOOD = {"iss": "us", "aud": ["them", "me"], "exp": T + 60, "iat": T, "nbf": T}


def test_a_token_that_says_the_right_things_is_good() -> None:
    check_claims(GOOD, "us", "me", NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "other"}, {"iss": None}, {"aud": "other"}, {"aud": None}, {"aud": {"me": 1}}, {"aud": ["other"]},
        {"exp": T}, {"exp": None}, {"exp": "9999999999"}, {"exp": True}, {"nbf": T + 60}, {"iat": T + 60},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_says_something_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Unauthorized):
        check_claims({**GOOD, **wrong}, "us", "me", NOW)


def test_clocks_of_others_may_differ_a_little() -> None:
    check_claims({**GOOD, "exp": T - 29, "nbf": T + 29}, "us", "me", NOW, leeway=30)
    with pytest.raises(Unauthorized):
        check_claims({**GOOD, "exp": T - 30}, "us", "me", NOW, leeway=30)


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "read write"}, {Scope.READ, Scope.WRITE}),
        ({"scp": ["admin", "openid"]}, {Scope.ADMIN}),
        ({"scope": "chat read"}, {Scope.READ}),
        ({"scope": 7}, set()),
        ({}, set()),
    ],
)
def test_scopes_are_read_from_either_claim(claims: dict[str, object], scopes: set[Scope]) -> None:
    assert scopes_in(claims) == scopes


def test_the_newest_key_signs_once_its_time_has_come() -> None:
    def key(name: str, signs_from: datetime, retired_at: datetime | None = None) -> SigningKey:
        return SigningKey(
            id=name, created_at=NOW, updated_at=NOW, public={}, sealed_private="", signs_from=signs_from,
            retired_at=retired_at,
        )  # fmt: skip

    later = NOW + timedelta(minutes=10)
    old, new = key("old", NOW, later + timedelta(minutes=15)), key("new", later)
    assert signing_key_of([new, old], NOW) is old
    assert signing_key_of([new, old], later) is new
    assert signing_key_of([], NOW) is None
    assert old.is_published(later) and not old.is_published(later + timedelta(minutes=15))
