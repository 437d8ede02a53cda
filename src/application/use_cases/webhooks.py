"""Webhooks and their deliveries, as their owner manages them."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from application.ports.delivery import Cipher, DeliveryQueue
from application.ports.outbound import Targets
from application.ports.storage import JOBS, WEBHOOKS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from application.use_cases.delivering import Keyring, headers_context, secret_context
from domain.access import Caller
from domain.errors import InvalidInput, Problem
from domain.ids import Prefix
from domain.jobs import Job
from domain.keys import callbacks_of
from domain.lanes import CEILINGS, Lane, LaneLimits
from domain.signing import ADVISED_KEY_BYTES, SECRET_LENGTH, key_bytes
from domain.webhook_rules import MASK, header_problems, problems_of, secret_problems
from domain.webhooks import Direction, Purpose, SealedSecret, Webhook

DEFAULT_OVERLAP = timedelta(hours=24)
NO_OVERLAP = timedelta()


def generated_secret() -> str:
    """43 url-safe characters: 256 bits."""
    return secrets.token_urlsafe(32)[:SECRET_LENGTH]


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A webhook with the secret that is shown this once."""

    webhook: Webhook
    secret: str
    was_generated: bool
    fingerprint: str
    warnings: tuple[str, ...] = ()
    incoming_secret: str | None = None
    """What others are to sign with, of a webhook that goes both ways."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the deployment lets a webhook be: where it may send, and how much at once and in an hour."""

    targets: Targets
    ceilings: LaneLimits = CEILINGS


class Vault:
    """Seals what a webhook must keep to itself."""

    def __init__(self, cipher: Cipher, ids: Ids, generate: Callable[[], str] = generated_secret) -> None:
        self._cipher, self._ids, self._generate = cipher, ids, generate

    def seal(self, webhook_id: str, secret: str, now: datetime) -> SealedSecret:
        secret_id = self._ids.new("wsec")
        return SealedSecret(secret_id, self._cipher.seal(secret, secret_context(webhook_id, secret_id)), now)

    def unseen(self, webhook_id: str, now: datetime) -> SealedSecret:
        """One that is never shown."""
        return replace(self.seal(webhook_id, self._generate(), now), shown=False)

    def incoming(self, webhook: Webhook, overlap: timedelta, now: datetime) -> str | None:
        """Gives a webhook that goes both ways a fresh secret for what comes in."""
        if webhook.direction is not Direction.BOTH:
            return None
        chosen = self._generate()
        webhook.rotate_incoming_secret(self.seal(webhook.id, chosen, now), overlap, now)
        return chosen

    def require_apart(self, webhook: Webhook, chosen: str, now: datetime) -> None:
        """Raises `InvalidInput` when what others prove themselves by is to sign what goes out."""
        held = webhook.verifying_secrets(now) if webhook.incoming_secrets else ()
        opened = (self._cipher.open(each.sealed, secret_context(webhook.id, each.id)) for each in held)
        if any(key_bytes(chosen) == key_bytes(each) for each in opened):
            raise InvalidInput("secret: this one is what others sign with.", field="secret")

    def disclosed(
        self, webhook: Webhook, given: str | None, secret: str, incoming_secret: str | None = None
    ) -> Disclosed:
        weak = len(key_bytes(secret)) < ADVISED_KEY_BYTES
        warning = f"The secret has fewer than {ADVISED_KEY_BYTES} bytes; a longer one is harder to guess."
        warnings = (warning,) if weak else ()
        fingerprint = self._cipher.fingerprint(secret)
        return Disclosed(webhook, secret, given is None, fingerprint, warnings, incoming_secret)

    def chosen(self, given: str | None) -> str:
        """The secret that was given, or a fresh one; raises `InvalidInput` for one that cannot sign."""
        problems = secret_problems(given) if given is not None else []
        if problems:
            raise InvalidInput(problems=problems)
        return self._generate() if given is None else given

    def callback_secret(self, job: Job | None) -> str | None:
        return self._cipher.derive(callbacks_of(job.created_by)) if job and job.created_by else None

    def seal_headers(self, webhook: Webhook, headers: Mapping[str, str], before: Mapping[str, str]) -> None:
        """Seals new headers into the webhook; one that still wears its mask keeps the value it had."""
        known = {name.lower(): value for name, value in before.items()}
        clear = {name: known.get(name.lower(), value) if value == MASK else value for name, value in headers.items()}
        text = json.dumps(clear)
        webhook.sealed_headers = self._cipher.seal(text, headers_context(webhook.id)) if clear else None
        webhook.header_names = tuple(clear)


