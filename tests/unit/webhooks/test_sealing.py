"""What is sealed opens only where it was sealed for, and with the right master key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.secrets.aesgcm import AesGcmCipher


@given(st.text(), st.text())
def test_it_opens_as_it_was_under_its_own_context_only(text: str, context: str) -> None:
    cipher = AesGcmCipher("master")
    sealed = cipher.seal(text, context)
    assert cipher.open(sealed, context) == text
    with pytest.raises(ValueError, match="sealed"):
        cipher.open(sealed, context + "x")


def test_two_seals_of_one_text_differ_and_neither_shows_it() -> None:
    cipher = AesGcmCipher("master")
    first, second = cipher.seal("whsec_x", "c"), cipher.seal("whsec_x", "c")
    assert first != second and "whsec_x" not in first


def test_master_keys_rotate_without_resealing() -> None:
    sealed = AesGcmCipher("old").seal("text", "c")
    assert AesGcmCipher("new", "old").open(sealed, "c") == "text"
    with pytest.raises(ValueError, match="another master key"):
        AesGcmCipher("new").open(sealed, "c")


@pytest.mark.parametrize("sealed", ["", "v1.x.y", "v2.a.b.c", "v1..", "garbage"])
def test_garbage_is_refused(sealed: str) -> None:
    with pytest.raises(ValueError, match="sealed"):
        AesGcmCipher("master").open(sealed, "c")


def test_a_changed_byte_is_noticed() -> None:
    cipher = AesGcmCipher("master")
    sealed = cipher.seal("text", "c")
    flipped = sealed[:-2] + ("A" if sealed[-2] != "A" else "B") + sealed[-1]
    with pytest.raises(ValueError, match="sealed"):
        cipher.open(flipped, "c")


def test_without_a_master_key_nothing_is_sealed() -> None:
    with pytest.raises(ValueError, match="master key"):
        AesGcmCipher("")
