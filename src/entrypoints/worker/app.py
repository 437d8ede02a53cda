"""A worker: jobs and deliveries from the store, schedules from SAQ, until it is told to stop."""

import asyncio
import signal

import structlog

from entrypoints.container import build
from entrypoints.settings import Settings
from entrypoints.system import System

log = structlog.get_logger(__name__)

OPEN_AGAIN_AFTER = 1.0


async def run_worker(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; what runs then is handed back to the queue."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, stop.set)
    system = System(build(settings))
    await system.take_place()
    await system.open()
    schedule = asyncio.create_task(system.container.schedule().run_forever())
    system.start_working(schedules=False)
    log.info("worker_started")
    await asyncio.wait({schedule, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    schedule.cancel()
    await asyncio.gather(schedule, system.stop_working(), return_exceptions=True)
    log.info("worker_stopped")
    await system.close()
    if not stop.is_set():
        schedule.result()
