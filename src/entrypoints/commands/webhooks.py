"""`supportrag webhooks listen`: a receiver for developers."""

import asyncio
from typing import Annotated

import typer

from entrypoints.client import ApiClient

webhooks = typer.Typer(no_args_is_help=True, help="Tools for those who receive webhooks.")


@webhooks.command()
def listen(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 9000,
    secret: Annotated[str | None, typer.Option(help="Verify with this secret.")] = None,
    status: Annotated[int, typer.Option(min=200, max=599, help="Answer with this status.")] = 200,
    url: Annotated[str | None, typer.Option(envvar="SUPPORTRAG_URL", help="Register at this server meanwhile.")] = None,
    api_key: Annotated[str | None, typer.Option(envvar="SUPPORTRAG_API_KEY")] = None,
    events: Annotated[str, typer.Option(help="With --url: which events, separated by commas.")] = "*",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Listen on a local port, show what comes in, verify it, and answer it.

    With --url the receiver registers itself, with a secret of its own, and goes when it is stopped; the server
    must be allowed to reach it (SUPPORTRAG_OUTBOUND_ALLOW=127.0.0.1).
    """
    from entrypoints.commands.receiving import receive

    client = ApiClient(url, api_key) if url else None
    asyncio.run(receive(port, secret, status, client, events.split(","), as_json))
