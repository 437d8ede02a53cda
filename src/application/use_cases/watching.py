"""Keeping an eye on the service itself: its health, its jobs, its errors, the numbers that somebody must read."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import datetime

from application import metrics
from application.ports.delivery import Settled
from application.ports.delivery import Upkeep as DeliveryCounts
from application.ports.logs import LogBook, LogContext
from application.ports.storage import HEALTH_STATES, Store, UnitOfWork
from application.ports.system import Clock
from application.ports.telemetry import Meters, Tracer
from application.transactions import committed
from application.use_cases.health import CheckHealth, Condition, Health
from application.use_cases.jobs import JobHandler, JobLost, Work
from domain.delivery import Kind
from domain.errors import DomainError
from domain.events import ErrorOccurred, HealthChanged
from domain.health import OWN_STATE, HealthState
from domain.jobs import Job
from domain.retries import GiveUp, Succeed, TryAgain

log = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
"""The same error in the same place is announced once a minute."""
_LEVELS = {Condition.HEALTHY: 1.0, Condition.DEGRADED: 0.5, Condition.UNHEALTHY: 0.0}
_SORRY = "Something went wrong on our side. The log has more under this job's trace id."


class UnexpectedFailure(DomainError):
    """Something went wrong on our side."""


class ReportError:
    """Announces errors that nobody foresaw to those who subscribed to them."""

    def __init__(self, store: Store, meters: Meters, clock: Clock, own_tenant: str) -> None:
        self._store, self._meters, self._clock, self._own_tenant = store, meters, clock, own_tenant
        self._said: dict[tuple[str, str, str], float] = {}

    async def __call__(self, tenant_id: str | None, where: str, kind: str) -> None:
        """`where` is a route or a type of job, `kind` the error's class; neither quotes anybody."""
        self._meters.count(metrics.ERRORS, where=where)
        tenant = tenant_id or self._own_tenant
        if not self._is_news((tenant, where, kind)):
            return
        event = ErrorOccurred(error_code="INTERNAL_ERROR", error_message=f"{kind} in {where}", severity="error")
        try:
            async with self._store.begin(tenant) as uow:
                uow.announce(event)
                await uow.commit()
        except DomainError as refusal:
            log.warning("an error could not be announced: %s", refusal)

    def _is_news(self, what: tuple[str, str, str]) -> bool:
        now = self._clock.monotonic()
        self._said = {known: at for known, at in self._said.items() if now - at < QUIET_SECONDS}
        if what in self._said:
            return False
        self._said[what] = now
        return True


class WatchedHandler:
    """A job's handler, seen from outside: a span that continues the request it came of, its time, its end. What
    nobody foresaw fails the job, and is told of."""

    def __init__(
        self, handler: JobHandler, tracer: Tracer, meters: Meters, context: LogContext, report: ReportError
    ) -> None:
        self._handler, self._tracer, self._meters = handler, tracer, meters
        self._context, self._report = context, report

    async def __call__(self, work: Work) -> None:
        job = await work.job()
        known = {"span.kind": "consumer", "supportrag.job_id": job.id, "supportrag.tenant": work.tenant_id}
        with (
            self._tracer.span(f"job {job.type}", known, parent=job.input.get("traceparent")) as span,
            self._context.about(tenant=work.tenant_id, trace_id=job.trace_id, job_id=job.id),
        ):
            begun, result = time.perf_counter(), "failed"
            try:
                await self._do(work, job)
                result = "done"
            except (JobLost, asyncio.CancelledError):
                result = "let_go"
                raise
            finally:
                span.say({"supportrag.result": result})
                self._meters.count(metrics.JOBS, type=job.type, result=result)
                self._meters.observe(metrics.JOB_TIMES, time.perf_counter() - begun, type=job.type)

    async def _do(self, work: Work, job: Job) -> None:
        try:
            await self._handler(work)
        except (JobLost, DomainError):
            raise
        except Exception as error:
            log.exception("a job failed in a way that nobody foresaw")
            await self._report(work.tenant_id, f"job {job.type}", type(error).__qualname__)
            raise UnexpectedFailure(_SORRY) from error


