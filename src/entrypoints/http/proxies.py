"""Who is really asking, when a proxy that we trust stands in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from entrypoints.http.calls import Headers


@dataclass(frozen=True, slots=True)
class Proxies:
    """The networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @staticmethod
    def trusting(trusted: Sequence[str]) -> "Proxies":
        return Proxies(tuple(ip_network(each, strict=False) for each in trusted))

    def peer(self, scope: Any, headers: Headers) -> tuple[str | None, bool]:
        """The client's address and whether it came by https."""
        address = (scope.get("client") or (None,))[0]
        secure = scope.get("scheme") in {"https", "wss"}
        if not self._trusts(address):
            return address, secure
        proto = headers.get("x-forwarded-proto", "").split(",")[-1].strip().lower()
        return self._first_untrusted(headers.get("x-forwarded-for", ""), address), secure or proto == "https"

    def _first_untrusted(self, forwarded: str, nearest: str | None) -> str | None:
        """From the right: each trusted hop vouches only for the one before it."""
        for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            if not _is_address(hop):
                return nearest
            nearest = hop
            if not self._trusts(hop):
                break
        return nearest

    def _trusts(self, address: str | None) -> bool:
        if not self.networks or not _is_address(address):
            return False
        return any(ip_address(address or "") in network for network in self.networks)


def _is_address(text: str | None) -> bool:
    try:
        ip_address(text or "")
    except ValueError:
        return False
    return True
