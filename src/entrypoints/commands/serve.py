"""`supportrag serve`: the HTTP API, and the whole system where nothing else is configured."""

import asyncio
import json
import secrets
import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from entrypoints.commands.schema import require_current_schema
from entrypoints.commands.terminal import console, errors
from entrypoints.settings import Settings, read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="8000 unless configured; 0: any that is free.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Load a real FAQ in four languages.")] = False,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Keep everything in this folder, with a database of its own.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(exists=True, help="PEM file; then https is served.")] = None,
    tls_key: Annotated[Path | None, typer.Option(exists=True, help="PEM file of its private key.")] = None,
) -> None:
    """Serve the HTTP API; with nothing configured, the whole system in this one process."""
    require_certificate(tls_cert, tls_key)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    with ExitStack() as stack:
        kept = stack.enter_context(_durable(data)) if data else {}
        settings, made_for_this_run = _with_key(read_settings(**given, **kept))
        place = stack.enter_context(_bound(settings))
        base = f"{'https' if tls_cert else 'http'}://{settings.host}:{place.getsockname()[1]}"
        asyncio.run(require_current_schema(settings))
        _introduce_settings(settings)
        _run(
            settings,
            place,
            (tls_cert, tls_key),
            demo,
            lambda count: _introduce(settings, base, made_for_this_run, count),
        )


def _run(
    settings: Settings,
    place: socket.socket,
    tls: tuple[Path | None, Path | None],
    demo: bool,
    introduce: Callable[[int], None],
) -> None:
    """The whole server is loaded here, when nothing else stands in its way."""
    from entrypoints.container import Container, build
    from entrypoints.demo import load_demo
    from entrypoints.http.server import build_app
    from entrypoints.serving import Draining, listening
    from entrypoints.system import System

    async def welcome(container: Container) -> None:
        introduce(await load_demo(container) if demo else 0)

    system = System(build(settings))
    app = build_app(system, work=not settings.is_shared, after_opening=welcome)
    Draining(listening(app, settings, *tls), system).run(sockets=[place])


def _durable(folder: Path) -> AbstractContextManager[dict[str, Any]]:
    from entrypoints.commands.durable import durable

    return durable(folder)


def require_certificate(certificate: Path | None, key: Path | None) -> None:
    """Refuses at once what could not be served with; the key may stand in the certificate's own file."""
    if certificate is None:
        if key is not None:
            raise typer.BadParameter("--tls-key needs --tls-cert.")
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"No certificate with its key in {certificate}: {error}") from error


def _no_password() -> str:
    raise ValueError("the key is locked by a password")


def _bound(settings: Settings) -> socket.socket:
    """The address, taken before anything is loaded; nobody can connect until it is listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    place = socket.socket(family)
    place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        place.bind((settings.host, settings.port))
    except OSError as error:
        place.close()
        refusal = f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}. Try another --port."
        errors.print(refusal, style="red", highlight=False)
        raise typer.Exit(1) from error
    return place


def _with_key(settings: Settings) -> tuple[Settings, str | None]:
    """With authentication on and no key given, one is made for this run."""
    if settings.auth == "off" or settings.bootstrap_api_key is not None:
        return settings, None
    key = f"sk_test_{secrets.token_urlsafe(24)}"
    return read_settings(**{**settings.model_dump(), "bootstrap_api_key": key}), key


def _introduce_settings(settings: Settings) -> None:
    if settings.data_dir is not None:
        console.print(f"Embedded: everything is kept in {settings.data_dir} (PostgreSQL, FAISS, bundled models).")
    elif settings.database == "memory":
        console.print(
            "Embedded: storage in memory (nothing is kept when this process ends), FAISS, bundled models.",
        )
    elif not settings.is_shared:
        console.print(f"Inside this process: {', '.join(settings.in_process)}. It takes its database alone.")
    if settings.is_shared:
        console.print("Jobs and webhooks are done by `supportrag worker`; start at least one.")
    if settings.auth == "off":
        console.print("[bold red]AUTH=off: every caller is admin. For a closed network only.[/bold red]")


def _introduce(settings: Settings, base: str, key: str | None, demo_pairs: int) -> None:
    if key:
        console.print(f"API key made for this run: [bold]{key}[/bold]", highlight=False)
    if demo_pairs:
        console.print(f"Demo: {demo_pairs} questions and answers of the Debian FAQ in four languages. Ask one:\n")
        shown = key or "$SUPPORTRAG_API_KEY"
        for question in ("How do I keep my Debian system up to date?", "Как мне получить Debian?"):
            auth = f"-H 'Authorization: Bearer {shown}' " if settings.auth == "on" else ""
            body = json.dumps({"question": question}, ensure_ascii=False)
            line = f"curl -s {base}/api/v1/queries {auth}-H 'Content-Type: application/json' -d '{body}'"
            console.print(line, highlight=False, markup=False)
        console.print()
    console.print(f"Console: {base}/console  API: {base}/docs  Assistants (MCP): {base}/mcp", highlight=False)
