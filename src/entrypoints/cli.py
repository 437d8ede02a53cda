"""The command line. Exit codes: 0 done, 1 failed, 2 used or configured wrongly."""

import sys
from typing import Annotated, ClassVar

import typer

from domain.errors import DomainError
from entrypoints.commands.lazily import LazyGroup
from entrypoints.refusals import ApiRefusal, BadSettings

VERSION = "1.0.0"


class Commands(LazyGroup):
    """Each stands in a module that loads the server only where the command is carried out in this process."""

    places: ClassVar = {
        "serve": "entrypoints.commands.serve:serve",
        "worker": "entrypoints.commands.worker:worker",
        "migrate": "entrypoints.commands.schema:migrate",
        "reindex": "entrypoints.commands.reindex:reindex",
        "evaluate": "entrypoints.commands.evaluate:evaluate",
        "calibrate": "entrypoints.commands.calibrate:calibrate",
        "ask": "entrypoints.commands.ask:ask",
        "ingest": "entrypoints.commands.ingest:ingest",
        "check": "entrypoints.commands.check:check",
        "openapi": "entrypoints.commands.openapi:openapi",
        "keys": "entrypoints.commands.keys:keys",
        "webhooks": "entrypoints.commands.webhooks:webhooks",
    }


cli = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"supportrag {VERSION}")
        raise typer.Exit


@cli.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Answers questions from approved Q&A knowledge."""


def main() -> None:
    try:
        cli()
    except BadSettings as refusal:
        _say(f"[red]Settings:[/red] {refusal}")
        sys.exit(2)
    except (DomainError, ApiRefusal) as refusal:
        _say(f"[red]{refusal}[/red]")
        sys.exit(1)


def _say(refusal: str) -> None:
    from entrypoints.commands.terminal import errors

    errors.print(refusal, highlight=False)
