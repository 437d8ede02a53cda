"""`supportrag worker`."""

import asyncio
from typing import Annotated

import typer

from entrypoints.commands.schema import require_current_schema
from entrypoints.commands.terminal import console
from entrypoints.settings import read_settings


def worker(
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Show /metrics, /health and /livez of this worker there.")
    ] = None,
) -> None:
    """Do jobs, webhook deliveries and schedules; any number of workers share the work."""
    settings = read_settings()
    settings.require_shared("A separate worker")
    asyncio.run(require_current_schema(settings))
    console.print("Working. Stop with SIGTERM: what runs then is handed back.", highlight=False)
    from entrypoints.worker.app import run_worker

    asyncio.run(run_worker(settings, metrics_port))
