"""A worker: jobs and deliveries from the store, schedules from SAQ, until it is told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn

from entrypoints.container import Container, build
from entrypoints.http.server import build_window
from entrypoints.settings import Settings
from entrypoints.system import System

log = structlog.get_logger(__name__)

OPEN_AGAIN_AFTER = 1.0


async def run_worker(settings: Settings, metrics_port: int | None = None) -> None:
    """Until SIGTERM or SIGINT; what runs then is handed back to the queue. With a `metrics_port` it shows its
    numbers there: what it counts, no other process knows."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, stop.set)
    system = System(build(settings))
    await system.take_place()
    await system.open()
    schedule = asyncio.create_task(system.container.schedule().run_forever())
    async with _window(system.container, settings.host, metrics_port):
        system.start_working(schedules=False)
        log.info("worker_started")
        await asyncio.wait({schedule, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    schedule.cancel()
    await asyncio.gather(schedule, system.stop_working(), return_exceptions=True)
    log.info("worker_stopped")
    await system.close()
    if not stop.is_set():
        schedule.result()


@asynccontextmanager
async def _window(container: Container, host: str, port: int | None) -> AsyncIterator[None]:
    if port is None:
        yield
        return
    config = uvicorn.Config(
        build_window(container), host=host, port=port, log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)


class _Quiet(uvicorn.Server):
    """Signals are the worker's to hear."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
