"""From what happened to who is told: public events, and one delivery for each webhook that wants one."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from application import metrics
from application.ports.delivery import DeliveryQueue, FanOut
from application.ports.storage import WEBHOOKS, RecordedEvent, Store
from application.ports.system import Ids
from application.ports.telemetry import SILENCE, Meters
from domain.aggregates import Event
from domain.catalogue import public_views
from domain.delivery import Delivery, PublicEvent
from domain.events import ExternalEventReceived, WebhookDisabled
from domain.ids import Prefix
from domain.paging import where
from domain.webhooks import Purpose, Webhook

PROGRESS = "job.progress"
PROGRESS_EVERY = timedelta(seconds=1)


class RelayEvents:
    """Turns the oldest outbox events into deliveries; answers how many it took."""

    def __init__(self, queue: DeliveryQueue, store: Store, ids: Ids, meters: Meters = SILENCE) -> None:
        self._queue, self._store, self._ids, self._meters = queue, store, ids, meters

    async def __call__(self, limit: int = 200) -> int:
        return await self._queue.relay(limit, self._fan_out)

    async def _fan_out(self, recorded: Sequence[RecordedEvent]) -> FanOut:
        events = await self._coalesced([event for one in recorded for event in seen_from_outside(one)])
        webhooks = {tenant: await self._listeners(tenant, events) for tenant in {event.tenant_id for event in events}}
        for event in events:
            self._meters.count(metrics.EVENTS, type=event.type)
        wanted = [(event, hook) for event in events for hook in webhooks[event.tenant_id] if hook.wants(event)]
        return FanOut(
            events=events,
            deliveries=[self._delivery(event, webhook) for event, webhook in wanted],
            limits={webhook.id: webhook.limits for _, webhook in wanted},
        )

    async def _listeners(self, tenant_id: str, events: Sequence[PublicEvent]) -> list[Webhook]:
        """The tenant's active webhooks, and the callbacks of the jobs that these events are about."""
        jobs = {event.subject for event in events if event.tenant_id == tenant_id and event.subject}
        async with self._store.begin(tenant_id) as uow:
            standing = await uow[WEBHOOKS].list(where(active=True, purpose=Purpose.STANDING))
            callbacks = await uow[WEBHOOKS].list(where(job_id__in=tuple(sorted(jobs)))) if jobs else []
        return [*standing, *callbacks]

    async def _coalesced(self, events: Sequence[PublicEvent]) -> list[PublicEvent]:
        """Without the progress of a job that came within a second of its last."""
        last: dict[tuple[str, str], datetime | None] = {}
        kept = []
        for event in events:
            if event.type == PROGRESS and event.subject is not None:
                key = (event.tenant_id, event.subject)
                before = last.get(key) or await self._queue.last_announced(event.tenant_id, PROGRESS, event.subject)
                if before is not None and event.occurred_at - before < PROGRESS_EVERY:
                    continue
                last[key] = event.occurred_at
            kept.append(event)
        return kept

    def _delivery(self, event: PublicEvent, webhook: Webhook) -> Delivery:
        return Delivery(
            id=self._ids.new(Prefix.DELIVERY),
            tenant_id=event.tenant_id,
            webhook_id=webhook.id,
            event_id=event.id,
            event_type=event.type,
            policy=webhook.retry_policy.policy,
            created_at=event.occurred_at,
            updated_at=event.occurred_at,
            due_at=event.occurred_at,
        )


def seen_from_outside(recorded: RecordedEvent) -> Iterable[PublicEvent]:
    """The public views of an outbox event. The first has its id, the others ids made from it: the same
    however often it is relayed."""
    event = recorded.event
    for position, (name, data) in enumerate(public_views(event, recorded.occurred_at)):
        yield PublicEvent(
            id=f"{recorded.id}{position or ''}",
            tenant_id=recorded.tenant_id,
            type=name,
            data=data,
            occurred_at=recorded.occurred_at,
            trace_id=recorded.trace_id or getattr(event, "trace_id", None),
            correlation_id=getattr(event, "correlation_id", None),
            subject=data.get("job_id") if name.startswith("job.") else None,
            withheld_from=_withheld_from(event),
        )


def _withheld_from(event: Event) -> str | None:
    """What a webhook brought in does not go back to it, and one that was disabled is not told so."""
    return event.webhook_id if isinstance(event, ExternalEventReceived | WebhookDisabled) else None
