"""Callers of every kind, made by the platform's own key."""

from dataclasses import dataclass
from typing import Any

import httpx
from tests.support.system import SystemUnderTest


@dataclass
class Visitor:
    """Somebody with a key of their own."""

    system: SystemUnderTest
    key_id: str
    secret: str
    tenant_id: str
    origin: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.secret}"}
        return own | ({"Origin": self.origin} if self.origin else {})

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.system.http.request(method, url, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.request("POST", path, json=body, **options)

    async def ask(self, question: str = "What is your return policy?", **options: Any) -> httpx.Response:
        return await self.post("/api/v1/queries", {"question": question}, **options)


async def visitor(
    system: SystemUnderTest, *scopes: str, tenant: str = "acme", tier: str = "enterprise", **more: Any
) -> Visitor:
    """A new key of the tenant, with these scopes (`write` unless others are named)."""
    chosen = list(scopes) or ["write"]
    origin = "https://shop.example" if chosen == ["chat"] else None
    body = {"name": "test", "scopes": chosen, "tenant_id": tenant, "tier": tier, **more}
    if origin:
        body["origins"] = [origin]
    made = await system.data("POST", "/api/v1/api-keys", json=body)
    return Visitor(system, made["key_id"], made["api_key"], tenant, origin)
