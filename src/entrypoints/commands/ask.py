"""`supportrag ask`: of a server, or of the embedded set."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from entrypoints.client import ApiClient
from entrypoints.commands.options import AsJson, Key
from entrypoints.commands.terminal import console
from entrypoints.settings import read_settings

Url = Annotated[
    str | None, typer.Option(envvar="SUPPORTRAG_URL", help="A running server; without it, the embedded set.")
]


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
        from entrypoints.commands.embedded import embedded

        found = embedded(lambda api: api.ask(question, emit), demo=demo, files=files or ())
    else:
        raise typer.BadParameter("Name a server with --url, or knowledge to ask with --demo or --file.")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _print_end(found)


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
