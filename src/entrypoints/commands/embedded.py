"""The whole server in the process of a command."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from entrypoints.client import ApiClient
from entrypoints.container import build
from entrypoints.demo import load_demo
from entrypoints.http.server import build_app
from entrypoints.serving import serving
from entrypoints.settings import read_settings
from entrypoints.system import System


def embedded(work: Callable[[ApiClient], dict[str, Any]], *, demo: bool, files: Sequence[Path]) -> dict[str, Any]:
    """Runs the whole server in this process on a port of its own, for one piece of work on the configured database;
    it knows the demo FAQ and the files too, if they are asked for."""

    async def run() -> dict[str, Any]:
        settings = read_settings(auth="off", port=0, log_level="ERROR")
        system = System(build(settings))
        async with serving(build_app(system)) as url:
            api = ApiClient(url, None)
            if demo:
                await load_demo(system.container)
            if files:
                await asyncio.to_thread(api.ingest, files, approve=True)
            return await asyncio.to_thread(work, api)

    return asyncio.run(run())
