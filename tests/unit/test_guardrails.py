"""What the rules do to a text, whoever finds."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.guardrails import PII, PROFANITY, RULES, SECRETS, SQL_INJECTION, Finding, StreamRedactor, rules_for, screen
from domain.seams import settled
from domain.settings import GuardrailSetting


def finding(text: str, value: str, kind: str = "EMAIL", rule_id: str = PII) -> Finding:
    start = text.index(value)
    return Finding(rule_id, start, start + len(value), kind)


def test_a_text_in_which_nothing_was_found_passes_unchanged() -> None:
    screening = screen("hello", [], RULES)
    assert (screening.text, screening.verdict, screening.blocked_by) == ("hello", "passed", None)


def test_a_value_is_replaced_by_its_kind() -> None:
    text = "Write to ann@acme.com today"
    screening = screen(text, [finding(text, "ann@acme.com")], RULES)
    assert (screening.text, screening.verdict) == ("Write to [EMAIL] today", "redacted")


def test_values_that_overlap_are_replaced_once_by_the_longest_kind() -> None:
    text = "iban DE89370400440532013000 end"
    found = [finding(text, "89370400440", "PHONE"), finding(text, "DE89370400440532013000", "IBAN")]
    assert screen(text, found, RULES).text == "iban [IBAN] end"


def test_values_that_touch_are_replaced_each() -> None:
    found = [Finding(PII, 0, 2, "CARD"), Finding(PII, 2, 4, "PHONE")]
    assert screen("abcd", found, RULES).text == "[CARD][PHONE]"


def test_the_gravest_rule_is_the_one_that_blocks() -> None:
    found = [Finding(PROFANITY, 0, 1, "PROFANITY"), Finding(SQL_INJECTION, 2, 3, "SQL")]
    screening = screen("a b", found, RULES)
    assert screening.verdict == "blocked"
    assert screening.blocked_by is not None and screening.blocked_by.rule_id == SQL_INJECTION


def test_a_blocked_text_is_recorded_without_bad_words_and_personal_data_but_with_the_code() -> None:
    text = "darn ann@acme.com ' or 1=1"
    found = [
        finding(text, "darn", "PROFANITY", PROFANITY),
        finding(text, "ann@acme.com", rule_id="gr_pii_input"),
        finding(text, "' or 1=1", "SQL", SQL_INJECTION),
    ]
    assert screen(text, found, RULES).text == "[PROFANITY] [EMAIL] ' or 1=1"


def test_a_tenant_switches_a_rule_off() -> None:
    rules = rules_for({PII: GuardrailSetting(enabled=False)})
    text = "ann@acme.com"
    assert screen(text, [finding(text, text)], rules).verdict == "passed"


def test_a_tenant_is_only_warned_where_it_wants_so() -> None:
    rules = rules_for({PROFANITY: GuardrailSetting(action="warn", severity="low")})
    screening = screen("darn", [Finding(PROFANITY, 0, 4, "PROFANITY")], rules)
    assert (screening.text, screening.verdict, len(screening.findings)) == ("darn", "warned", 1)


def test_settings_for_rules_that_do_not_exist_are_passed_over() -> None:
    assert rules_for({"gr_unknown": GuardrailSetting(enabled=False)}) == RULES


@pytest.mark.parametrize("setting", [GuardrailSetting(action="explode"), GuardrailSetting(severity="huge")])
def test_an_unknown_action_or_severity_is_refused(setting: GuardrailSetting) -> None:
    with pytest.raises(InvalidInput, match="is one of"):
        rules_for({PII: setting})


SOURCE = "Ask us: support@acme.com or +49 30 1234567. Card 4111111111111111."


@pytest.mark.parametrize("value", ["support@acme.com", "Support@Acme.com"])
def test_contact_details_that_stand_in_an_approved_source_pass(value: str) -> None:
    assert screen(value, [finding(value, value)], RULES, [SOURCE]).verdict == "passed"


@pytest.mark.parametrize(
    ("value", "kind", "rule_id"),
    [
        ("port@acme.com", "EMAIL", PII),  # only a part of what stands there
        ("ann@acme.com", "EMAIL", PII),
        ("4111111111111111", "CARD", PII),  # cards and secrets are nobody's contact details
        ("support@acme.com", "PASSWORD", SECRETS),
    ],
)
def test_everything_else_is_replaced_although_there_are_sources(value: str, kind: str, rule_id: str) -> None:
    assert screen(value, [finding(value, value, kind, rule_id)], RULES, [SOURCE]).text == f"[{kind}]"


def digits(text: str) -> list[Finding]:
    return [Finding(PII, m.start(), m.end(), "CARD") for m in re.finditer(r"\d(?:[ -]?\d){3,}", text)]


@given(
    st.text(st.sampled_from("ab1 -.\n"), max_size=120) | st.text(max_size=60),
    st.lists(st.integers(0, 120), max_size=30),
)
def test_however_a_stream_is_cut_it_reads_as_the_whole_text_screened(text: str, cuts: list[int]) -> None:
    redactor = StreamRedactor(digits)
    bounds = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    streamed = "".join(redactor.feed(text[a:b]) for a, b in pairwise(bounds)) + redactor.finish()
    whole = screen(text, digits(text), RULES)
    assert (streamed, redactor.verdict, redactor.findings) == (whole.text, whole.verdict, whole.findings)


def test_a_stream_of_plain_words_is_held_back_by_no_more_than_two_words() -> None:
    redactor = StreamRedactor(digits)
    fed = said = ""
    for word in "you can change your plan in the settings of the app".split():
        fed += f"{word} "
        said += redactor.feed(f"{word} ")
        assert len(fed[len(said) :].split()) < 2


def test_a_number_is_held_back_until_it_is_known_to_be_over() -> None:
    redactor = StreamRedactor(digits)
    said = [redactor.feed(piece) for piece in ("Use the code 12", "34 ", "and then ", "go")]
    assert "12" not in "".join(said)
    assert "".join(said) + redactor.finish() == "Use the code [CARD] and then go"


def test_a_stream_that_is_blocked_falls_silent() -> None:
    redactor = StreamRedactor(digits, rules_for({PII: GuardrailSetting(action="block")}))
    said = redactor.feed("it is a plain sentence ") + redactor.feed("1234 5678 and more of it ") + redactor.feed("then")
    assert (said, redactor.finish()) == ("it is a plain sentence ", "")
    assert redactor.blocked_by is not None and redactor.blocked_by.rule_id == PII


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", 0),
        ("hello", 0),
        ("hello there", 0),
        ("hello there ", 12),
        ("hello there my", 12),
        ("your password is ", 0),
        ("my 1234 then ", 0),
        ("my 1234 then some ", 18),
        ("some words -----BEGIN RSA PRIVATE KEY----- and more words ", 11),
    ],
)
def test_a_text_may_be_cut_after_two_plain_words_that_announce_nothing(text: str, part: int) -> None:
    assert settled(text) == part