def _problems(webhook: Webhook, headers: Mapping[str, str], bounds: Bounds) -> list[Problem]:
    refusal = bounds.targets.refusal(webhook.url) if webhook.url is not None else None
    problems = [*problems_of(webhook, bounds.ceilings), *header_problems(headers)]
    if refusal is not None and not any(problem.field == "url" for problem in problems):
        problems.append(Problem(f"url: {refusal}.", "url", details={"rule": "blocked_target"}))
    return problems


def _require(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems=problems)


class RegisterWebhook:
    """Registers a webhook from the properties given (domain values by name; `headers` in clear)."""

    def __init__(
        self, store: Store, queue: DeliveryQueue, vault: Vault, bounds: Bounds, clock: Clock, ids: Ids
    ) -> None:
        self._store, self._queue, self._vault = store, queue, vault
        self._bounds, self._clock, self._ids = bounds, clock, ids

    async def __call__(
        self, caller: Caller, given: Mapping[str, Any], headers: Mapping[str, str], secret: str | None
    ) -> Disclosed:
        webhook = self.made(given, caller.principal.key_id)
        _require(_problems(webhook, headers, self._bounds) + (secret_problems(secret) if secret is not None else []))
        chosen = self._seal(webhook, headers, secret)
        incoming = self._vault.incoming(webhook, NO_OVERLAP, webhook.created_at)
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[WEBHOOKS].save(webhook)
            await uow.commit()
        await self._queue.change_lane(caller.tenant_id, webhook.id, webhook.created_at, webhook.as_limited)
        return self._vault.disclosed(webhook, secret, chosen, incoming)

    async def for_job(
        self, uow: UnitOfWork, job_id: str, url: str, events: tuple[str, ...], secret: str | None
    ) -> Webhook:
        """A callback: a webhook for the events of one job, saved in the job's own transaction, and signed with the
        callback secret of the job's key when it is given none."""
        given = {"url": url, "events": events, "purpose": Purpose.CALLBACK, "job_id": job_id}
        webhook = self.made(given, None)
        _require([_renamed(problem) for problem in _problems(webhook, {}, self._bounds)])
        self._seal(webhook, {}, secret or self._vault.callback_secret(await uow[JOBS].find(job_id)))
        await uow[WEBHOOKS].save(webhook)
        return webhook

    def made(self, given: Mapping[str, Any], created_by: str | None) -> Webhook:
        now = self._clock.now()
        return Webhook(id=self._ids.new(Prefix.WEBHOOK), created_at=now, updated_at=now, created_by=created_by, **given)

    def _seal(self, webhook: Webhook, headers: Mapping[str, str], secret: str | None) -> str:
        chosen = self._vault.chosen(secret)
        webhook.secrets = (self._vault.seal(webhook.id, chosen, webhook.created_at),)
        self._vault.seal_headers(webhook, headers, {})
        return chosen


def _renamed(problem: Problem) -> Problem:
    """A callback's offences are those of the request that named it."""
    field = "callback_url" if problem.field == "url" else f"callback.{problem.field}"
    return replace(problem, field=field, message=problem.message.replace("url:", "callback_url:", 1))


