"""Timing the steps of one question."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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
    """Collects the nodes of a trace in the order in which the steps ended."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.nodes: list[Node] = []

    @property
    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    @contextmanager
    def step(self, name: Step, **inputs: Any) -> Iterator[OpenStep]:
        begun, opened = self.elapsed_ms, OpenStep()
        try:
            yield opened
        except BaseException:
            opened.status = opened.status if opened.status == "blocked" else "failed"
            raise
        finally:
            self._close(name, begun, opened, inputs)

    def _close(self, name: Step, begun: float, opened: OpenStep, inputs: Mapping[str, Any]) -> None:
        took = round(self.elapsed_ms - begun, 3)
        self.nodes.append(Node(name, took, opened.status, round(begun, 3), inputs, opened.outputs))
