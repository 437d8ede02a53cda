"""Webhooks: registering, changing, trying, removing."""

from datetime import timedelta

from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from application.use_cases.redelivery import TestWebhook
from application.use_cases.webhook_reading import BrowseWebhooks
from application.use_cases.webhooks import ChangeWebhook, DeleteWebhook, RegisterWebhook, RotateSecret
from domain.access import Scope
from domain.errors import Conflict, NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, created, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.webhook_wire import (
    DisclosedOut,
    EventName,
    RotateIn,
    SecretOut,
    TestedOut,
    WebhookDeleted,
    WebhookIn,
    WebhookList,
    WebhookOut,
)
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

ADMIN = rules(scope=Scope.ADMIN, raises=(NotFound, Conflict))


def webhook_links(webhook_id: str) -> dict[str, str]:
    own = f"/api/v1/webhooks/{webhook_id}"
    return {
        "self": own,
        "test": f"{own}/test",
        "deliveries": f"{own}/deliveries",
        "rotate_secret": f"{own}/rotate-secret",
        "failures": f"/api/v1/webhooks/failures?webhook_id={webhook_id}",
    }


class WebhooksController(Controller):
    path = "/api/v1/webhooks"
    tags = ("webhooks",)

    @post("/", status_code=201, operation_id="createWebhook", opt=rules(scope=Scope.ADMIN))
    async def create(
        self, data: JSONBody[WebhookIn], caller: Caller, register_webhook: NamedDependency[RegisterWebhook]
    ) -> Envelope[DisclosedOut]:
        """Register a webhook; its secret is shown this once."""
        return await _registered(data, caller, register_webhook)

    @post("/register", status_code=201, operation_id="registerWebhook", opt=rules(scope=Scope.ADMIN))
    async def register(
        self, data: JSONBody[WebhookIn], caller: Caller, register_webhook: NamedDependency[RegisterWebhook]
    ) -> Envelope[DisclosedOut]:
        """The same, under its older path."""
        return await _registered(data, caller, register_webhook)

    @get("/", operation_id="listWebhooks", dependencies=paged("created_at"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_webhooks: NamedDependency[BrowseWebhooks],
        active: FromQuery[bool | None] = None,
        event: FromQuery[EventName | None] = None,
    ) -> Envelope[WebhookList]:
        """List webhooks with what their deliveries came to."""
        found = await browse_webhooks.page(caller, paging, active, event)
        return page(WebhookList.of(found), found)

    @get("/{webhook_id:str}", operation_id="getWebhook", opt=rules(raises=(NotFound,)))
    async def one(
        self, webhook_id: FromPath[Id], caller: Caller, browse_webhooks: NamedDependency[BrowseWebhooks]
    ) -> Envelope[WebhookOut]:
        """One webhook; its secret and the values of its headers are not shown."""
        return ok(WebhookOut.of(await browse_webhooks.one(caller, webhook_id)), links=webhook_links(webhook_id))

    @put("/{webhook_id:str}", operation_id="updateWebhook", opt=ADMIN)
    async def update(
        self,
        webhook_id: FromPath[Id],
        data: JSONBody[WebhookIn],
        caller: Caller,
        change_webhook: NamedDependency[ChangeWebhook],
        browse_webhooks: NamedDependency[BrowseWebhooks],
    ) -> Envelope[WebhookOut]:
        """Change the properties that are named; a new secret overlaps with the old one for a day."""
        return await _changed(webhook_id, data, caller, change_webhook, browse_webhooks)

    @patch("/{webhook_id:str}", operation_id="patchWebhook", opt=ADMIN)
    async def patch(
        self,
        webhook_id: FromPath[Id],
        data: JSONBody[WebhookIn],
        caller: Caller,
        change_webhook: NamedDependency[ChangeWebhook],
        browse_webhooks: NamedDependency[BrowseWebhooks],
    ) -> Envelope[WebhookOut]:
        """The same as PUT."""
        return await _changed(webhook_id, data, caller, change_webhook, browse_webhooks)

    @delete("/{webhook_id:str}", status_code=200, operation_id="deleteWebhook", opt=ADMIN)
    async def remove(
        self, webhook_id: FromPath[Id], caller: Caller, delete_webhook: NamedDependency[DeleteWebhook]
    ) -> Envelope[WebhookDeleted]:
        """Delete a webhook; what waits for it is cancelled."""
        deleted_at = await delete_webhook(caller, webhook_id)
        return ok(WebhookDeleted(webhook_id=webhook_id, deleted_at=deleted_at))

    @post("/{webhook_id:str}/test", status_code=200, operation_id="testWebhook", opt=ADMIN)
    async def test(
        self, webhook_id: FromPath[Id], caller: Caller, test_webhook: NamedDependency[TestWebhook]
    ) -> Envelope[TestedOut]:
        """Send a `webhook.test` event at once and report what came of it."""
        tested = await test_webhook(caller, webhook_id)
        links = {"delivery": f"/api/v1/webhooks/deliveries/{tested.delivery.id}"}
        return ok(TestedOut.of(tested), links=webhook_links(webhook_id) | links)

    @post("/{webhook_id:str}/rotate-secret", status_code=200, operation_id="rotateWebhookSecret", opt=ADMIN)
    async def rotate(
        self,
        webhook_id: FromPath[Id],
        caller: Caller,
        rotate_secret: NamedDependency[RotateSecret],
        data: JSONBody[RotateIn | None] = None,
    ) -> Envelope[SecretOut]:
        """Give it a new secret; the old one stays valid for the overlap."""
        wanted = data or RotateIn()
        overlap = timedelta(hours=wanted.overlap_hours)
        return ok(
            SecretOut.of(await rotate_secret(caller, webhook_id, wanted.secret, overlap)),
            links=webhook_links(webhook_id),
        )


async def _registered(data: WebhookIn, caller: Caller, register_webhook: RegisterWebhook) -> Envelope[DisclosedOut]:
    made = await register_webhook(caller, data.properties(), data.given_headers or {}, data.given_secret)
    return created(DisclosedOut.disclosed(made), links=webhook_links(made.webhook.id))


async def _changed(
    webhook_id: str, data: WebhookIn, caller: Caller, change: ChangeWebhook, browse: BrowseWebhooks
) -> Envelope[WebhookOut]:
    await change(caller, webhook_id, data.changes(), data.given_headers, data.given_secret)
    return ok(WebhookOut.of(await browse.one(caller, webhook_id)), links=webhook_links(webhook_id))
