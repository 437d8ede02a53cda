"""Messengers: writing to people there, and taking in what they write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from application.ports.channels import Channel
from application.ports.queue import WorkSignal
from application.ports.storage import INBOX, JOBS, MESSAGES, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from application.use_cases.jobs import Work
from application.use_cases.outgoing import send_later
from application.use_cases.sessions import meet_user, new_message, save_message
from domain.access import Caller
from domain.channels import Heard, Place, Sent, session_name
from domain.errors import Conflict, InvalidInput, ServiceUnavailable
from domain.ids import Prefix
from domain.incoming import Channel as Incoming
from domain.incoming import InboxEntry
from domain.jobs import Job, JobType
from domain.paging import where
from domain.phrases import Phrase, say
from domain.queries import checked_text
from domain.sessions import Message, Role, Session, SessionState

KNOWN = ("slack", "telegram")
CHANNEL = "channel"
"""In a message's metadata: where it was sent, and the ids it has there."""
RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300, 1800))
LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Channels:
    """The messengers of this deployment. Their bots belong to one tenant; nobody else can use them."""

    configured: Mapping[str, Channel]
    tenant_id: str

    def of(self, tenant_id: str, name: str) -> Channel:
        """Raises `InvalidInput` for an unknown one, `Conflict` for one that is not configured."""
        if name not in KNOWN:
            raise InvalidInput(f"There is no channel {name!r}.", field="channel", details={"allowed": list(KNOWN)})
        if name not in self.configured or tenant_id != self.tenant_id:
            raise Conflict(f"The channel {name} is not configured.", field="channel")
        return self.configured[name]

    async def close(self) -> None:
        for channel in self.configured.values():
            await channel.close()


@dataclass(frozen=True, slots=True)
class ChannelSecrets:
    """What proves that an update comes from the messenger; an empty one proves nothing."""

    telegram: str = ""
    slack: str = ""


async def conversations_in(uow: UnitOfWork, user_id: str, channel: str, place: Place | None) -> list[Session]:
    """The person's latest conversations in this channel (and place), newest first."""
    theirs = await uow[SESSIONS].list(where(user_id=user_id), sort="-created_at", limit=LOOKED_AT)
    here = [session for session in theirs if session.origin.get("source") == channel]
    if place is not None:
        here = [session for session in here if session.origin.get("thread_id") == place.key]
    return here


async def open_conversation(uow: UnitOfWork, user_id: str, channel: str, place: Place, now: datetime) -> Session:
    """The one that lives, or a new one."""
    found = await conversations_in(uow, user_id, channel, place)
    for session in found:
        if session.state_at(now) in (SessionState.ACTIVE, SessionState.WITH_OPERATOR):
            return session
    name = session_name(channel, user_id, place, found[0].id if found else "")
    session = Session.open(name, user_id, now, {"source": channel}, place.origin(channel))
    await uow[SESSIONS].save(session)
    await meet_user(uow, user_id, now)
    return session


class PostToChannel:
    """Writes to a person in a messenger, and changes or takes back what was written."""

    def __init__(self, store: Store, channels: Channels, clock: Clock, ids: Ids) -> None:
        self._store, self._channels, self._clock, self._ids = store, channels, clock, ids

    async def __call__(self, caller: Caller, channel_name: str, user_id: str, text: str) -> Message:
        """Raises `InvalidInput`, `Conflict` (not configured, or a person has the conversation),
        `ServiceUnavailable` in the messenger's words."""
        channel = self._channels.of(caller.tenant_id, channel_name)
        place = await self._place(caller, channel_name, user_id)
        sent = await channel.send(place, text)

        async def keep(uow: UnitOfWork) -> Message:
            now = self._clock.now()
            session = await open_conversation(uow, user_id, channel_name, place, now)
            kept = {CHANNEL: sent.kept(channel_name)}
            message = new_message(self._ids, now, session, Role.ASSISTANT, text, metadata=kept)
            await save_message(uow, session, message, now)
            await uow[SESSIONS].save(session)
            return message

        return await committed(self._store, caller.tenant_id, keep)

    async def _place(self, caller: Caller, channel: str, user_id: str) -> Place:
        """Where the person wrote last, else their own direct messages."""
        now = self._clock.now()
        async with self._store.begin(caller.tenant_id) as uow:
            found = await conversations_in(uow, user_id, channel, None)
        alive = [s for s in found if s.state_at(now) in (SessionState.ACTIVE, SessionState.WITH_OPERATOR)]
        if alive and alive[0].is_with_operator:
            raise Conflict(
                "A person has this conversation; write by its escalation.",
                details={"escalation_id": alive[0].escalation_id},
            )
        return Place.of(alive[0].origin) if alive else Place(user_id)

    async def edit(self, caller: Caller, message_id: str, text: str) -> Message:
        channel_name, sent = await self._sent(caller, message_id)
        now_sent = await self._channels.of(caller.tenant_id, channel_name).edit(sent, text)

        async def keep(uow: UnitOfWork) -> Message:
            message = await uow[MESSAGES].get(message_id)
            message.reword(text, self._clock.now())
            message.metadata = {**message.metadata, CHANNEL: now_sent.kept(channel_name)}
            await uow[MESSAGES].save(message)
            return message

        return await committed(self._store, caller.tenant_id, keep)

    async def delete(self, caller: Caller, message_id: str) -> Message:
        """Gone there, and shown to nobody here."""
        channel_name, sent = await self._sent(caller, message_id)
        await self._channels.of(caller.tenant_id, channel_name).delete(sent)

        async def keep(uow: UnitOfWork) -> Message:
            message = await uow[MESSAGES].get(message_id)
            message.hide(self._clock.now())
            await uow[MESSAGES].save(message)
            return message

        return await committed(self._store, caller.tenant_id, keep)

    async def _sent(self, caller: Caller, message_id: str) -> tuple[str, Sent]:
        async with self._store.begin(caller.tenant_id) as uow:
            message = await uow[MESSAGES].get(message_id)
        kept = message.metadata.get(CHANNEL)
        if kept is None or message.hidden:
            raise Conflict("This message is not in any channel.", field="message_id")
        return str(kept["name"]), Sent.of(kept)


