"""The whole server in the process of a command."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from entrypoints.client import ApiClient, serving
from entrypoints.container import Container, build
from entrypoints.http.server import build_app
from entrypoints.settings import read_settings
from entrypoints.system import System


def embedded(work: Callable[[ApiClient, Container], Coroutine[Any, Any, dict[str, Any]]]) -> dict[str, Any]:
    """Runs the whole server in this process on a port of its own, for one piece of work."""

    async def run() -> dict[str, Any]:
        settings = read_settings(auth="off", port=0, log_level="ERROR")
        system = System(build(settings))
        async with serving(build_app(system)) as url:
            return await work(ApiClient(url, None), system.container)

    return asyncio.run(run())
