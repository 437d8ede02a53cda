"""A route of the API, on a running server or straight on the database that is configured."""

import asyncio
from typing import Any

from entrypoints.client import ApiClient


def call(
    method: str,
    path: str,
    url: str | None,
    api_key: str | None,
    tenant: str | None,
    *,
    with_embedder: bool = False,
    **options: Any,
) -> dict[str, Any]:
    headers = {"X-Tenant-ID": tenant} if tenant else {}
    if url:
        found: dict[str, Any] = ApiClient(url, api_key).call(method, path, headers=headers, **options)
        return found
    from entrypoints.commands.in_process import answer

    return asyncio.run(answer(method, path, headers, options, with_embedder))