class TakeFromChannel:
    """A person's message from a messenger: its conversation is found or opened, the question becomes a job.
    What was taken in before is not taken in again."""

    def __init__(self, store: Store, channels: Channels, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._channels, self._signal = store, channels, signal
        self._clock, self._ids = clock, ids

    async def __call__(self, heard: Heard, trace_id: str) -> str | None:
        """The id of the conversation; `None` for what is not said to us."""
        seen_as = sha256(f"channel\0{heard.channel}\0{heard.delivery_id}".encode()).hexdigest()

        async def take(uow: UnitOfWork) -> str | None:
            known = await uow[INBOX].find(seen_as)
            if known is not None:
                return str(known.answer["session_id"])
            if not (heard.to_us or await self._goes_on(uow, heard)):
                return None
            session = await self._take(uow, heard, trace_id)
            await uow[INBOX].save(self._entry(seen_as, heard, session))
            return session.id

        session_id = await committed(self._store, self._channels.tenant_id, take)
        await self._signal.wake()
        return session_id

    async def _goes_on(self, uow: UnitOfWork, heard: Heard) -> bool:
        """Whether this person has a living conversation with us where they wrote."""
        now = self._clock.now()
        found = await conversations_in(uow, heard.user_id, heard.channel, heard.place)
        return any(session.state_at(now) in (SessionState.ACTIVE, SessionState.WITH_OPERATOR) for session in found)

    async def _take(self, uow: UnitOfWork, heard: Heard, trace_id: str) -> Session:
        now = self._clock.now()
        session = await open_conversation(uow, heard.user_id, heard.channel, heard.place, now)
        try:
            text = checked_text(heard.text)
            if heard.is_unreadable:
                raise InvalidInput("There are no words in it.")
        except InvalidInput:
            await self._not_understood(uow, session, heard, now)
            return session
        job = Job(
            id=self._ids.new(Prefix.JOB),
            created_at=now,
            updated_at=now,
            type=JobType.INCOMING_MESSAGE,
            total=1,
            input={
                "query_id": self._ids.new(Prefix.QUERY),
                "question": text,
                "user_id": heard.user_id,
                "session_id": session.id,
                "trace_id": trace_id,
                "origin": {**session.origin, "external_message_id": heard.message_id},
            },
        )
        await uow[JOBS].save(job)
        return session

    async def _not_understood(self, uow: UnitOfWork, session: Session, heard: Heard, now: datetime) -> None:
        """What is too short or too long to be a question is kept and, while the service speaks, answered so."""
        said = new_message(self._ids, now, session, Role.USER, heard.text)
        await save_message(uow, session, said, now)
        if not session.is_with_operator:
            language = heard.language or "en"
            reply = new_message(self._ids, now, session, Role.ASSISTANT, say(Phrase.NOT_UNDERSTOOD, language))
            await save_message(uow, session, reply, now)
            await send_later(uow, self._ids, now, reply)
        await uow[SESSIONS].save(session)

    def _entry(self, seen_as: str, heard: Heard, session: Session) -> InboxEntry:
        now = self._clock.now()
        return InboxEntry(
            id=seen_as,
            created_at=now,
            updated_at=now,
            webhook_id=heard.channel,
            webhook_event_id=heard.delivery_id,
            channel=Incoming.MESSAGE,
            answer={"session_id": session.id},
        )


class SendMessage:
    """The job of a message that leaves by a channel. When the messenger is away it is tried again later, at
    most `len(RETRY_AFTER)` times; between sending and writing that down a crash may send it twice."""

    def __init__(self, store: Store, channels: Channels, clock: Clock) -> None:
        self._store, self._channels, self._clock = store, channels, clock

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        async with self._store.begin(work.tenant_id) as uow:
            message = await uow[MESSAGES].find(job.input["message_id"])
            session = await uow[SESSIONS].find(job.input["session_id"])
        if message is None or session is None or message.hidden or CHANNEL in message.metadata:
            await self._finish(work, None)
            return
        name = str(session.origin["source"])
        try:
            channel = self._channels.of(work.tenant_id, name)
            sent = await channel.send(Place.of(session.origin), message.content)
        except ServiceUnavailable as refusal:
            await self._later(work, refusal)
        else:
            await self._finish(work, sent.kept(name))

    async def _finish(self, work: Work, kept: Mapping[str, object] | None) -> None:
        async def finish(uow: UnitOfWork, job: Job) -> None:
            message = await uow[MESSAGES].find(job.input["message_id"])
            if message is not None and kept is not None:
                message.metadata = {**message.metadata, CHANNEL: kept}
                await uow[MESSAGES].save(message)
            job.complete(self._clock.now(), {"message_id": job.input["message_id"], "sent": kept is not None})

        await work.change(finish)

    async def _later(self, work: Work, refusal: ServiceUnavailable) -> None:
        async def later(uow: UnitOfWork, job: Job) -> None:
            now = self._clock.now()
            if job.failed >= len(RETRY_AFTER):
                job.fail(now, refusal.code, refusal.message)
                return
            wait = max(RETRY_AFTER[job.failed], timedelta(seconds=refusal.retry_after or 0))
            job.failed += 1
            job.postpone(now, now + wait)

        await work.change(later)
