from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.calls import zulu
from entrypoints.http.error_catalogue import ERROR_PAGES
from entrypoints.http.errors import STATUS, NotAcceptable
from entrypoints.http.fitness import text_problem
from entrypoints.http.proxies import Proxies
from entrypoints.http.versions import check_accept


@given(moment=st.datetimes(timezones=st.just(timezone(timedelta(hours=5, minutes=30)))))
def test_a_time_on_the_wire_is_utc_to_the_millisecond(moment: datetime) -> None:
    try:
        shown = zulu(moment)
    except OverflowError:
        return  # the first hours of year 1 have no UTC
    assert shown.endswith("Z") and len(shown) == 24
    assert abs(datetime.fromisoformat(shown) - moment) < timedelta(milliseconds=1)
    assert datetime.fromisoformat(shown).tzinfo == UTC


@given(text=st.text())
def test_a_text_is_fit_unless_it_holds_a_control_character_or_half_a_pair(text: str) -> None:
    unfit = any(
        (character < " " and character not in "\t\n\r")
        or "\x7f" <= character <= "\x9f"
        or "\ud800" <= character <= "\udfff"
        for character in text
    )
    assert (text_problem(text, "field") is not None) is unfit


@given(accept=st.text(alphabet=st.characters(codec="latin-1"), max_size=60))
def test_no_accept_header_does_more_than_be_refused(accept: str) -> None:
    for header in (accept, f"application/vnd.supportrag.v1+json,{accept}"):
        check_accept(header)


def test_an_accept_header_that_names_only_unknown_versions_is_refused() -> None:
    with pytest.raises(NotAcceptable):
        check_accept("application/vnd.supportrag.v2+json, application/vnd.supportrag.v3+json;q=0.9")
    with pytest.raises(NotAcceptable):
        check_accept("Application/VND.supportrag.v2+JSON".lower())
    check_accept("application/vnd.supportrag.v2+json, */*;q=0.1")


@given(forwarded=st.text(alphabet="0123456789.,: abcdef", max_size=60))
def test_no_forwarding_header_breaks_the_clients_address(forwarded: str) -> None:
    proxies = Proxies.trusting(["10.0.0.0/8", "::1"])
    address, _ = proxies.peer({"client": ("10.1.2.3", 1), "scheme": "http"}, {"x-forwarded-for": forwarded})
    assert address


def test_every_error_code_is_documented() -> None:
    assert ERROR_PAGES.keys() == STATUS.keys()
