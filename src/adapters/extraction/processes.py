"""One reading process, seen from its parent. Blocking: to be used from a worker thread."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

from adapters.extraction import wire

_SOURCE_ROOT = Path(__file__).resolve().parents[2]
_CHUNK = 1 << 20


class ReaderTimedOut(Exception):
    """The process did not reply within its time and was killed."""


class ReaderDied(Exception):
    """The process ended without a reply; `returncode` says how (negative: by which signal)."""

    def __init__(self, returncode: int) -> None:
        super().__init__(returncode)
        self.returncode = returncode


class ReaderProcess:
    """Starts on creation; after any exception of `exchange` it is dead and must be replaced."""

    def __init__(self) -> None:
        reading, self._lifeline = os.pipe()
        try:
            self._process = _started(reading)
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(reading)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101 - both were asked for
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, message: bytes, seconds: float) -> bytes:
        """Sends one framed message and returns the body of the reply."""
        deadline = time.monotonic() + seconds
        try:
            self._send(message, deadline)
            (length,) = wire.HEADER.unpack(self._receive(wire.HEADER.size, deadline))
            if length > wire.LONGEST_REPLY:
                raise ReaderDied(self._ended())
            return self._receive(length, deadline)
        except (BrokenPipeError, ConnectionError) as error:
            raise ReaderDied(self._ended()) from error
        except ReaderTimedOut:
            self.kill()
            raise

    def end(self) -> None:
        """Ends the process without waiting; whoever is in `exchange` sees it die."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Ends the process for good and reaps it; may be called from another thread and more than once."""
        self.end()
        self._process.wait()
        self._close()

    def _send(self, message: bytes, deadline: float) -> None:
        view = memoryview(message)
        pipe = self._process.stdin
        while view and pipe:
            _wait(pipe.fileno(), selectors.EVENT_WRITE, deadline)
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(pipe.fileno(), view[:_CHUNK]) :]

    def _receive(self, length: int, deadline: float) -> bytes:
        received = bytearray()
        pipe = self._process.stdout
        while len(received) < length and pipe:
            _wait(pipe.fileno(), selectors.EVENT_READ, deadline)
            with contextlib.suppress(BlockingIOError):
                chunk = os.read(pipe.fileno(), min(_CHUNK, length - len(received)))
                if not chunk:
                    raise ReaderDied(self._ended())
                received += chunk
        return bytes(received)

    def _ended(self) -> int:
        """How the process ended; one that closed its pipes but lives is killed."""
        try:
            returncode = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.kill()
            returncode = -signal.SIGKILL
        self._close()
        return returncode

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe and not pipe.closed:
                    pipe.close()
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)


def _started(lifeline: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
        [sys.executable, "-P", "-s", "-m", "adapters.extraction.child", str(lifeline)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(lifeline,),
        env={"PYTHONPATH": str(_SOURCE_ROOT), "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
        cwd="/",
        start_new_session=True,
        bufsize=0,
    )


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Until the pipe is ready; raises `ReaderTimedOut` at the deadline."""
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(descriptor, event)
        except (ValueError, OSError) as error:
            raise BrokenPipeError from error
        remaining = deadline - time.monotonic()
        if remaining <= 0 or not selector.select(remaining):
            raise ReaderTimedOut
