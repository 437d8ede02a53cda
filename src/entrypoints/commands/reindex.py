"""`supportrag reindex`."""

import asyncio
from typing import Annotated

import typer

from entrypoints.commands.schema import require_current_schema
from entrypoints.refusals import BadSettings
from entrypoints.settings import read_settings

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
    from entrypoints.commands.reindexing import rebuild
    from entrypoints.container import build
    from entrypoints.system import System

    asyncio.run(rebuild(System(build(settings)), tenant or [], wait))
