"""The HTTP application on a port of its own."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from litestar import Litestar

from entrypoints.settings import Settings
from entrypoints.system import System

REQUESTS_END_WITHIN = 8
"""Seconds that open requests have after SIGTERM, while jobs are handed back; all is over within 25."""


def listening(app: Litestar, settings: Settings, certificate: Path | None, key: Path | None) -> uvicorn.Config:
    """How the application is served: by TLS 1.2 and later where there is a certificate."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level.lower(),
        log_config=None,  # its lines go the way of all others
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=REQUESTS_END_WITHIN,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


class Draining(uvicorn.Server):
    """Takes the process's place before anything else, and hands jobs back while the last requests are answered."""

    def __init__(self, config: uvicorn.Config, system: System) -> None:
        super().__init__(config)
        self._system = system

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._system.take_place()
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.gather(self._system.stop_working(), super().shutdown(sockets))


@asynccontextmanager
async def serving(app: Litestar) -> AsyncIterator[str]:
    """The application on a free local port; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
        if running.done():
            await running
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
