"""Cursors over an order that tenants share."""

import pytest

from adapters.secrets.aesgcm import AesGcmCipher
from application.cursors import SealedCursors
from domain.errors import InvalidInput

CURSORS = SealedCursors(AesGcmCipher("a master key"), "events")


def test_a_cursor_leads_back_to_its_position_and_fits_an_address() -> None:
    sealed = CURSORS.seal("acme", "12345")

    assert CURSORS.open("acme", sealed) == "12345"
    assert not set(sealed) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.=")


def test_neighbours_look_nothing_alike() -> None:
    one, other = (CURSORS.seal("acme", str(n)).rpartition(".")[2] for n in (12345, 12346))

    assert sum(a == b for a, b in zip(one, other, strict=True)) < len(one) / 2


@pytest.mark.parametrize(
    "cursor",
    [
        "12345", "", "v1.x.y", CURSORS.seal("globex", "12345"),
        SealedCursors(AesGcmCipher("a master key"), "logs").seal("acme", "12345"),
    ],
    ids=["bare", "empty", "nonsense", "another tenant's", "another list's"],
)  # fmt: skip
def test_nothing_else_is_taken_for_one(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="not made by this list"):
        CURSORS.open("acme", cursor)
