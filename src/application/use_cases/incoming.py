"""What other systems send in: proved, seen for the first time, and handed on, in one transaction."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from application.ports.delivery import Cipher, Upkeep
from application.ports.queue import WorkSignal
from application.ports.storage import INBOX, WEBHOOKS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from application.use_cases.delivering import Keyring
from domain.errors import Forbidden, PayloadTooLarge, RateLimitExceeded, Unauthorized
from domain.events import ExternalEventReceived
from domain.ids import Prefix
from domain.incoming import (
    DECOY_KEY,
    MAX_BODY_BYTES,
    Channel,
    Envelope,
    InboxEntry,
    Notice,
    Proof,
    admits,
    dedupe_keys,
    is_fresh,
    prove,
)
from domain.paging import where
from domain.webhooks import SignatureMode, Webhook

REFUSAL = "The webhook id, timestamp or signature is missing or not valid."
KEPT = timedelta(days=30)

ReadBody = Callable[[bytes], Notice]
"""Reads a body whose signature held; raises `InvalidInput` naming every offence."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something new from outside, as it is handed on."""

    tenant_id: str
    webhook_id: str
    webhook_event_id: str
    notice: Notice
    now: datetime
    trace_id: str = ""


class Effect(Protocol):
    """What an arrival leads to. Runs inside the transaction that makes it known (all or nothing, once), may
    run again after a conflict, and answers what the response says besides the id and the status."""

    async def __call__(self, uow: UnitOfWork, arrival: Arrival) -> Mapping[str, Any]: ...


class Throttle(Protocol):
    async def spend(self, key: str) -> None:
        """Raises `RateLimitExceeded` when the key has used up its share."""
        ...


async def pass_on(uow: UnitOfWork, arrival: Arrival) -> Mapping[str, Any]:
    """The effect of an event: subscribers are told of it."""
    notice, data = arrival.notice, arrival.notice.data
    uow.announce(
        ExternalEventReceived(
            webhook_event_id=arrival.webhook_event_id,
            webhook_id=arrival.webhook_id,
            event_type=notice.event_type,
            source=notice.source,
            event_name=data["event_name"],
            user_id=data.get("user_id"),
            action=data.get("action"),
            details=data.get("details") or {},
            correlation_id=notice.correlation_id,
        )
    )
    return {}


class AcceptIncoming:
    """Answers `{webhook_event_id, status, …}`; the same again for what was seen before.

    Refuses with one and the same `Unauthorized` whatever of the proof is wrong, after the same work."""

    def __init__(
        self,
        store: Store,
        directory: Upkeep,
        cipher: Cipher,
        effects: Mapping[Channel, Effect],
        signal: WorkSignal,
        throttle: Throttle,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._directory, self._keyring = store, directory, Keyring(cipher)
        self._effects, self._signal, self._throttle = effects, signal, throttle
        self._clock, self._ids = clock, ids

    async def __call__(self, channel: Channel, envelope: Envelope, read: ReadBody) -> Mapping[str, Any]:
        if len(envelope.body) > MAX_BODY_BYTES:
            details = {"max_bytes": MAX_BODY_BYTES, "provided_bytes": len(envelope.body)}
            raise PayloadTooLarge("The body may have at most 1 MiB.", details=details)
        await self._throttle.spend(f"incoming:peer:{envelope.peer}")
        tenant_id, webhook, proof = await self._proved(envelope)
        if not admits(webhook.ip_whitelist, envelope.peer):
            raise Forbidden("This address is not on the webhook's list.")
        await self._throttle.spend(f"incoming:webhook:{webhook.id}")
        return await self._take_in(tenant_id, webhook, envelope, read(envelope.body), proof, channel)

    async def _proved(self, envelope: Envelope) -> tuple[str, Webhook, Proof]:
        now = self._clock.now()
        tenant_id, webhook = await self._webhook(envelope.webhook_id)
        keys = self._keyring.verifying_keys(webhook, now) if webhook else [DECOY_KEY]
        compat = webhook is not None and webhook.incoming_signature_mode is SignatureMode.COMPAT
        proof = prove(envelope, keys, compat)
        stale = proof is not None and proof.signed_at is not None and not is_fresh(proof.signed_at, now)
        if tenant_id is None or webhook is None or proof is None or stale:
            raise Unauthorized(REFUSAL)
        return tenant_id, webhook, proof

    async def _webhook(self, webhook_id: str) -> tuple[str | None, Webhook | None]:
        """The active webhook that admits incoming; of an unknown one the default tenant is asked in vain."""
        tenant_id = await self._directory.tenant_of(webhook_id) if webhook_id else None
        async with self._store.begin(tenant_id or "") as uow:
            webhook = await uow[WEBHOOKS].find(webhook_id)
        usable = webhook is not None and webhook.active and webhook.receives
        return (tenant_id, webhook) if usable else (None, None)

    async def _take_in(
        self, tenant_id: str, webhook: Webhook, envelope: Envelope, notice: Notice, proof: Proof, channel: Channel
    ) -> Mapping[str, Any]:
        now = self._clock.now()
        if proof.signed_at is None and not is_fresh(notice.timestamp, now):
            raise Unauthorized(REFUSAL)
        keys = dedupe_keys(webhook.id, envelope, notice, proof)
        arrival = Arrival(tenant_id, webhook.id, self._ids.new(Prefix.EVENT), notice, now, envelope.trace_id)

        async def work(uow: UnitOfWork) -> Mapping[str, Any]:
            known = await uow[INBOX].get_many(keys)
            return known[0].answer if known else await self._remember(uow, arrival, keys, channel)

        answer = await committed(self._store, tenant_id, work)
        await self._signal.wake()
        return answer

    async def _remember(
        self, uow: UnitOfWork, arrival: Arrival, keys: tuple[str, ...], channel: Channel
    ) -> Mapping[str, Any]:
        effect = await self._effects[channel](uow, arrival)
        answer = {"webhook_event_id": arrival.webhook_event_id, "status": "accepted", **effect}
        entries = [
            InboxEntry(
                id=key,
                created_at=arrival.now,
                updated_at=arrival.now,
                webhook_id=arrival.webhook_id,
                webhook_event_id=arrival.webhook_event_id,
                channel=channel,
                answer=answer,
            )
            for key in keys
        ]
        await uow[INBOX].save_all(entries)
        return answer


class ForgetInbox:
    """Removes what came in more than 30 days ago; its signatures are stale anyway."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self) -> int:
        before, gone = self._clock.now() - KEPT, 0
        for tenant_id in await self._store.tenants():
            async with self._store.begin(tenant_id) as uow:
                gone += await uow[INBOX].remove_where(where(created_at__lt=before))
                await uow.commit()
        return gone


class SlidingThrottle:
    """So many a minute and key, counted in this process; keys that fell silent are forgotten."""

    def __init__(self, clock: Clock, per_minute: int = 600, most_keys: int = 10_000) -> None:
        self._clock, self._per_minute, self._most_keys = clock, per_minute, most_keys
        self._spent: dict[str, deque[float]] = {}

    async def spend(self, key: str) -> None:
        now = self._clock.monotonic()
        spent = self._spent.pop(key, deque())
        while spent and spent[0] <= now - 60:
            spent.popleft()
        self._spent[key] = spent  # the last in the order of use
        if len(self._spent) > self._most_keys:
            self._spent.pop(next(iter(self._spent)))
        if len(spent) >= self._per_minute:
            raise RateLimitExceeded(retry_after=max(1.0, spent[0] + 60 - now))
        spent.append(now)
