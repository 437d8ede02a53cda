"""The alert rules and the dashboard that ship in `deploy/`: every number that they ask for is one that is shown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.support.system import running

from application import metrics
from application.ports.telemetry import Kind, Metric

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
FROM_THE_SCRAPER = {"job", "instance"}
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
DEMANDED = {
    "delivery success < 95 %": ("webhook_deliveries_total", 0.05),
    "queue > 10 000": ("webhook_queue_size", 10_000),
    "retries > 100/h": ("webhook_retries_total", 100),
    "delivery latency > 5 s": ("webhook_delivery_seconds_bucket", 5),
    "oldest due > 60 s": ("webhook_oldest_due_seconds", 60),
    "p95 of questions > 500 ms": ("supportrag_question_seconds_bucket", 0.5),
    "p95 of requests > 500 ms": ("supportrag_http_request_seconds_bucket", 0.5),
    "health": ("supportrag_health", 0),
}
"""What must be watched: by which number, and from where on."""


def alerts() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    every = json.loads((DEPLOY / "grafana" / "supportrag.json").read_text())["panels"]
    return [panel for panel in every if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """With Grafana's variables filled in."""
    yield from ((rule["alert"], rule["expr"]) for rule in alerts())
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def nodes(expression: str) -> list[Any]:
    """Every part of the parsed expression."""
    found: list[Any] = []
    promql.walk(promql.parse(expression), found.append)
    return found


def selectors(expression: str) -> list[Any]:
    return [node for node in nodes(expression) if isinstance(node, promql.VectorSelector)]


def labels_by_series() -> dict[str, set[str]]:
    """What may be selected: the series of every number that is declared, with their labels."""
    known: dict[str, set[str]] = {name: set() for name in OF_THE_PROCESS}
    for metric in metrics.ALL:
        for name in _series(metric):
            known[name] = {*metric.labels, *({"le"} if name.endswith("_bucket") else ())}
    return known


def _series(metric: Metric) -> list[str]:
    if metric.kind is Kind.TIMES:
        return [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
    return [metric.name]


async def test_every_number_that_is_declared_is_shown() -> None:
    async with running(metrics_token="scrape-me") as system:
        await system.ask("Who shaves the barber of Seville?")
        text = (await system.http.get("/metrics", headers={"Authorization": "Bearer scrape-me"})).text
    shown = {family.name for family in text_string_to_metric_families(text)}
    declared = {metric.name.removesuffix("_total") for metric in metrics.ALL}
    assert declared <= shown
    assert {name.removesuffix("_total") for name in OF_THE_PROCESS} <= shown


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_rules_and_panels_ask_for_numbers_and_labels_that_there_are(where: str, expression: str) -> None:
    known = labels_by_series()
    chosen = selectors(expression)
    assert {selector.name for selector in chosen} <= known.keys()
    named = {matcher.name for selector in chosen for matcher in selector.matchers.matchers}
    for node in nodes(expression):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            named |= {*node.modifier.labels}
    assert named <= set.union(FROM_THE_SCRAPER, *(known[selector.name] for selector in chosen))


def test_everything_that_must_be_watched_is() -> None:
    watched = {
        (selector.name, node.val)
        for rule in alerts()
        for selector in selectors(rule["expr"])
        for node in nodes(rule["expr"])
        if isinstance(node, promql.NumberLiteral)
    }
    assert {what for what, needed in DEMANDED.items() if needed not in watched} == set()


def test_a_rule_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical"), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())


def test_every_number_is_on_the_dashboard() -> None:
    seen = {selector.name for panel in panels() for t in panel["targets"] for selector in selectors(_filled(t["expr"]))}
    assert {metric.name for metric in metrics.ALL if not seen & {*_series(metric)}} == set()


def test_the_dashboards_panels_have_ids_and_places_of_their_own() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels()]
    assert len(set(places)) == len(places)
    assert all(p["gridPos"]["x"] + p["gridPos"]["w"] <= 24 for p in panels())


def _filled(expression: str) -> str:
    return expression.replace("$__rate_interval", "1m")


def test_the_rule_tests_speak_of_every_rule() -> None:
    """They are run by promtool, by hand: what they say is in docs/seeing.md."""
    text = (DEPLOY / "prometheus" / "alerts_test.yml").read_text()
    assert {rule["alert"] for rule in alerts() if rule["alert"] not in text} == set()
