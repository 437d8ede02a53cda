"""One attempt: sign, post, and see what follows."""

import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from application.ports.delivery import Answer, Cipher, Claimed, DeliveryQueue, Posting, Sender, Settled
from application.ports.storage import WEBHOOKS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.aggregates import Event
from domain.delivery import Attempt, Delivery, Kind, PublicEvent, render_body
from domain.errors import PayloadTooLarge
from domain.events import DeliveryFailed
from domain.retries import Decision, Failure, GiveUp, Outcome, decide
from domain.signing import key_bytes, signature_headers
from domain.webhook_rules import MASK
from domain.webhooks import SealedSecret, Webhook

log = logging.getLogger(__name__)

Observe = Callable[[Settled], None]
"""Told of every attempt, for metrics."""

GONE = "The receiver answered 410 Gone."
DEAD = "No delivery succeeded for five days."


def headers_context(webhook_id: str) -> str:
    """What the webhook's own headers are sealed for."""
    return f"{webhook_id}:headers"


def secret_context(webhook_id: str, secret_id: str) -> str:
    return f"{webhook_id}:{secret_id}"


class Keyring:
    """Opens what a webhook keeps sealed."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def signing_keys(self, webhook: Webhook, now: datetime) -> list[bytes]:
        """Of the secrets valid now for what goes out, oldest first."""
        return self._keys(webhook, webhook.signing_secrets(now))

    def verifying_keys(self, webhook: Webhook, now: datetime) -> list[bytes]:
        """Of the secrets valid now for what comes in, oldest first."""
        return self._keys(webhook, webhook.verifying_secrets(now))

    def _keys(self, webhook: Webhook, secrets: Sequence[SealedSecret]) -> list[bytes]:
        return [key_bytes(self._cipher.open(held.sealed, secret_context(webhook.id, held.id))) for held in secrets]

    def headers(self, webhook: Webhook) -> dict[str, str]:
        """The owner's own, in clear."""
        if webhook.sealed_headers is None:
            return {}
        opened: dict[str, str] = json.loads(self._cipher.open(webhook.sealed_headers, headers_context(webhook.id)))
        return opened


def posting_of(
    webhook: Webhook, event: PublicEvent, attempt: int, keys: Sequence[bytes], own: Mapping[str, str], now: datetime
) -> Posting:
    """The request that goes out: its body, and every signature of it at once."""
    body = render_body(webhook.id, event, attempt, keys[0])
    headers = {
        **own,
        "X-Webhook-ID": webhook.id,
        "X-Event-ID": event.id,
        "X-Event-Type": event.type,
        "X-Delivery-Attempt": str(attempt),
        **signature_headers(keys, event.id, now, body),
    }
    return Posting(webhook.url or "", headers, body, webhook.retry_policy.policy.timeout_seconds)


