"""A route of the API in this process, straight on the database that is configured."""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from domain.access import PLATFORM_TENANT
from entrypoints.commands.schema import require_current_schema
from entrypoints.container import build
from entrypoints.http.server import build_app
from entrypoints.refusals import ApiRefusal, BadSettings
from entrypoints.settings import read_settings
from entrypoints.system import System


async def answer(
    method: str, path: str, headers: Mapping[str, str], options: Mapping[str, Any], with_embedder: bool
) -> dict[str, Any]:
    """The data, by a key that nobody else has: on the database, without jobs, and with models
    only where it asks for them."""
    own = f"sk_live_{secrets.token_urlsafe(32)}"
    settings = read_settings(bootstrap_api_key=own, auth="on", log_level="ERROR")
    if settings.database == "memory":
        raise BadSettings("What is kept in memory ends with this command: name a server with --url, or a database.")
    await require_current_schema(settings)
    container = build(settings)
    app: Any = build_app(System(container), work=False)
    container.seeing.log_lines().open()  # or what is logged would go to the output, among what was asked for
    await container.store().open()
    try:
        if with_embedder:
            await container.embedder().open()
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{PLATFORM_TENANT}") as http:
            bearer = {"Authorization": f"Bearer {own}", **headers}
            response = await http.request(method, path, headers=bearer, **options)
    finally:
        if with_embedder:
            await container.embedder().close()
        await container.store().close()
        container.seeing.log_lines().close()
    body = response.json()
    if response.is_error:
        raise ApiRefusal("; ".join(f"{e['field'] or e['code']}: {e['message']}" for e in body["errors"]))
    data: dict[str, Any] = body["data"]
    return data
