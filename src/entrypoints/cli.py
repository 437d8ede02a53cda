"""The command line. Exit codes: 0 done, 1 failed, 2 used or configured wrongly."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from domain.errors import DomainError
from entrypoints.client import ApiClient, ApiRefusal
from entrypoints.commands.calibrate import calibrate
from entrypoints.commands.embedded import embedded
from entrypoints.commands.evaluate import evaluate
from entrypoints.commands.keys import keys
from entrypoints.commands.reindex import reindex
from entrypoints.commands.schema import migrate
from entrypoints.commands.serve import operator, serve
from entrypoints.commands.terminal import console, errors
from entrypoints.commands.webhooks import webhooks
from entrypoints.commands.worker import worker
from entrypoints.container import Container, build
from entrypoints.demo import load_demo
from entrypoints.http.server import build_app
from entrypoints.settings import BadSettings, read_settings
from entrypoints.system import System

cli = typer.Typer(no_args_is_help=True, add_completion=False)
for command in (serve, worker, migrate, reindex, evaluate, calibrate):
    cli.command()(command)
cli.add_typer(keys, name="keys")
cli.add_typer(webhooks, name="webhooks")

VERSION = "1.0.0"

Url = Annotated[
    str | None, typer.Option(envvar="SUPPORTRAG_URL", help="A running server; without it, the embedded set.")
]
Key = Annotated[str | None, typer.Option(envvar="SUPPORTRAG_API_KEY", help="The API key for --url.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
        errors.print(f"[red]Settings:[/red] {refusal}", highlight=False)
        sys.exit(2)
    except (DomainError, ApiRefusal) as refusal:
        errors.print(f"[red]{refusal}[/red]", highlight=False)
        sys.exit(1)


@cli.command()
def ask(
    question: str,
    url: Url = None,
    api_key: Key = None,
    demo: Annotated[bool, typer.Option("--demo", help="Ask the demo FAQ in this process.")] = False,
    files: Annotated[list[Path] | None, typer.Option("--file", exists=True, help="Ask these files.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question; the answer is printed as it comes, then its sources."""
    emit = None if as_json else _print_piece
    if url:
        found = ApiClient(url, api_key).ask(question, emit)
    elif demo or files or read_settings().database_url != "memory://":
        found = embedded(lambda api, container: _ask_embedded(api, container, question, demo, files or [], emit))
    else:
        raise typer.BadParameter("Name a server with --url, or knowledge to ask with --demo or --file.")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _print_end(found)


async def _ask_embedded(
    api: ApiClient,
    container: Container,
    question: str,
    demo: bool,
    files: list[Path],
    emit: Callable[[str], None] | None,
) -> dict[str, Any]:
    if demo:
        await load_demo(container, operator(container.settings()))
    if files:
        await asyncio.to_thread(api.ingest, files, approve=True)
    return await asyncio.to_thread(api.ask, question, emit)


def _print_piece(piece: str) -> None:
    typer.echo(piece, nl=False)
    sys.stdout.flush()


def _print_end(found: dict[str, Any]) -> None:
    """What follows the pieces."""
    if found["answer"] is None:
        reason = found.get("escalation_reason") or "a person is answering"
        console.print(f"[yellow]Handed over:[/yellow] {reason} (confidence {found['confidence']:.2f})")
        return
    console.print(f"\n\n[dim]confidence {found['confidence']:.2f}[/dim]")
    for n, source in enumerate(found["sources"], start=1):
        title = f"[{n}] {source['title']} — {source['question']} ({source['relevance_score']:.2f})"
        console.print(title, highlight=False, markup=False, style="dim")


@cli.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    url: Annotated[str, typer.Option(envvar="SUPPORTRAG_URL", help="A running server.")] = "http://127.0.0.1:8000",
    api_key: Key = None,
    yes: Annotated[bool, typer.Option("--yes", help="Let in what would wait for a review, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload files to a server and follow the job to its end."""
    client = ApiClient(url, api_key)
    with Progress(console=errors, disable=as_json) as progress:
        task = progress.add_task("Reading", total=1.0)
        job = client.ingest(files, approve=yes, on_progress=lambda done: progress.update(task, completed=done))
    if as_json:
        typer.echo(json.dumps(job, ensure_ascii=False))
    else:
        _print_job(job)
    if job["status"] in ("failed", "cancelled") or job["result"].get("files_failed"):
        raise typer.Exit(1)


def _print_job(job: dict[str, Any]) -> None:
    result = job["result"]
    for warning in result.get("warnings", ()):
        errors.print(f"[yellow]{warning['file']}:[/yellow] {warning['message']}", highlight=False)
    counts = (result.get(name, 0) for name in ("qa_pairs_extracted", "qa_pairs_ingested", "qa_pairs_pending_review"))
    extracted, ingested, waiting = counts
    console.print(f"{job['status']}: {extracted} pairs found, {ingested} let in, {waiting} wait for review.")
    if result.get("review_url"):
        console.print(f"Review them at {result['review_url']}, or run again with --yes.", highlight=False)


@cli.command()
def check(as_json: AsJson = False) -> None:
    """Ask every configured backend whether it is there, one line each; fails when one is not."""

    async def look(system: System) -> dict[str, Any]:
        health = await system.container.check_health()()
        return {name: part.condition.value for name, part in health.components.items()} | {
            "service": health.condition.value
        }

    found = _run(look)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, state in found.items():
            console.print(f"{name:10} {state}")
    if "unhealthy" in found.values():
        raise typer.Exit(1)


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document, as a server serves it."""
    app = build_app(System(build(read_settings())))
    served = json.loads(app.state["described"].openapi())
    typer.echo(json.dumps(served, ensure_ascii=False, indent=1))


def _run(work: Callable[[System], Coroutine[Any, Any, dict[str, Any]]]) -> dict[str, Any]:
    async def opened() -> dict[str, Any]:
        system = System(build(read_settings()))
        try:
            await system.open()
        except DomainError as refusal:
            errors.print(f"[red]{refusal}[/red]", highlight=False)
        try:
            return await work(system)
        finally:
            await system.close()

    return asyncio.run(opened())