class Deliver:
    """Sends a claimed delivery, records the attempt, and draws the consequences."""

    def __init__(
        self,
        queue: DeliveryQueue,
        sender: Sender,
        store: Store,
        cipher: Cipher,
        clock: Clock,
        chance: Callable[[], float] = random.random,
        observe: Observe = lambda settled: None,
    ) -> None:
        self._observe = observe
        self._queue, self._sender, self._store = queue, sender, store
        self._keyring, self._clock, self._chance = Keyring(cipher), clock, chance

    async def __call__(self, claimed: Claimed, webhook: Webhook | None) -> None:
        delivery = claimed.delivery
        if webhook is None or not webhook.sends or not (webhook.active or delivery.kind is Kind.TEST):
            await self._drop(delivery)
            return
        settled = await self._attempt(claimed, webhook)
        lane = await self._queue.settle(settled)
        self._observe(settled)
        if lane is None:
            log.warning("a delivery's lease was lost while it was sent", extra={"delivery_id": delivery.id})
        elif delivery.kind is not Kind.TEST:
            reason = _reason_to_disable(settled.decision, lane.is_dead(settled.now))
            if reason:
                await self._disable(delivery, reason, settled.now)

    async def _attempt(self, claimed: Claimed, webhook: Webhook) -> Settled:
        number, started = claimed.delivery.attempts + 1, self._clock.now()
        keys, own = self._keyring.signing_keys(webhook, started), self._keyring.headers(webhook)
        try:
            posting = posting_of(webhook, claimed.event, number, keys, own, started)
        except PayloadTooLarge as error:
            outcome = Outcome(failure=Failure.TOO_LARGE)
            attempt = Attempt(number=number, started_at=started, duration_ms=0, outcome=outcome, error=error.message)
        else:
            attempt = _recorded(number, started, posting, own, await self._sender.send(posting))
        decision = await self._decided(claimed.delivery, webhook, attempt)
        announce = announced(claimed.delivery, decision, attempt.error)
        return Settled(claimed.delivery, attempt, decision, self._clock.now(), announce)

    async def _decided(self, delivery: Delivery, webhook: Webhook, attempt: Attempt) -> Decision:
        """What follows, also when the secret was rotated while the attempt was under way."""
        decision = self._decide(delivery, webhook, attempt)
        if attempt.outcome.is_refused_key and isinstance(decision, GiveUp):
            async with self._store.begin(delivery.tenant_id) as uow:
                webhook = await uow[WEBHOOKS].find(webhook.id) or webhook
            decision = self._decide(delivery, webhook, attempt)
        return decision

    def _decide(self, delivery: Delivery, webhook: Webhook, attempt: Attempt) -> Decision:
        now = self._clock.now()
        return decide(
            delivery.policy,
            attempt.number,
            attempt.outcome,
            now=now,
            expires_at=delivery.expires_at,
            key_overlaps=webhook.key_overlaps(now),
            jitter=self._chance(),
        )

    async def _drop(self, delivery: Delivery) -> None:
        """Nobody wants it any more: back into the queue, and out of it with whatever else waits there."""
        now = self._clock.now()
        await self._queue.hand_back([delivery], now)
        await self._queue.cancel(delivery.tenant_id, delivery.webhook_id, now)

    async def _disable(self, delivery: Delivery, reason: str, now: datetime) -> None:
        async def change(uow: UnitOfWork) -> None:
            webhook = await uow[WEBHOOKS].find(delivery.webhook_id)
            if webhook is not None and webhook.active:
                webhook.disable(reason, delivery.event_id, now)
                await uow[WEBHOOKS].save(webhook)

        await committed(self._store, delivery.tenant_id, change)
        await self._queue.cancel(delivery.tenant_id, delivery.webhook_id, now)


def _recorded(number: int, started: datetime, posting: Posting, own: Mapping[str, str], answer: Answer) -> Attempt:
    return Attempt(
        number=number,
        started_at=started,
        duration_ms=answer.duration_ms,
        outcome=answer.outcome,
        request_headers={name: MASK if name in own else value for name, value in posting.headers.items()},
        response_headers=answer.headers,
        response_body=answer.body,
        error=answer.error,
    )


def announced(delivery: Delivery, decision: Decision | None, error: str | None) -> tuple[Event, ...]:
    """What is told of a delivery that is given up; nothing of a test, nor of an announcement itself."""
    quiet = delivery.kind is Kind.TEST or delivery.event_type == "webhook.delivery_failed"
    if quiet or not isinstance(decision, GiveUp):
        return ()
    last_error = error or decision.reason.replace("_", " ")
    return (DeliveryFailed(webhook_id=delivery.webhook_id, event_id=delivery.event_id, last_error=last_error),)


def announced_when_reaped(delivery: Delivery) -> tuple[Event, ...]:
    decision = GiveUp(delivery.reason) if delivery.reason else None
    return announced(delivery, decision, delivery.last_error)


def _reason_to_disable(decision: Decision, is_dead: bool) -> str | None:
    if isinstance(decision, GiveUp) and decision.deactivate:
        return GONE
    return DEAD if is_dead else None
