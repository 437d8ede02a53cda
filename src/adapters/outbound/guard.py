"""The address guard: resolve once, check every address, connect to a checked one."""

import asyncio
import contextvars
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.outbound.rules import AllowList, Target, parse_address, parse_target, require_address
from application.ports.outbound import BlockedTarget

Info = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
Resolve = Callable[[str, int], Awaitable[list[str]]]
KEEPALIVE_SECONDS = 4
"""Many receivers close what is idle for five: a delivery must not begin in the last moment of a connection."""
_target: contextvars.ContextVar[Target | None] = contextvars.ContextVar("outbound_target", default=None)


async def system_resolver(host: str, port: int) -> list[str]:
    """Every address the system knows for a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


class AddressGuard:
    """Decides about URLs, and lends aiohttp a connector that can only reach what it admitted.

    Whoever sends wraps the request in `with guard.admitted(url):`. A connection asked for outside of that
    is refused, so that nothing can go round the check.
    """

    def __init__(self, allow: Iterable[str] = (), resolve: Resolve = system_resolver) -> None:
        self._allowed, self._resolve = AllowList.parse(allow), resolve

    def refusal(self, url: str) -> str | None:
        try:
            parse_target(url, self._allowed)
        except BlockedTarget as blocked:
            return str(blocked)
        return None

    @contextmanager
    def admitted(self, url: str) -> Iterator[None]:
        """Connections made inside go to the URL's target only; raises `BlockedTarget`."""
        token = _target.set(parse_target(url, self._allowed))
        try:
            yield
        finally:
            _target.reset(token)

    async def addresses(self, target: Target) -> list[str]:
        """The target's addresses, resolved once; one forbidden among them refuses all."""
        if target.literal is not None:
            found = [str(target.literal)]
        else:
            found = await self._resolve(target.host, target.port)
        for text in found:
            self._require(text, target)
        return found

    def _require(self, text: str, target: Target) -> None:
        address = parse_address(text)
        if address is None:
            raise BlockedTarget("the name resolves to something that is no address")
        require_address(address, target, self._allowed)

    def connector(self, limit: int = 100, tls: ssl.SSLContext | None = None) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            resolver=_Resolver(self), socket_factory=self._socket, use_dns_cache=False, limit=limit,
            ssl=tls or True, keepalive_timeout=KEEPALIVE_SECONDS,
        )  # fmt: skip

    def _socket(self, info: Info) -> socket.socket:
        """Called for each connection, literal addresses included: the last look at where it goes."""
        family, kind, protocol, _, place = info
        self._require(str(place[0]), current_target())
        return socket.socket(family, kind, protocol)


def current_target() -> Target:
    target = _target.get()
    if target is None:
        raise BlockedTarget("this connection was not admitted")
    return target


class _Resolver(AbstractResolver):
    """Answers aiohttp with the checked addresses of the admitted target, and nobody else's."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        target = current_target()
        if host.rstrip(".").lower() != target.host:
            raise BlockedTarget("another host was admitted")
        return [_result(host, port, text) for text in await self._guard.addresses(target)]

    async def close(self) -> None:
        """Nothing is held open."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=flags)
