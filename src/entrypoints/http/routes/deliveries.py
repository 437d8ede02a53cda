"""Deliveries, failures, and sending again."""

from datetime import datetime
from typing import Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation

from application.ports.delivery import DeliveryFilter
from application.ports.system import Clock
from application.use_cases.redelivery import RetryDelivery
from application.use_cases.webhook_reading import BrowseDeliveries, BrowseWebhooks
from domain.access import Scope
from domain.delivery import state_of_word
from domain.errors import Conflict, NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok, page, pending
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.webhook_wire import (
    DeliveryDetailOut,
    DeliveryList,
    EventName,
    FailureList,
    RetriedList,
    RetriedOut,
    RetryFailuresIn,
)
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

StatusWord = Literal["pending", "queued", "sent", "success", "failed", "delivery_failed", "cancelled"]


def delivery_links(delivery_id: str, webhook_id: str) -> dict[str, str]:
    own = f"/api/v1/webhooks/deliveries/{delivery_id}"
    return {"self": own, "retry": f"{own}/retry", "webhook": f"/api/v1/webhooks/{webhook_id}"}


def chosen(
    now: datetime, webhook_id: str | None, status: StatusWord | None, event_type: str | None, event_id: str | None
) -> DeliveryFilter:
    """`pending` is due later, `queued` is due now; both wait."""
    return DeliveryFilter(
        webhook_id=webhook_id,
        state=state_of_word(status) if status else None,
        event_type=event_type,
        event_id=event_id,
        due_by=now if status == "queued" else None,
        due_after=now if status == "pending" else None,
    )


class DeliveriesController(Controller):
    path = "/api/v1/webhooks"
    tags = ("webhooks",)

    @get("/deliveries", operation_id="listDeliveries", dependencies=paged("created_at"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_deliveries: NamedDependency[BrowseDeliveries],
        clock: NamedDependency[SkipValidation[Clock]],
        webhook_id: FromQuery[Id | None] = None,
        status: FromQuery[StatusWord | None] = None,
        event_type: FromQuery[EventName | None] = None,
        event_id: FromQuery[Id | None] = None,
    ) -> Envelope[DeliveryList]:
        """What is and was on its way to webhooks."""
        now = clock.now()
        wanted = chosen(now, webhook_id, status, event_type, event_id)
        found = await browse_deliveries.page(caller, wanted, paging)
        return page(DeliveryList.of(found, now), found)

    @get(
        "/{webhook_id:str}/deliveries",
        operation_id="listWebhookDeliveries",
        dependencies=paged("created_at"),
        opt=rules(raises=(NotFound,)),
    )
    async def of_webhook(
        self,
        webhook_id: FromPath[Id],
        paging: Paging,
        caller: Caller,
        browse_webhooks: NamedDependency[BrowseWebhooks],
        browse_deliveries: NamedDependency[BrowseDeliveries],
        clock: NamedDependency[SkipValidation[Clock]],
        status: FromQuery[StatusWord | None] = None,
        event_type: FromQuery[EventName | None] = None,
    ) -> Envelope[DeliveryList]:
        """The deliveries of one webhook."""
        await browse_webhooks.one(caller, webhook_id)
        now = clock.now()
        wanted = chosen(now, webhook_id, status, event_type, None)
        found = await browse_deliveries.page(caller, wanted, paging)
        return page(DeliveryList.of(found, now), found)

    @get("/deliveries/{delivery_id:str}", operation_id="getDelivery", opt=rules(raises=(NotFound,)))
    async def one(
        self,
        delivery_id: FromPath[Id],
        caller: Caller,
        browse_deliveries: NamedDependency[BrowseDeliveries],
        clock: NamedDependency[SkipValidation[Clock]],
    ) -> Envelope[DeliveryDetailOut]:
        """One delivery with its request, its response and every attempt."""
        detail = await browse_deliveries.one(caller, delivery_id)
        links = delivery_links(delivery_id, detail.delivery.webhook_id)
        return ok(DeliveryDetailOut.detailed(detail, clock.now()), links=links)

    @post(
        "/deliveries/{delivery_id:str}/retry",
        status_code=202,
        operation_id="retryDelivery",
        opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)),
    )
    async def retry(
        self, delivery_id: FromPath[Id], caller: Caller, retry_delivery: NamedDependency[RetryDelivery]
    ) -> Envelope[RetriedOut]:
        """Send a finished delivery again, as a new one that names it."""
        again = await retry_delivery(caller, delivery_id)
        return pending(RetriedOut.of(again), links=delivery_links(again.id, again.webhook_id))

    @get("/failures", operation_id="listFailures", dependencies=paged("created_at"))
    async def failures(
        self,
        paging: Paging,
        caller: Caller,
        browse_deliveries: NamedDependency[BrowseDeliveries],
        webhook_id: FromQuery[Id | None] = None,
    ) -> Envelope[FailureList]:
        """Deliveries that were given up and that nobody has retried."""
        found = await browse_deliveries.failures(caller, paging, webhook_id)
        return page(FailureList.of(found), found, links={"retry": "/api/v1/webhooks/failures/retry"})

    @post("/failures/retry", status_code=202, operation_id="retryFailures", opt=rules(scope=Scope.ADMIN))
    async def retry_failures(
        self,
        caller: Caller,
        retry_delivery: NamedDependency[RetryDelivery],
        data: JSONBody[RetryFailuresIn | None] = None,
    ) -> Envelope[RetriedList]:
        """Send failures again, at most 1000 at once."""
        wanted = data or RetryFailuresIn()
        again = await retry_delivery.failures(caller, wanted.webhook_id, wanted.since)
        shown = [RetriedOut.of(delivery) for delivery in again]
        return pending(RetriedList(deliveries=shown, retried=len(shown)), links={"self": "/api/v1/webhooks/failures"})