class MeasureHealth:
    """Looks how the service is, and sets the numbers that say so."""

    def __init__(self, check: CheckHealth, meters: Meters) -> None:
        self._check, self._meters = check, meters

    async def __call__(self) -> Health:
        found = await self._check()
        self._meters.set(metrics.HEALTH, _LEVELS[found.condition], component="service")
        for name, part in found.components.items():
            if part.condition in _LEVELS:
                self._meters.set(metrics.HEALTH, _LEVELS[part.condition], component=name)
        return found


class WatchHealth:
    """Looks how the service is, and tells every tenant when that has changed; run it every minute, anywhere."""

    def __init__(self, measure: MeasureHealth, store: Store, clock: Clock, own_tenant: str) -> None:
        self._measure, self._store = measure, store
        self._clock, self._own_tenant = clock, own_tenant
        self._missed: datetime | None = None
        """Since when a change could not be told, because the store itself was away."""

    async def __call__(self) -> HealthChanged | None:
        """The change, if there was one that nobody else had told."""
        found = await self._measure()
        components = {
            name: part.condition.value
            for name, part in found.components.items()
            if part.condition is not Condition.DISABLED
        }
        try:
            return await self._tell(found.condition.value, components)
        except DomainError:
            self._missed = self._missed or self._clock.now()
            raise

    async def _tell(self, condition: str, components: Mapping[str, str]) -> HealthChanged | None:
        changed = await committed(self._store, self._own_tenant, lambda uow: self._compare(uow, condition, components))
        self._missed = None
        if changed is not None:
            for tenant_id in await self._store.tenants():
                async with self._store.begin(tenant_id) as uow:
                    uow.announce(changed)
                    await uow.commit()
        return changed

    async def _compare(self, uow: UnitOfWork, condition: str, components: Mapping[str, str]) -> HealthChanged | None:
        now = self._clock.now()
        state = await uow[HEALTH_STATES].find(OWN_STATE)
        if state is None:
            state = HealthState(id=OWN_STATE, created_at=now, updated_at=now, condition="healthy")
        affected = state.affected(components) or self._unseen(state)
        if not affected and state.version:
            return None
        state.condition, state.components, state.updated_at = condition, components, now
        await uow[HEALTH_STATES].save(state)
        return HealthChanged(status=condition, affected_components=affected) if affected else None

    def _unseen(self, state: HealthState) -> tuple[str, ...]:
        """The store was away, and nobody could say so; unless another process already has."""
        return ("postgres",) if self._missed is not None and state.updated_at < self._missed else ()


class DeliveryMeter:
    """Counts attempts to deliver by what became of each: success, retrying or failed. Tests don't count."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    def __call__(self, settled: Settled) -> None:
        if settled.delivery.kind is Kind.TEST:
            return
        became = {Succeed: "success", TryAgain: "retrying", GiveUp: "failed"}[type(settled.decision)]
        self._meters.count(metrics.DELIVERIES, status=became)
        self._meters.observe(metrics.DELIVERY_TIMES, settled.attempt.duration_ms / 1000)
        if settled.attempt.number > 1:
            self._meters.count(metrics.DELIVERY_RETRIES)


class ReadQueues:
    """Sets the numbers that are read from the store when somebody looks."""

    def __init__(self, deliveries: DeliveryCounts, book: LogBook, meters: Meters, clock: Clock) -> None:
        self._deliveries, self._book, self._meters, self._clock = deliveries, book, meters, clock

    async def __call__(self) -> None:
        self._meters.set(metrics.LOST_LOG_LINES, self._book.dropped)
        try:
            counts = await self._deliveries.counts(self._clock.now())
        except DomainError:
            return  # the store is away: the numbers stay as they were last seen
        self._meters.set(metrics.QUEUE_SIZE, counts["queued"])
        self._meters.set(metrics.IN_FLIGHT, counts["in_flight"])
        self._meters.set(metrics.FAILED_DELIVERIES, counts["failed"])
        self._meters.set(metrics.OLDEST_DUE, counts["oldest_due_seconds"])
