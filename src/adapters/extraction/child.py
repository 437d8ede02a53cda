"""The process that parses files for `SubprocessExtractor`: tasks on standard input, replies on standard output.

It gives up what it does not need before the first file: no new files or sockets can be opened, nothing can
be written to disk, and memory and processor time are bounded anew for every file.
"""

import contextlib
import encodings
import fcntl
import importlib
import io
import os
import pkgutil
import resource
import signal
import sys
from typing import BinaryIO

import docx

from adapters.extraction import wire
from adapters.extraction.reading import read_file, refused
from domain.extraction import Extraction, ExtractionLimits

FILES_BEFORE_RETIREMENT = 200
_RETIRE_ABOVE_BYTES = 300 * 1024 * 1024
_WARM_UP = {
    "a.md": b"# A\n\ntext\n",
    "a.csv": "question;answer\nК?;Нет\n".encode("cp1251"),
    "a.json": b'{"question": "q", "answer": "a"}',
    "a.html": b"<html><body><p>text</p></body></html>",
    "a.pdf": b"%PDF-1.4\n%%EOF",
}


def main(lifeline: int) -> None:
    _die_with_parent(lifeline)
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not end up among the replies.
    os.dup2(2, 1)
    _warm_up()
    memory = _Memory()
    _give_up_privileges()
    served = 0
    while (task := _next(requests)) is not None:
        served += 1
        extraction = _within_limits(task)
        last = served >= FILES_BEFORE_RETIREMENT or memory.has_grown()
        replies.write(wire.framed(wire.Reply(extraction, last)))
        replies.flush()
        if last:
            return


def _die_with_parent(lifeline: int) -> None:
    """The kernel ends this process when the parent's end of the pipe closes, even in the midst of a file."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
    try:
        closed = os.read(lifeline, 1) == b""
    except BlockingIOError:
        closed = False
    if closed:
        sys.exit(0)


def _warm_up() -> None:
    """Imports and fonts are loaded while files can still be opened."""
    for name, content in _WARM_UP.items():
        read_file(name, content, ExtractionLimits(), strict=False)
    read_file("a.docx", _small_document(), ExtractionLimits(), strict=False)
    for module in pkgutil.iter_modules(encodings.__path__):
        # Two of them exist on Windows alone.
        with contextlib.suppress(ImportError):
            importlib.import_module(f"encodings.{module.name}")


def _small_document() -> bytes:
    document = docx.Document()
    document.add_heading("Heading", 1)
    document.add_paragraph("text", style="List Bullet")
    document.add_table(1, 2)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _give_up_privileges() -> None:
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, lowest_free))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _next(requests: BinaryIO) -> wire.Task | None:
    header = requests.read(wire.HEADER.size)
    if len(header) < wire.HEADER.size:
        return None
    return wire.task(requests.read(wire.HEADER.unpack(header)[0]))


def _within_limits(task: wire.Task) -> Extraction:
    _limit(task.limits)
    try:
        return read_file(task.name, task.content, task.limits, strict=task.strict)
    except MemoryError:
        return refused(task.name, "TOO_COMPLEX", "The file needs more memory to be read than is allowed")
    except Exception as error:  # whatever a parser trips over is this file's fault and ends with it
        what = f"its reader failed ({type(error).__name__})"
        return refused(task.name, "DAMAGED_FILE", f"The file is damaged: {what}")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _limit(limits: ExtractionLimits) -> None:
    """Address space in bytes; processor seconds on top of those already used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime + limits.seconds) + 2
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


class _Memory:
    """What this process holds now; `ru_maxrss` would count what its parent held when it started this one."""

    def __init__(self) -> None:
        self._statm = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else None

    def has_grown(self) -> bool:
        if self._statm is None:
            return False
        pages = int(os.pread(self._statm, 100, 0).split()[1])
        return pages * resource.getpagesize() > _RETIRE_ABOVE_BYTES


if __name__ == "__main__":
    main(int(sys.argv[1]))