class ChangeWebhook:
    """Takes new values for the named properties. Parts of `retry_policy` and `limits` that are not named stay."""

    def __init__(
        self, store: Store, queue: DeliveryQueue, vault: Vault, keyring: Keyring, bounds: Bounds, clock: Clock
    ) -> None:
        self._store, self._queue, self._vault, self._keyring = store, queue, vault, keyring
        self._bounds, self._clock = bounds, clock

    async def __call__(
        self,
        caller: Caller,
        webhook_id: str,
        changes: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        secret: str | None = None,
    ) -> Webhook:
        async def work(uow: UnitOfWork) -> Webhook:
            webhook = await uow[WEBHOOKS].get(webhook_id)
            self._apply(webhook, changes, headers, secret)
            await uow[WEBHOOKS].save(webhook)
            return webhook

        webhook = await committed(self._store, caller.tenant_id, work)
        await self._follow(caller.tenant_id, webhook, activated=bool(changes.get("active")))
        return webhook

    def _apply(
        self, webhook: Webhook, changes: Mapping[str, Any], headers: Mapping[str, str] | None, secret: str | None
    ) -> None:
        now, before, direction = self._clock.now(), self._keyring.headers(webhook), webhook.direction
        webhook.change({name: _merged(getattr(webhook, name), value) for name, value in changes.items()}, now)
        _require(_problems(webhook, before if headers is None else headers, self._bounds))
        webhook.turn(direction, self._vault.unseen(webhook.id, now))
        if headers is not None:
            self._vault.seal_headers(webhook, headers, before)
        if secret is not None:
            chosen = self._vault.chosen(secret)
            self._vault.require_apart(webhook, chosen, now)
            webhook.rotate_secret(self._vault.seal(webhook.id, chosen, now), DEFAULT_OVERLAP, now)

    async def _follow(self, tenant_id: str, webhook: Webhook, *, activated: bool) -> None:
        now = self._clock.now()

        def change(lane: Lane) -> Lane:
            limited = webhook.as_limited(lane)
            return limited.renewed(now) if activated else limited

        await self._queue.change_lane(tenant_id, webhook.id, now, change)
        if not webhook.active:
            await self._queue.cancel(tenant_id, webhook.id, now)


def _merged(before: Any, given: Any) -> Any:
    """A mapping given for a composed value replaces the parts that it names."""
    is_composed = isinstance(given, Mapping) and not isinstance(before, Mapping) and before is not None
    return replace(before, **given) if is_composed else given


class DeleteWebhook:
    def __init__(self, store: Store, queue: DeliveryQueue, clock: Clock) -> None:
        self._store, self._queue, self._clock = store, queue, clock

    async def __call__(self, caller: Caller, webhook_id: str) -> datetime:
        """When it was deleted. What waits for it is cancelled; what went out stays in the log."""
        now = self._clock.now()
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[WEBHOOKS].get(webhook_id)
            await uow[WEBHOOKS].remove(webhook_id)
            await uow.commit()
        await self._queue.cancel(caller.tenant_id, webhook_id, now)
        return now


class RotateSecret:
    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store, self._vault, self._clock = store, vault, clock

    async def __call__(
        self, caller: Caller, webhook_id: str, secret: str | None = None, overlap: timedelta = DEFAULT_OVERLAP
    ) -> Disclosed:
        """The secret that signs what goes out; of a webhook that goes both ways, also what others sign with."""
        chosen = self._vault.chosen(secret)

        async def work(uow: UnitOfWork) -> Disclosed:
            now, webhook = self._clock.now(), await uow[WEBHOOKS].get(webhook_id)
            self._vault.require_apart(webhook, chosen, now)
            incoming = self._vault.incoming(webhook, overlap, now)
            webhook.rotate_secret(self._vault.seal(webhook.id, chosen, now), overlap, now)
            await uow[WEBHOOKS].save(webhook)
            return self._vault.disclosed(webhook, secret, chosen, incoming)

        return await committed(self._store, caller.tenant_id, work)
