"""Is it there, is it ready, and what is there: the routes that need no use-case."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from domain.errors import ServiceUnavailable
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.security import rules

Ready = Callable[[], Awaitable[Sequence[str]]]
"""What the service still waits for, by name; empty when it can serve."""


async def always_ready() -> Sequence[str]:
    return ()


Discover = Callable[[], "Discovery"]


class Group(Struct, kw_only=True):
    name: str
    links: Mapping[str, str]
    """By operation; in a link, `{name}` is a path parameter."""


class Discovery(Struct, kw_only=True):
    service: str
    version: str
    groups: Sequence[Group]


class SystemController(Controller):
    tags = ("system",)

    @get("/api/v1/ping", operation_id="ping", opt=rules(public=True))
    async def ping(self) -> Envelope[str]:
        """Answers without touching anything."""
        return ok("pong")

    @get("/livez", operation_id="live", opt=rules(public=True))
    async def live(self) -> Envelope[str]:
        """The process is alive."""
        return ok("alive")

    @get("/readyz", operation_id="ready", opt=rules(public=True, raises=(ServiceUnavailable,)))
    async def ready(self, ready: NamedDependency[SkipValidation[Ready]]) -> Envelope[str]:
        """Ready to serve; 503 names what is missing."""
        if waiting := list(await ready()):
            raise ServiceUnavailable(f"Not ready: {', '.join(waiting)}.", details={"waiting_for": waiting})
        return ok("ready")

    @get("/api/v1", operation_id="discover")
    async def discover(
        self, request: Request[Any, Any, Any], discover: NamedDependency[SkipValidation[Discover]]
    ) -> Envelope[Discovery]:
        """The groups of the API with their links."""
        links = {"self": "/api/v1", "docs": "/docs", "openapi": "/schema/openapi.json"}
        return ok(discover(), links=links)
