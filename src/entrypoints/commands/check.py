"""`supportrag check`."""

import asyncio
import json

import typer

from domain.errors import DomainError
from entrypoints.commands.options import AsJson
from entrypoints.commands.terminal import console, errors
from entrypoints.settings import read_settings


def check(as_json: AsJson = False) -> None:
    """Ask every configured backend whether it is there, one line each; fails when one is not."""
    found = asyncio.run(_conditions())
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, state in found.items():
            console.print(f"{name:10} {state}")
    if "unhealthy" in found.values():
        raise typer.Exit(1)


async def _conditions() -> dict[str, str]:
    """Of each part by name, and of the whole as `service`."""
    from entrypoints.container import build
    from entrypoints.system import System

    system = System(build(read_settings()))
    try:
        await system.open()
    except DomainError as refusal:
        errors.print(f"[red]{refusal}[/red]", highlight=False)
    try:
        health = await system.container.check_health()()
    finally:
        await system.close()
    parts = {name: part.condition.value for name, part in health.components.items()}
    return parts | {"service": health.condition.value}
