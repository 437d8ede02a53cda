"""`supportrag ingest`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from entrypoints.client import ApiClient
from entrypoints.commands.options import AsJson, Key
from entrypoints.commands.terminal import console, errors


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
