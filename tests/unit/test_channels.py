"""Laws of what goes to messengers and comes from them."""

import string
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.channels import heard_on_slack, in_pieces, slack_proves, slack_signature

TEXTS = st.text(alphabet=st.sampled_from(string.ascii_letters + "  \n😀é"), max_size=400)


@given(TEXTS, st.integers(2, 60))
def test_pieces_fit_and_lose_nothing_but_white_space(text: str, limit: int) -> None:
    pieces = in_pieces(text, limit)
    assert all(len(piece.encode("utf-16-le")) // 2 <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_text_is_cut_between_paragraphs_rather_than_words() -> None:
    assert in_pieces("one two\n\nthree four", 15) == ["one two", "three four"]


def test_slacks_own_example_verifies() -> None:
    """From "Verifying requests from Slack": secret, timestamp, body and signature are the documentation's."""
    secret, timestamp = "8f742231b10e8888abcd99yyyzzz85a5", "1531420618"
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert slack_signature(secret, timestamp, body) == signature
    then = datetime.fromtimestamp(1531420618, UTC)
    assert slack_proves(secret, timestamp, signature, body, then)
    assert not slack_proves("", timestamp, slack_signature("", timestamp, body), body, then)


def test_slacks_markup_is_read_as_the_person_sees_it() -> None:
    text = "<@U9> is <https://a.example|our shop> open &amp; <#C1|general>  cheap?"
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.0", "text": text}
    heard = heard_on_slack({"event": event})
    assert heard is not None and heard.text == "is our shop open & general cheap?"
