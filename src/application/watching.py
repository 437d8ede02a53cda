"""What the outside learns of a question, while it is answered and afterwards."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from application import metrics
from application.ports.telemetry import SILENCE, Meters, Span, Tracer
from application.run import Run
from application.trace import StepTimer
from domain.access import Caller
from domain.errors import DomainError
from domain.queries import Question
from domain.tracing import Node, Step

log = logging.getLogger("supportrag.pipeline")


@dataclass(slots=True)
class Asking:
    """A question under way; its run, once there is one."""

    span: Span
    run: Run | None = None
    failure: str | None = None

    @property
    def outcome(self) -> str:
        if self.failure is not None:
            return self.failure
        return str(self.run.answer.action) if self.run and self.run.answer else "failed"


class QuestionWatch:
    def __init__(self, tracer: Tracer = SILENCE, meters: Meters = SILENCE) -> None:
        self._tracer, self._meters = tracer, meters

    def timer(self) -> StepTimer:
        return StepTimer(self._tracer)

    @contextmanager
    def asking(self, caller: Caller, question: Question, query_id: str) -> Iterator[Asking]:
        """Around all that is done for a question; the caller says of which run, once it begins."""
        known = {
            "supportrag.query_id": query_id,
            "supportrag.tenant": caller.tenant_id,
            "user.id": question.user_id,
            "session.id": question.session_id,
        }
        with self._tracer.span("question", known) as span:
            asking = Asking(span)
            try:
                yield asking
            except DomainError as refusal:
                blocked = any("rule_id" in problem.details for problem in refusal.problems)
                asking.failure = "blocked" if blocked else refusal.code.lower()
                raise
            except BaseException as error:
                asking.failure = "cancelled" if not isinstance(error, Exception) else "internal_error"
                raise
            finally:
                self._tell(asking)

    def _tell(self, asking: Asking) -> None:
        run = asking.run
        if run is None:
            return
        asking.span.say(_seen(run, asking.outcome))
        self._meters.count(metrics.QUESTIONS, outcome=asking.outcome)
        self._meters.observe(metrics.QUESTION_TIMES, run.timer.elapsed_ms / 1000, outcome=asking.outcome)
        if run.verdict is not None:
            self._meters.count(metrics.HANDED_OVER, reason=run.verdict.code)
        for part in run.degraded:
            self._meters.count(metrics.DEGRADED, part=part)
        if run.degraded:
            log.warning("question.degraded", extra={"without": list(run.degraded)})
        for node in run.timer.nodes:
            self._tell_step(node)

    def _tell_step(self, node: Node) -> None:
        meters, step = self._meters, str(node.node_name)
        meters.count(metrics.STEPS, step=step, status=node.status)
        meters.observe(metrics.STEP_TIMES, node.duration_ms / 1000, step=step)
        if step == Step.RETRIEVAL and node.status != "failed":
            meters.count(metrics.RETRIEVALS, mode=str(node.outputs.get("mode")))
            if not node.outputs.get("docs"):
                meters.count(metrics.NOTHING_FOUND)
        elif step == Step.CACHE_LOOKUP:
            meters.count(metrics.CACHE_LOOKUPS, result=str(node.outputs.get("how", "miss")))


def _seen(run: Run, outcome: str) -> dict[str, object]:
    return {
        "supportrag.outcome": outcome,
        "supportrag.confidence": run.confidence,
        "supportrag.language": run.language,
        "supportrag.escalation_reason": run.verdict.code if run.verdict else None,
        "supportrag.degraded": tuple(run.degraded) or None,
        "langfuse.trace.name": "question",
        "langfuse.user.id": run.question.user_id,
        "langfuse.session.id": run.question.session_id,
        "input.value": run.shown[1] or None,
    }
