"""Conversation without ceremony: a turn at a time, whole or piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from application.generation import Emit
from application.ports.system import Ids
from application.use_cases.answering import Asked, AskQuestion
from domain.access import Caller
from domain.ids import Prefix
from domain.queries import Question

PIECES_AHEAD = 16
"""How many pieces of an answer may wait for a slow reader before its writing waits too."""


class Turn:
    """One answer on its way: iterate over its pieces, then ask for its `outcome`.

    The writing keeps at most `PIECES_AHEAD` pieces ahead of the reader. `close` frees what is being
    generated, at any moment, from anywhere."""

    def __init__(self, work: Callable[[Emit], Awaitable[Asked]]) -> None:
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(PIECES_AHEAD)
        self._task = asyncio.create_task(self._run(work))
        self._task.add_done_callback(lambda _: self._pieces.put_nowait(None))
        self._begun = False
        self._first: str | None = None

    async def _run(self, work: Callable[[Emit], Awaitable[Asked]]) -> Asked:
        return await work(self._emit)

    async def _emit(self, piece: str) -> None:
        await self._room.acquire()
        self._pieces.put_nowait(piece)

    async def begin(self) -> None:
        """Waits for the first piece, or for the end of an answer without any; raises what went wrong before."""
        self._begun, self._first = True, await self._pieces.get()
        if self._first is None:
            await self.outcome()

    async def __aiter__(self) -> AsyncIterator[str]:
        piece = self._first if self._begun else await self._pieces.get()
        while piece is not None:
            self._room.release()
            yield piece
            piece = await self._pieces.get()

    async def outcome(self) -> Asked:
        """Raises whatever ended the answer before its time."""
        return await self._task

    @property
    def waiting(self) -> int:
        """Pieces that were written and not read yet."""
        return self._pieces.qsize()

    def close(self) -> None:
        self._task.cancel()


class Converse:
    """Answers in a conversation, which is opened with its first question."""

    def __init__(self, ask: AskQuestion, ids: Ids) -> None:
        self._ask, self._ids = ask, ids

    async def __call__(self, caller: Caller, question: Question) -> Asked:
        """Raises what `AskQuestion` raises."""
        return await self._ask(caller, self._placed(question))

    def stream(self, caller: Caller, question: Question) -> Turn:
        placed = self._placed(question)
        return Turn(lambda emit: self._ask(caller, placed, emit))

    def next_turn(self, caller: Caller) -> Caller:
        """The same caller under a trace of its own, for one more turn of a long-lived connection."""
        return replace(caller, trace_id=self._ids.trace_id())

    def _placed(self, question: Question) -> Question:
        if question.session_id is not None:
            return question
        return replace(question, session_id=self._ids.new(Prefix.SESSION))
