"""One effect for a request that is sent several times."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from application.ports.delivery import Cipher
from application.ports.storage import REPLAYS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Principal, Scope
from domain.errors import Conflict
from domain.idempotency import KEPT_FOR, LEASE, RETRY_SECONDS, Replay, is_kept
from domain.paging import where

FORGET_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a request."""

    tenant_id: str
    replay_id: str
    claim_id: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class ReplayAnswers:
    """Kept with the tenant's data, so that they are as durable as the effects they stand for; sealed, since an
    answer may show a secret that nothing else keeps."""

    def __init__(self, store: Store, cipher: Cipher, clock: Clock, ids: Ids) -> None:
        self._store, self._cipher, self._clock, self._ids = store, cipher, clock, ids
        self._forgot_at: dict[str, datetime] = {}

    async def begin(self, principal: Principal, route: str, key: str, fingerprint: str) -> Claim | KeptAnswer:
        """The right to answer, or the answer that was given. Raises `Conflict` when the key was used for something
        else, or the first request is still under way."""
        replay_id = _replay_id(principal, route, key)
        claim = Claim(principal.tenant_id, replay_id, self._ids.new("clm"))
        await self._forget_old(principal.tenant_id)

        async def work(uow: UnitOfWork) -> Claim | KeptAnswer:
            found, now = await uow[REPLAYS].find(replay_id), self._clock.now()
            if found is None or found.is_claimable(now):
                await uow[REPLAYS].save(self._claimed(found, claim, fingerprint, now))
                return claim
            return self._answer(found, fingerprint)

        return await committed(self._store, principal.tenant_id, work)

    async def keep(self, claim: Claim, answer: KeptAnswer) -> None:
        """Keeps an answer that may be replayed, and lets go of the claim for any other."""
        if not is_kept(answer.status):
            await self.release(claim)
            return
        sealed = self._cipher.seal(base64.b64encode(answer.body).decode(), claim.replay_id)
        await self._change(claim, lambda replay, now: replay.keep(answer.status, answer.headers, sealed, now))

    async def renew(self, claim: Claim) -> None:
        await self._change(claim, lambda replay, now: replay.renew(now))

    async def release(self, claim: Claim) -> None:
        await self._change(claim, lambda replay, now: replay.release(now))

    def _claimed(self, found: Replay | None, claim: Claim, fingerprint: str, now: datetime) -> Replay:
        if found is not None:
            found.claim(claim.claim_id, fingerprint, now)
            return found
        return Replay(
            id=claim.replay_id,
            created_at=now,
            updated_at=now,
            fingerprint=fingerprint,
            claim_id=claim.claim_id,
            lease_until=now + LEASE,
            expires_at=now + KEPT_FOR,
        )

    def _answer(self, found: Replay, fingerprint: str) -> KeptAnswer:
        if found.fingerprint != fingerprint:
            raise Conflict("This key was used for another request.", field="idempotency-key")
        if found.status is None:
            raise Conflict(
                "The first request with this key is still under way.",
                field="idempotency-key",
                retry_after=RETRY_SECONDS,
            )
        if found.is_erased:
            raise Conflict("What this request did was erased since.", field="idempotency-key")
        return KeptAnswer(found.status, found.headers, _body(found, self._cipher))

    async def _change(self, claim: Claim, effect: Callable[[Replay, datetime], None]) -> None:
        """Of a claim that is still ours; of another's, nothing."""

        async def work(uow: UnitOfWork) -> None:
            found = await uow[REPLAYS].find(claim.replay_id)
            if found is not None and found.claim_id == claim.claim_id:
                effect(found, self._clock.now())
                await uow[REPLAYS].save(found)

        await committed(self._store, claim.tenant_id, work)

    async def _forget_old(self, tenant_id: str) -> None:
        """Now and then, along the way: nobody else needs to know that these rows exist."""
        now, last = self._clock.now(), self._forgot_at.get(tenant_id)
        if last is not None and now - last < FORGET_EVERY:
            return
        self._forgot_at[tenant_id] = now
        async with self._store.begin(tenant_id) as uow:
            await uow[REPLAYS].remove_where(where(expires_at__le=now))
            await uow.commit()


def opened(replay: Replay, cipher: Cipher) -> str:
    """The text of a kept answer; empty when it was sealed with a master key that is gone."""
    try:
        return _body(replay, cipher).decode("utf-8", "replace")
    except ValueError:
        return ""


def _body(replay: Replay, cipher: Cipher) -> bytes:
    return base64.b64decode(cipher.open(replay.sealed_body, replay.id))


def _replay_id(principal: Principal, route: str, key: str) -> str:
    """A tenant's keys share their answers; publishable ones, which strangers hold, do not."""
    owner = principal.key_id if Scope.CHAT in principal.scopes and not principal.may(Scope.READ) else ""
    return sha256("\0".join((owner or "", route, key)).encode()).hexdigest()
