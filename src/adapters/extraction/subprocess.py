"""The extractor: a small pool of limited processes, one file at a time each."""

import signal
from pathlib import PurePath
from threading import Lock

import anyio
import anyio.to_thread
import msgspec

from adapters.extraction import wire
from adapters.extraction.processes import ReaderDied, ReaderProcess, ReaderTimedOut
from domain.extraction import Extraction, ExtractionLimits

_OUT_OF_TIME = {-signal.SIGXCPU}
# Parsers in C end themselves in these ways when memory runs out, the system in the last.
_OUT_OF_MEMORY = {-signal.SIGABRT, -signal.SIGTRAP, -signal.SIGILL, -signal.SIGKILL}


class SubprocessExtractor:
    """At most `workers` files are read at once; more wait their turn.

    Processes start with the first file, are reused, and replaced when a file has killed one or they have
    served long enough. A reading that is cancelled takes its process with it.
    """

    def __init__(self, workers: int = 1) -> None:
        self._limiter = anyio.CapacityLimiter(workers)
        self._idle: list[ReaderProcess] = []
        self._busy: set[ReaderProcess] = set()
        self._lock = Lock()
        self._closed = False

    async def extract(self, name: str, content: bytes, limits: ExtractionLimits, *, strict: bool = True) -> Extraction:
        if len(content) > limits.max_bytes:
            return _too_large(name, len(content), limits)
        job = _Job(self, wire.Task(name, content, limits, strict))
        try:
            return await anyio.to_thread.run_sync(job.run, limiter=self._limiter, abandon_on_cancel=True)
        except BaseException:
            job.abandon()
            raise

    async def close(self) -> None:
        with self._lock:
            self._closed = True
            processes = [*self._idle, *self._busy]
            self._idle.clear()
        await anyio.to_thread.run_sync(_kill_all, processes)

    def take(self) -> ReaderProcess:
        with self._lock:
            if self._closed:
                raise ExtractorClosed
            process = self._alive() or ReaderProcess()
            self._busy.add(process)
            return process

    def _alive(self) -> ReaderProcess | None:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            process.kill()
        return None

    def give_back(self, process: ReaderProcess, *, usable: bool) -> None:
        with self._lock:
            self._busy.discard(process)
            keep = usable and not self._closed
            if keep:
                self._idle.append(process)
        if not keep:
            process.kill()


class ExtractorClosed(RuntimeError):
    """The extractor was closed and reads no more files."""


class _Job:
    """One file on its way through one process."""

    def __init__(self, pool: SubprocessExtractor, task: wire.Task) -> None:
        self._pool, self._task = pool, task
        self._process: ReaderProcess | None = None
        self._lock = Lock()
        self._abandoned = False

    def run(self) -> Extraction:
        with self._lock:
            if self._abandoned:
                raise ExtractorClosed
            self._process = process = self._pool.take()
        usable = False
        try:
            reply = self._reply(process)
            usable = not reply.last
            return reply.extraction
        except ReaderTimedOut:
            return self._timed_out()
        except ReaderDied as death:
            return self._died(death.returncode)
        except msgspec.MsgspecError:
            return self._refused("DAMAGED_FILE", "The file is damaged: its reader failed")
        finally:
            self._hand_back(usable)

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            if self._process is not None:
                self._process.end()

    def _hand_back(self, usable: bool) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            self._pool.give_back(process, usable=usable)

    def _reply(self, process: ReaderProcess) -> wire.Reply:
        return wire.reply(process.exchange(wire.framed(self._task), self._task.limits.seconds))

    def _died(self, returncode: int) -> Extraction:
        if returncode in _OUT_OF_TIME:
            return self._timed_out()
        if returncode in _OUT_OF_MEMORY:
            return self._refused("TOO_COMPLEX", "The file needs more memory to be read than is allowed")
        return self._refused("DAMAGED_FILE", "The file is damaged: it makes its reader fail")

    def _timed_out(self) -> Extraction:
        seconds = f"{self._task.limits.seconds:g}"
        return self._refused("TIMED_OUT", f"The file could not be read within {seconds} seconds")

    def _refused(self, code: str, message: str) -> Extraction:
        return _refusal(self._task.name, code, message)


def _refusal(name: str, code: str, message: str) -> Extraction:
    return Extraction(name, None, PurePath(name).stem, error=message, error_code=code)


def _too_large(name: str, size: int, limits: ExtractionLimits) -> Extraction:
    megabytes = [round(count / 1024 / 1024, 1) for count in (size, limits.max_bytes)]
    return _refusal(name, "TOO_LARGE", f"The file has {megabytes[0]} MB; at most {megabytes[1]} MB are read")


def _kill_all(processes: list[ReaderProcess]) -> None:
    for process in processes:
        process.kill()
