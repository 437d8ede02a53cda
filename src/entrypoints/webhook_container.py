"""The part of the composition that tells others what happens, and hears from them."""

from typing import Any

from dependency_injector import containers, providers

from application.use_cases import arrivals, redelivery, webhook_reading, webhooks
from application.use_cases.delivering import Deliver, Keyring
from application.use_cases.delivery import DeliveryService, ForgetDeliveries
from application.use_cases.incoming import AcceptIncoming, ForgetInbox, SlidingThrottle
from application.use_cases.relaying import RelayEvents
from application.use_cases.watching import DeliveryMeter
from domain.incoming import Channel


def _effects(message: Any, document: Any, event: Any) -> dict[Channel, Any]:
    return {Channel.MESSAGE: message, Channel.DOCUMENT: document, Channel.EVENT: event}


class WebhookContainer(containers.DeclarativeContainer):
    store: providers.Dependency[Any] = providers.Dependency()
    queue: providers.Dependency[Any] = providers.Dependency()
    sender: providers.Dependency[Any] = providers.Dependency()
    cipher: providers.Dependency[Any] = providers.Dependency()
    bounds: providers.Dependency[Any] = providers.Dependency()
    signal: providers.Dependency[Any] = providers.Dependency()
    numbers: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    ids: providers.Dependency[Any] = providers.Dependency()

    vault = providers.Singleton(webhooks.Vault, cipher, ids)
    keyring = providers.Singleton(Keyring, cipher)
    deliver = providers.Singleton(
        Deliver, queue, sender, store, cipher, clock, observe=providers.Singleton(DeliveryMeter, numbers)
    )
    relay = providers.Singleton(RelayEvents, queue, store, ids, numbers)
    service = providers.Singleton(DeliveryService, relay, deliver, queue, store, signal, clock, ids)
    forget = providers.Singleton(
        redelivery.ForgetAll,
        providers.Singleton(ForgetDeliveries, queue, clock),
        providers.Singleton(redelivery.ForgetCallbacks, store, clock),
        providers.Singleton(ForgetInbox, store, clock),
    )

    register_webhook = providers.Singleton(webhooks.RegisterWebhook, store, queue, vault, bounds, clock, ids)
    change_webhook = providers.Singleton(webhooks.ChangeWebhook, store, queue, vault, keyring, bounds, clock)
    delete_webhook = providers.Singleton(webhooks.DeleteWebhook, store, queue, clock)
    rotate_secret = providers.Singleton(webhooks.RotateSecret, store, vault, clock)
    test_webhook = providers.Singleton(redelivery.TestWebhook, store, queue, queue, deliver, clock, ids)
    retry_delivery = providers.Singleton(redelivery.RetryDelivery, store, queue, queue, signal, clock, ids)
    browse_webhooks = providers.Singleton(webhook_reading.BrowseWebhooks, store, queue)
    browse_deliveries = providers.Singleton(webhook_reading.BrowseDeliveries, queue)
    read_events = providers.Singleton(webhook_reading.ReadEvents, queue, signal, cipher)
    accept_incoming = providers.Singleton(
        AcceptIncoming,
        store,
        queue,
        cipher,
        providers.Singleton(
            _effects,
            providers.Singleton(arrivals.MessageArrived, ids),
            providers.Singleton(arrivals.DocumentArrived, ids),
            providers.Singleton(arrivals.EventArrived, ids),
        ),
        signal,
        providers.Singleton(SlidingThrottle, clock),
        clock,
        ids,
    )
