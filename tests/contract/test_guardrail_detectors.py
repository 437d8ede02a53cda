"""What every set of detectors promises: `application.ports.guardrails`."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.guardrails.builtin import BuiltinDetectors
from application.ports.guardrails import Detectors
from domain.guardrails import RULES, Direction, Finding, StreamRedactor, screen
from domain.languages import SUPPORTED

WORDS = (
    "the your to at of on is and une la der ist номер please Order order call me phone Tel ext. ext x12 version "
    "password: Passwort passe : pin 1234 = secret is key api_key token born geboren am né le nacido de marzo March 12. "
    "12 1985 03/04/1985 1985-04-03 +49 30 1234567 (495) 123-45-67 8 06 56 78 555-123-4567 4111 1111 4111111111111111 "
    "DE89 3704 0044 0532 0130 00 GB82 WEST 5698 7654 32 gb82 west AB C X 1234567 L 12345678Z 494-33-0748 ann@acme.com "
    '@ 8.8.4.4 swordfish Hunter2! -----BEGIN RSA PRIVATE KEY----- -----END MIIEow "quoted" sk_live_abcdefghij123456 '
    "112-233-445 95 36574261809 Steuer-ID СНИЛС passport driver license \n \n\n . , - "
).split(" ")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@pytest.fixture(scope="module", params=[BuiltinDetectors], ids=["builtin"])
def detectors(request: pytest.FixtureRequest) -> Detectors:
    made: Detectors = request.param()
    return made


@given(text=st.one_of(st.text(st.characters(), max_size=300), TEXTS), language=st.sampled_from((*SUPPORTED, "xx", "")))
@settings(max_examples=300, deadline=None)
@example("\x00\ud800' or 1=1 --", "en")
@example("", "en")
def test_any_text_is_looked_at_without_an_error(detectors: Detectors, text: str, language: str) -> None:
    for direction in Direction:
        for finding in detectors.find(text, direction, language):
            assert 0 <= finding.start < finding.end <= len(text)


@given(text=TEXTS, cuts=st.lists(st.integers(0, 400)), language=st.sampled_from(SUPPORTED))
@settings(max_examples=1500, deadline=None)
def test_a_stream_is_redacted_as_the_whole_text_would_be(
    detectors: Detectors, text: str, cuts: list[int], language: str
) -> None:
    def find(part: str) -> list[Finding]:
        return detectors.find(part, Direction.OUTPUT, language)

    redactor = StreamRedactor(find)
    bounds = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    streamed = "".join(redactor.feed(text[a:b]) for a, b in pairwise(bounds)) + redactor.finish()
    whole = screen(text, find(text), RULES)
    assert streamed == whole.text
    assert redactor.verdict == whole.verdict


HOSTILE = (
    "a" * 20_000,
    "1" * 20_000,
    "1 " * 10_000,
    "1-" * 10_000,
    "1." * 10_000,
    "@" * 20_000,
    "a@" * 10_000,
    "a.b-" * 5_000,
    ":" * 20_000,
    "_" * 20_000,
    "'" * 20_000,
    "pass " * 4_000,
    "password:" * 2_222,
    "eyJ" * 6_666,
    "-----BEGIN RSA PRIVATE KEY-----" * 645,
    "DE89 " * 4_000,
    "select " * 2_800,
    "/*" * 10_000,
    "ignore all " * 1_818,
    "f u c k" * 2_857,
    "\u200b" * 20_000,
    "é" * 20_000,
    "aA1/" * 5_000,
    "+1 (" * 5_000,
    "\n" * 20_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_twenty_thousand_hostile_characters_take_no_longer_than_honest_ones(detectors: Detectors, text: str) -> None:
    for direction in Direction:
        began = time.perf_counter()
        detectors.find(text, direction, "en")
        assert time.perf_counter() - began < 1.0
