"""Options that several commands have."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Key = Annotated[str | None, typer.Option(envvar="SUPPORTRAG_API_KEY", help="The API key for --url.")]
AdminKey = Annotated[str | None, typer.Option(envvar="SUPPORTRAG_API_KEY", help="An admin's API key for --url.")]
Tenant = Annotated[str | None, typer.Option(help="Act for this tenant: the platform's keys only.")]
ServerOrDatabase = Annotated[
    str | None, typer.Option(envvar="SUPPORTRAG_URL", help="A running server; without it, the configured database.")
]
