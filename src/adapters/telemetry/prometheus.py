"""Numbers for Prometheus, kept in this process."""

from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from application.ports.telemetry import Kind, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds: 5 ms steps where a cached answer lies, 0.5 s because an alert asks for it."""
_KINDS = {Kind.COUNTER: Counter, Kind.GAUGE: Gauge}


class PrometheusMeters:
    """Has a registry of its own, so that several systems in one process don't add up."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._kept: dict[str, Any] = {metric.name: self._made(metric) for metric in metrics}

    def count(self, metric: Metric, by: float = 1, **labels: str) -> None:
        self._of(metric, labels).inc(by)

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None:
        self._of(metric, labels).observe(seconds)

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        self._of(metric, labels).set(value)

    def render(self) -> bytes:
        """In the text format 0.0.4."""
        return generate_latest(self._registry)

    def _of(self, metric: Metric, labels: dict[str, str]) -> Any:
        kept = self._kept[metric.name]
        return kept.labels(**labels) if metric.labels else kept

    def _made(self, metric: Metric) -> Any:
        if metric.kind is Kind.TIMES:
            return Histogram(metric.name, metric.help, metric.labels, registry=self._registry, buckets=BUCKETS)
        return _KINDS[metric.kind](metric.name, metric.help, metric.labels, registry=self._registry)
