"""`supportrag openapi`."""

import json

import typer

from entrypoints.settings import read_settings


def openapi() -> None:
    """Print the OpenAPI document, as a server serves it."""
    from entrypoints.container import build
    from entrypoints.http.server import build_app
    from entrypoints.system import System

    app = build_app(System(build(read_settings())))
    served = json.loads(app.state["described"].openapi())
    typer.echo(json.dumps(served, ensure_ascii=False, indent=1))
