"""The search index built anew: by jobs, or beside the one in use where that is another model's."""

import asyncio

import typer
from rich.progress import Progress

from application.ports.storage import JOBS
from domain.jobs import Job, JobStatus
from entrypoints.commands.terminal import console, errors
from entrypoints.container import Container
from entrypoints.refusals import BadSettings
from entrypoints.system import System

LOOK_EVERY = 0.5


async def rebuild(system: System, tenants: list[str], wait: bool) -> None:
    if not system.is_shared:
        await system.take_place()
    await system.open(indexes=False)
    try:
        if await _is_of_another_model(system.container):
            await _build_beside(system.container, tenants)
        else:
            await _queue(system, tenants, wait)
    finally:
        await system.close()


async def _is_of_another_model(container: Container) -> bool:
    dense = await container.vectors().prepare(container.embedder().spaces)
    return bool(await container.lexical().prepare() or dense)


async def _build_beside(container: Container, tenants: list[str]) -> None:
    """Here and not by a job: the workers that run have not got this model yet."""
    if tenants:
        raise BadSettings("The model is another than that of the index in use: that is built anew for all tenants.")
    with Progress(console=errors) as progress:
        bar = progress.add_task("all tenants", total=None)
        count = await container.fill_beside()(lambda done, total: progress.update(bar, completed=done, total=total))
    await container.vectors().take_over()
    await container.lexical().take_over()
    console.print(f"{count} pairs are in an index for the model of these settings, which is in use from now on.")
    console.print("Restart every process with these settings, then run `supportrag reindex` once more for what")
    console.print("was changed in between.", highlight=False)


async def _queue(system: System, tenants: list[str], wait: bool) -> None:
    if not system.is_shared:
        system.start_working()
    queued = await system.container.request_reindex()(tenants)
    console.print(f"{len(queued)} jobs queued: one for each tenant that has pairs.", highlight=False)
    if wait or not system.is_shared:
        with Progress(console=errors) as progress:
            failed = [await _follow(system.container, progress, *each) for each in queued]
        if any(failed):
            raise typer.Exit(1)


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
