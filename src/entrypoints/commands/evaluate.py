"""`supportrag evaluate`: answers judged, on a server or on the embedded set, as a table or for a CI."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from domain.evaluation import ALL_METRICS, Metric
from entrypoints.client import ApiClient
from entrypoints.commands.dataset_files import BadDataset, read_rows
from entrypoints.commands.options import AsJson, Key, ServerOrDatabase
from entrypoints.commands.terminal import console, errors
from entrypoints.settings import read_settings

WORST = 5
"""Samples shown of those that came out worst."""

File = Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="A dataset: JSON, JSON Lines or CSV.")]
Queries = Annotated[list[str] | None, typer.Option("--query-id", help="A recorded query to judge; repeat it.")]
Dataset = Annotated[str | None, typer.Option("--dataset", help="The name of a stored dataset, or to store FILE as.")]
Metrics = Annotated[list[Metric] | None, typer.Option("--metric", help="Only these; repeat it.")]
Judge = Annotated[str | None, typer.Option(help="built-in or ragas; by default the best that there is.")]
FailUnder = Annotated[
    list[str] | None, typer.Option("--fail-under", help="METRIC=LEAST: exit with 1 when its mean is lower; repeat it.")
]
Demo = Annotated[bool, typer.Option("--demo", help="Without a server: judge the demo FAQ in this process.")]
Knowledge = Annotated[
    list[Path] | None, typer.Option("--knowledge", exists=True, help="Without a server: judge what these files teach.")
]


def evaluate(
    file: File = None,
    query_id: Queries = None,
    dataset: Dataset = None,
    metric: Metrics = None,
    judge: Judge = None,
    fail_under: FailUnder = None,
    url: ServerOrDatabase = None,
    api_key: Key = None,
    demo: Demo = False,
    knowledge: Knowledge = None,
    as_json: AsJson = False,
) -> None:
    """Judge answers: those to the questions of a file or a stored dataset, or recorded ones."""
    least = _thresholds(fail_under or [])
    rows = _rows(file)
    if file is None and not query_id and dataset is None:
        raise typer.BadParameter("Name a file of questions, --dataset, or --query-id.")
    wish = {
        "dataset_id": dataset or (file.stem[:128] if file else None),
        "query_ids": query_id or [],
        "metrics": list(metric or ALL_METRICS),
        "judge": judge,
    }
    if url:
        found = _judged(ApiClient(url, api_key), rows, wish, as_json)
    elif demo or knowledge or read_settings().database_url != "memory://":
        from entrypoints.commands.embedded import embedded

        found = embedded(lambda api: _judged(api, rows, wish, as_json), demo=demo, files=knowledge or ())
    else:
        raise typer.BadParameter("Name a server with --url, or knowledge to judge with --demo or --knowledge.")
    _show(found, as_json)
    _end(found, least)


def _thresholds(given: Sequence[str]) -> dict[str, float]:
    least = {}
    for each in given:
        name, _, value = each.partition("=")
        try:
            least[Metric(name)] = float(value)
        except ValueError:
            metrics = ", ".join(ALL_METRICS)
            message = f"--fail-under takes METRIC=NUMBER, and {each!r} is not; metrics: {metrics}."
            raise typer.BadParameter(message) from None
    return {str(name): value for name, value in least.items()}


def _rows(file: Path | None) -> list[dict[str, Any]]:
    try:
        return read_rows(file) if file else []
    except BadDataset as refusal:
        raise typer.BadParameter(str(refusal)) from None


def _judged(api: ApiClient, rows: Sequence[Mapping[str, Any]], wish: Mapping[str, Any], quiet: bool) -> dict[str, Any]:
    if rows:
        api.keep_dataset(wish["dataset_id"], rows)
    with Progress(console=errors, disable=quiet) as progress:
        task = progress.add_task("Judging", total=1.0)
        return api.evaluate(wish, on_progress=lambda done: progress.update(task, completed=done))


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    table = Table("metric", "mean", "std", "min", "max", "samples")
    for name, spread in found["metrics"].items():
        numbers = ("–" if spread[each] is None else f"{spread[each]:.3f}" for each in ("mean", "std", "min", "max"))
        table.add_row(name, *numbers, str(spread["count"]))
    console.print(table, soft_wrap=False)
    counts = f"{found['judged']} of {found['total']} judged by {found['judge'] or 'nobody'}"
    console.print(f"{counts}, {found['handed_over']} handed over, {found['failed']} failed.", highlight=False)
    if found["judge_note"]:
        console.print(f"[yellow]{found['judge_note']}[/yellow]", highlight=False)
    _show_worst(found)


def _show_worst(found: Mapping[str, Any]) -> None:
    judged = [(_mean(each, found["metrics"]), each) for each in found["per_query"]]
    worst = sorted(((mean, each) for mean, each in judged if mean is not None), key=lambda pair: pair[0])[:WORST]
    if not worst:
        return
    table = Table("the worst", *found["metrics"])
    for _, each in worst:
        scores = ("–" if each[name] is None else f"{each[name]:.2f}" for name in found["metrics"])
        table.add_row(each["question"] or each["query_id"], *scores)
    console.print(table, soft_wrap=False)


def _mean(sample: Mapping[str, Any], metrics: Mapping[str, Any]) -> float | None:
    scores = [sample[name] for name in metrics if sample[name] is not None]
    return sum(scores) / len(scores) if scores else None


def _end(found: Mapping[str, Any], least: Mapping[str, float]) -> None:
    """Exits with 1 unless everything was judged, and well enough."""
    reasons = [f"{each['query_id']}: {each['error']}" for each in found["per_query"] if each["error"]]
    if found["status"] != "completed":
        reasons.append(f"The evaluation is {found['status']}.")
    for name, wanted in least.items():
        mean = found["metrics"].get(name, {}).get("mean")
        if mean is None:
            reasons.append(f"{name} could not be had, and at least {wanted:g} is wanted.")
        elif mean < wanted:
            reasons.append(f"{name} is {mean:.3f}, less than {wanted:g}.")
    for reason in reasons:
        errors.print(f"[red]{reason}[/red]", highlight=False)
    if reasons:
        raise typer.Exit(1)
