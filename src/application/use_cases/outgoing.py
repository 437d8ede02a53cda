"""Messages that leave by a channel: queued in the transaction that makes them, sent by a job."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.ports.storage import JOBS, UnitOfWork
from application.ports.system import Ids
from domain.channels import REPLY_BY
from domain.ids import Prefix
from domain.jobs import Job, JobType
from domain.sessions import Message


def leaves_by_channel(origin: Mapping[str, Any]) -> bool:
    return REPLY_BY in origin


async def send_later(uow: UnitOfWork, ids: Ids, now: datetime, message: Message) -> None:
    """The message goes out once this transaction is committed."""
    job = Job(
        id=ids.new(Prefix.JOB),
        created_at=now,
        updated_at=now,
        type=JobType.CHANNEL_MESSAGE,
        total=1,
        input={"message_id": message.id, "session_id": message.session_id},
    )
    await uow[JOBS].save(job)
