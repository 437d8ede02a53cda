"""A real server on a real port, in this process: for what a client on a socket does and sees."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from tests.support.system import KEY, SystemUnderTest, running

__all__ = ["KEY", "serving"]


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[SystemUnderTest, str]]:
    """The running system and the address it is served at."""
    async with running(**options) as system:
        app = system.http._transport.app  # type: ignore[attr-defined]  # its lifespan runs already
        # without a log configuration of its own, which would close the handlers that are open
        server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, access_log=False))
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has nothing to wait for
            await asyncio.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        try:
            yield system, f"http://{host}:{port}"
        finally:
            server.should_exit = True
            await task
