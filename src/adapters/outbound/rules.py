"""Which URLs and addresses may be reached. Nothing here asks a resolver."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import idna

from application.ports.outbound import BlockedTarget

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2048

FORBIDDEN: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        "::/3", "4000::/2", "8000::/1",
    )
)  # fmt: skip
"""`ipaddress.is_global` lets NAT64, 6to4 and IPv4-compatible forms pass, so the list is explicit; the last
line is all that is not global unicast (2000::/3), such as the IPv4-translated `::ffff:0:127.0.0.1`."""

NEVER = (ip_network("169.254.0.0/16"), ip_network("fe80::/10"), ip_network("fd00:ec2::254/128"))
"""Link-local, where clouds keep their metadata: no setting opens it."""

_INTERNAL = ("local", "localhost", "internal", "localdomain", "home.arpa", "onion", "invalid")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\^`{|}<>\"]")
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})


@dataclass(frozen=True, slots=True)
class Target:
    """A URL's scheme, host (normalised; literal addresses without brackets) and port."""

    scheme: str
    host: str
    port: int
    literal: Address | None
    exempt: bool = False
    """The settings name this host: everything but link-local is allowed."""
    only_allowed: bool = False
    """Http, or an internal name: good only if every address is in an allowed network."""


@dataclass(frozen=True, slots=True)
class AllowList:
    """`OUTBOUND_ALLOW`: hosts (`host` or `host:port`) and networks that may be reached besides public ones."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "AllowList":
        """Raises `ValueError` for an entry that is neither a network nor a host."""
        hosts, networks = set(), []
        for entry in (part.strip().lower() for part in entries):
            network = _network(entry)
            if network is not None:
                networks.append(network)
            elif entry:
                hosts.add(_host_entry(entry))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str, port: int) -> bool:
        return host in self.hosts or f"{host}:{port}" in self.hosts

    def holds(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None


def _host_entry(entry: str) -> str:
    host, _, port = entry.partition(":")
    if not all(_LABEL.fullmatch(label) for label in host.split(".")) or not (port.isdigit() or entry == host):
        raise ValueError(f"{entry!r} is neither a host name, an address nor a CIDR")
    return entry


@lru_cache(maxsize=4096)
def parse_target(url: str, allowed: AllowList) -> Target:
    """The target of a URL that may be tried; raises `BlockedTarget` saying why not."""
    if len(url) > MAX_URL:
        raise BlockedTarget(f"the URL is longer than {MAX_URL} characters")
    if _UNSAFE.search(url):
        raise BlockedTarget("the URL holds characters that do not belong into one")
    scheme, raw_host, port = _split(url)
    host = _normalised(raw_host)
    literal = parse_address(host)
    target = Target(scheme, host, port, literal, exempt=allowed.names(host, port))
    if literal is not None:
        require_address(literal, target, allowed)
    return target if target.exempt else _public(target, allowed)


def _split(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BlockedTarget("the URL cannot be read") from error
    if parts.scheme not in ("http", "https"):
        raise BlockedTarget("only https (and http for allowed hosts) can be reached")
    if "@" in parts.netloc:
        raise BlockedTarget("the URL must not hold a user name or password")
    if not host or port == 0:
        raise BlockedTarget("the URL names no host")
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


def _normalised(host: str) -> str:
    """Lower case, full-width forms folded, IDNA-encoded, without the root's dot."""
    if "%" in host:
        raise BlockedTarget("the host holds an escape or a scope")
    text = unicodedata.normalize("NFKC", host.translate(_DOTS)).lower().removesuffix(".")
    if text.isascii():
        return text
    try:
        return idna.encode(text, uts46=True).decode()
    except idna.IDNAError as error:
        raise BlockedTarget("the host is no valid international name") from error


def parse_address(host: str) -> Address | None:
    try:
        return unwrapped(ip_address(host))
    except ValueError:
        return None


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside a mapped one."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _public(target: Target, allowed: AllowList) -> Target:
    if target.literal is None:
        _require_name(target.host)
    inside = target.literal is None and _is_internal(target.host)
    plain = target.scheme == "http" and not (target.literal and allowed.holds(target.literal))
    if (inside or plain) and (target.literal or not allowed.networks):
        raise BlockedTarget("the host is internal" if inside else "only https can be reached")
    return Target(target.scheme, target.host, target.port, target.literal, only_allowed=inside or plain)


def _require_name(host: str) -> None:
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BlockedTarget("the host is no valid name")
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise BlockedTarget("the host is an address in an unusual spelling")


def _is_internal(host: str) -> bool:
    return "." not in host or any(host == name or host.endswith(f".{name}") for name in _INTERNAL)


def require_address(address: Address, target: Target, allowed: AllowList) -> None:
    """Raises `BlockedTarget` unless a connection may be made to the address on behalf of the target."""
    address = unwrapped(address)
    if _in(address, NEVER) or getattr(address, "scope_id", None):
        raise BlockedTarget("the address is link-local")
    if target.exempt or allowed.holds(address):
        return
    if target.only_allowed or _in(address, FORBIDDEN):
        raise BlockedTarget("the address is not a public one")


def _in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
