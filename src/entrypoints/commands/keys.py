"""`supportrag keys`: on a running server, or straight on the database that is configured."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from domain.access import Scope, Tier
from entrypoints.commands.calling import call
from entrypoints.commands.options import AdminKey, AsJson, ServerOrDatabase, Tenant
from entrypoints.commands.terminal import console, errors

keys = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke API keys.")


ROUTE = "/api/v1/api-keys"


@keys.command()
def create(
    name: str,
    scope: Annotated[list[Scope], typer.Option(help="Once for each scope.")],
    tier: Annotated[Tier | None, typer.Option()] = None,
    origin: Annotated[list[str] | None, typer.Option(help="Of a page that may carry a publishable key.")] = None,
    expires_at: Annotated[str | None, typer.Option(help="RFC 3339, as 2027-01-31T00:00:00Z.")] = None,
    tenant: Tenant = None,
    url: ServerOrDatabase = None,
    api_key: AdminKey = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once."""
    given = {"tier": tier, "tenant_id": tenant, "expires_at": expires_at, "origins": origin}
    body = {"name": name, "scopes": scope, **{field: value for field, value in given.items() if value}}
    _print_secret(call("POST", ROUTE, url, api_key, None, json=body), as_json)


@keys.command("list")
def list_keys(
    tenant: Tenant = None, url: ServerOrDatabase = None, api_key: AdminKey = None, as_json: AsJson = False
) -> None:
    """List keys and how old they are."""
    found = _all(url, api_key, tenant)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for key in found:
        due = "  [yellow]due for rotation[/yellow]" if key["rotation_due"] else ""
        scopes = ",".join(key["scopes"])
        line = f"{key['key_id']}  {key['hint']}  {key['tier']}  {scopes}  {key['status']}  {key['age_days']} days"
        console.print(f"{line}{due}  {key['name']}", highlight=False)


@keys.command()
def rotate(
    key_id: str,
    overlap_hours: Annotated[float, typer.Option(min=0, help="For how long the old secret stays good.")] = 24,
    tenant: Tenant = None,
    url: ServerOrDatabase = None,
    api_key: AdminKey = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret. It is shown this once."""
    body = {"overlap_hours": overlap_hours}
    _print_secret(call("POST", f"{ROUTE}/{key_id}/rotate", url, api_key, tenant, json=body), as_json)


@keys.command()
def revoke(
    key_id: str, tenant: Tenant = None, url: ServerOrDatabase = None, api_key: AdminKey = None, as_json: AsJson = False
) -> None:
    """Revoke a key and the access tokens it was given."""
    key = call("DELETE", f"{ROUTE}/{key_id}", url, api_key, tenant)
    if as_json:
        typer.echo(json.dumps(key, ensure_ascii=False))
    else:
        console.print(f"{key['key_id']} is revoked.", highlight=False)


def _all(url: str | None, api_key: str | None, tenant: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: Mapping[str, str] = {}
    while True:
        page = call("GET", ROUTE, url, api_key, tenant, params={"limit": "100", **cursor})
        found += page["api_keys"]
        if not page["pagination"]["has_next"]:
            return found
        cursor = {"cursor": page["pagination"]["next_cursor"]}


def _print_secret(key: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(key, ensure_ascii=False))
        return
    errors.print(f"{key['key_id']} of {key['tenant_id']}. The key is shown this once:", highlight=False)
    typer.echo(key["api_key"])
