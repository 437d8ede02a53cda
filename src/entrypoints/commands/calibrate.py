"""`supportrag calibrate`: confidence fitted to what people said, on a server or on the configured database."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from entrypoints.commands.calling import call
from entrypoints.commands.options import AdminKey, AsJson, ServerOrDatabase, Tenant
from entrypoints.commands.terminal import console

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and do nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Apply it even if it foretells the labels no better.")]
Rollback = Annotated[bool, typer.Option("--rollback", help="Put the calibration before the newest one back.")]

ROUTE = "/api/v1/evaluation/calibrate"


def calibrate(
    dry_run: DryRun = False,
    force: Force = False,
    rollback: Rollback = False,
    tenant: Tenant = None,
    url: ServerOrDatabase = None,
    api_key: AdminKey = None,
    as_json: AsJson = False,
) -> None:
    """Fit the confidence to feedback and to operators' answers; at least 20 labelled answers are needed."""
    if rollback and (dry_run or force):
        raise typer.BadParameter("--rollback stands alone.")
    if rollback:
        found = call("POST", f"{ROUTE}/rollback", url, api_key, tenant)
    else:
        body = {"dry_run": dry_run, "force": force}
        found = call("POST", ROUTE, url, api_key, tenant, with_embedder=True, json=body)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif rollback:
        console.print(f"Taken back, as change {found['number']} of the configuration.", highlight=False)
    else:
        _show(found)


def _show(found: Mapping[str, Any]) -> None:
    by = f"{found['by_feedback']} by feedback, {found['by_resolution']} by operators' answers"
    console.print(f"{found['labels']} labels ({by}); {found['right']} say the answer was right.", highlight=False)
    table = Table("", "log-loss", "ECE")
    for name in ("before", "after"):
        table.add_row(name, f"{found[name]['log_loss']:.4f}", f"{found[name]['ece']:.4f}")
    console.print(table, soft_wrap=False)
    console.print(f"slope {found['slope']:.3f}, shift {found['shift']:+.3f}", highlight=False)
    applied = f"In force as change {found['number']} of the configuration."
    console.print(applied if found["applied"] else f"Not applied: {found['reason']}", highlight=False)
