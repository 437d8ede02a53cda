"""The answer cache."""

from typing import Annotated

from litestar import Controller, delete, get
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from application.use_cases.cache import TendCache
from domain.access import Scope
from domain.errors import ServiceUnavailable
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.security import Caller


class ClearIn(Struct, kw_only=True, forbid_unknown_fields=True):
    user_id: Annotated[str, Meta(min_length=1, max_length=128, description="Whose questions; `all` for everybody's.")]


class Cleared(Struct, kw_only=True):
    cleared: int
    user_id: str


class CacheStatusOut(Struct, kw_only=True):
    memory_usage_mb: float
    total_keys: int
    hit_rate: float
    connected: bool


LINKS = {"status": "/api/v1/cache/status"}


class CacheController(Controller):
    path = "/api/v1/cache"
    tags = ("cache",)

    @delete(
        "/",
        status_code=200,
        operation_id="clearCache",
        opt=rules(scope=Scope.ADMIN, raises=(ServiceUnavailable,)),
    )
    async def clear(
        self, data: JSONBody[ClearIn], caller: Caller, tend_cache: NamedDependency[TendCache]
    ) -> Envelope[Cleared]:
        """Forget the answers given to one person's questions, or to everybody's."""
        cleared = await tend_cache.clear(caller, data.user_id)
        return ok(Cleared(cleared=cleared, user_id=data.user_id), links=LINKS)

    @get("/status", operation_id="getCacheStatus")
    async def status(self, caller: Caller, tend_cache: NamedDependency[TendCache]) -> Envelope[CacheStatusOut]:
        """How full the cache is and how often it helps."""
        found = await tend_cache.status(caller)
        out = CacheStatusOut(
            memory_usage_mb=found.memory_usage_mb,
            total_keys=found.total_keys,
            hit_rate=found.hit_rate or 0.0,
            connected=found.connected,
        )
        return ok(out, links={"self": "/api/v1/cache/status", "clear": "/api/v1/cache"})
