"""Timing the steps of one question."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from application.ports.telemetry import SILENCE, Tracer
from domain.tracing import Node, Step


@dataclass(slots=True)
class OpenStep:
    """A step under way: what it says of itself before it ends."""

    status: str = "success"
    outputs: dict[str, Any] = field(default_factory=dict)

    def say(self, status: str | None = None, **outputs: Any) -> None:
        self.status = status or self.status
        self.outputs.update(outputs)


class StepTimer:
    """Collects the nodes of a trace in the order in which the steps ended, and tells a tracer of each."""

    def __init__(self, tracer: Tracer = SILENCE) -> None:
        self._tracer = tracer
        self._started = time.perf_counter()
        self.nodes: list[Node] = []

    @property
    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    @contextmanager
    def step(self, name: Step, **inputs: Any) -> Iterator[OpenStep]:
        begun, opened = self.elapsed_ms, OpenStep()
        with self._tracer.span(name) as span:
            try:
                yield opened
            except BaseException:
                opened.status = opened.status if opened.status == "blocked" else "failed"
                raise
            finally:
                self._close(name, begun, opened, inputs)
                span.say({"supportrag.status": opened.status, **_told(inputs, opened.outputs)})

    def _close(self, name: Step, begun: float, opened: OpenStep, inputs: Mapping[str, Any]) -> None:
        took = round(self.elapsed_ms - begun, 3)
        self.nodes.append(Node(name, took, opened.status, round(begun, 3), inputs, opened.outputs))


def _told(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "input.value": inputs.get("question"),
        **{f"supportrag.{name}": value for name, value in outputs.items()},
    }
