"""`supportrag reindex`."""

import asyncio
from typing import Annotated

import typer
from rich.progress import Progress

from application.ports.storage import JOBS
from domain.jobs import Job, JobStatus
from entrypoints.commands.schema import require_current_schema
from entrypoints.commands.terminal import console, errors
from entrypoints.container import Container, build
from entrypoints.settings import BadSettings, read_settings
from entrypoints.system import System

LOOK_EVERY = 0.5

Tenants = Annotated[list[str] | None, typer.Option("--tenant", help="Only of these; without it, of all.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the jobs to their end.")]


def reindex(tenant: Tenants = None, wait: Wait = True) -> None:
    """Build the search index anew from the database, while questions go on being answered."""
    settings = read_settings()
    if settings.vectors == "faiss":
        raise BadSettings(
            "FAISS lives inside `supportrag serve`, which fills it from the database whenever it starts: restart it."
        )
    asyncio.run(require_current_schema(settings))
    asyncio.run(_reindex(System(build(settings)), tenant or [], wait))


async def _reindex(system: System, tenants: list[str], wait: bool) -> None:
    await system.open()
    try:
        if not system.is_shared:
            system.start_working()
        queued = await system.container.request_reindex()(tenants)
        console.print(f"{len(queued)} jobs queued: one for each tenant that has pairs.", highlight=False)
        if wait or not system.is_shared:
            with Progress(console=errors) as progress:
                failed = [await _follow(system.container, progress, *each) for each in queued]
            if any(failed):
                raise typer.Exit(1)
    finally:
        await system.close()


async def _follow(container: Container, progress: Progress, tenant_id: str, job: Job) -> bool:
    """Whether it failed."""
    bar = progress.add_task(tenant_id, total=1.0)
    while not job.is_finished:
        await asyncio.sleep(LOOK_EVERY)
        async with container.store().begin(tenant_id) as uow:
            job = await uow[JOBS].get(job.id)
        progress.update(bar, completed=job.progress)
    if job.status is not JobStatus.COMPLETED:
        errors.print(f"[red]{tenant_id}: {job.error.message if job.error else job.status}[/red]", highlight=False)
    return job.status is not JobStatus.COMPLETED
