"""A job's progress as it happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Controller, WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from msgspec import Struct

from application.use_cases.jobs import JobSeen, WatchJob
from domain.access import Scope
from domain.jobs import JobStatus
from entrypoints.http.admission import admit_socket
from entrypoints.http.app import rules
from entrypoints.http.routes.jobs import JobOut
from entrypoints.http.routes.wire import Id

EVENTS = {
    JobStatus.PENDING: "job.pending",
    JobStatus.PROCESSING: "job.progress",
    JobStatus.WAITING_INPUT: "job.waiting_input",
    JobStatus.COMPLETED: "job.completed",
    JobStatus.FAILED: "job.failed",
    JobStatus.CANCELLED: "job.cancelled",
}


class JobMoved(Struct, kw_only=True):
    """What the socket sends: at first the job as it is, then whenever it has moved."""

    event: str
    data: JobOut

    @staticmethod
    def of(seen: JobSeen) -> "JobMoved":
        return JobMoved(event=EVENTS[seen.job.status], data=JobOut.of(seen))


class JobSocketController(Controller):
    path = "/api/v1/jobs"
    tags = ("jobs",)

    @websocket("/{job_id:str}/ws", opt=rules(scope=Scope.READ))
    async def watch(
        self, socket: WebSocket[Any, Any, Any], job_id: FromPath[Id], watch_job: NamedDependency[WatchJob]
    ) -> None:
        """A message for each change of state and each step of progress; closed when the job has ended."""
        await socket.accept()
        caller = await admit_socket(socket)
        leaving = asyncio.create_task(_gone(socket))
        telling = asyncio.create_task(_tell(socket, watch_job(caller, job_id)))
        try:
            await asyncio.wait({leaving, telling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (leaving, telling):
                task.cancel()
            await asyncio.gather(leaving, telling, return_exceptions=True)
        if not telling.cancelled() and (refusal := telling.exception()) is not None:
            raise refusal


async def _tell(socket: WebSocket[Any, Any, Any], moves: AsyncIterator[JobSeen]) -> None:
    async for seen in moves:
        await socket.send_text(msgspec.json.encode(JobMoved.of(seen)).decode())
    await socket.close()


async def _gone(socket: WebSocket[Any, Any, Any]) -> None:
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return
