"""The service as its operators run it: API processes and workers on real backends, to be killed at will."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.qdrant_server import QdrantProcess
from tests.support.redis import RedisProcess
from tests.support.worlds import MASTER_KEY

KEY = "sk_test_bootstrap_key_of_the_tests"
START_SECONDS = 240.0
COMMAND = [sys.executable, "-c", "from entrypoints.cli import main; main()"]


class Process:
    """One process of the service; its output goes to a file that a failed test may be understood by."""

    def __init__(self, arguments: list[str], env: dict[str, str], log: Path) -> None:
        self._arguments, self._env, self._log = arguments, env, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [*COMMAND, *self._arguments], env=self._env, stdout=output, stderr=subprocess.STDOUT, cwd="/"
            )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> float:
        """By SIGTERM; how many seconds it took."""
        begun = time.monotonic()
        self._end(signal.SIGTERM)
        return time.monotonic() - begun

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 40) -> int:
        assert self._process is not None
        return self._process.wait(seconds)

    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(40)
            self._process = None


class Api(Process):
    def __init__(self, env: dict[str, str], log: Path, *options: str) -> None:
        self.port = free_port()
        super().__init__(["serve", "--port", str(self.port), *options], env, log)
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        super().start()
        eventually(lambda: self._is_ready(), START_SECONDS, self.output)

    def _is_ready(self) -> bool:
        assert self.is_alive, self.output()
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/health", timeout=5).status_code in (200, 503)
        return False

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)


class Worker(Process):
    def __init__(self, env: dict[str, str], log: Path) -> None:
        super().__init__(["worker"], env, log)

    def start(self) -> None:
        super().start()
        eventually(lambda: not self._died() and "worker_started" in self.output(), START_SECONDS, self.output)

    def _died(self) -> bool:
        assert self.is_alive, self.output()
        return False


@dataclass
class Deployment:
    """PostgreSQL, Redis and Qdrant's engine, and the processes that were started on them."""

    folder: Path
    database_url: str
    redis: RedisProcess
    qdrant: QdrantProcess
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    def env(self, **more: str) -> dict[str, str]:
        own = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "VECTOR_URL": f"qdrant+{self.qdrant.url}",
            "MASTER_KEY": MASTER_KEY,
            "BOOTSTRAP_API_KEY": KEY,
            "EMBEDDING_THREADS": "1",
            "LOG_FORMAT": "json",
            **self.settings,
            **more,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUPPORTRAG_")}
        source = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
        return inherited | source | {f"SUPPORTRAG_{name}": value for name, value in own.items()}

    def api(self, *options: str, **settings: str) -> Api:
        process = Api(self.env(**settings), self._log("api"), *options)
        self.processes.append(process)
        process.start()
        return process

    def worker(self) -> Worker:
        process = Worker(self.env(), self._log("worker"))
        self.processes.append(process)
        process.start()
        return process

    def stop(self) -> None:
        for process in self.processes:
            process.kill()

    def _log(self, kind: str) -> Path:
        return self.folder / f"{kind}-{len(self.processes)}.log"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s. {why()}"
        time.sleep(0.05)


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it held at some moment of the next seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await holds():
            return True
        await asyncio.sleep(0.1)
    return False


def report(text: str) -> None:
    """A figure for whoever runs the suite with `-s`."""
    sys.stdout.write(f"\n{text}\n")


@pytest.fixture
def deployment(tmp_path: Path, database_url: str) -> Iterator[Deployment]:
    redis, qdrant = RedisProcess(tmp_path), QdrantProcess(tmp_path / "qdrant")
    redis.start()
    qdrant.start()
    deployed = Deployment(tmp_path, database_url, redis, qdrant)
    try:
        yield deployed
    finally:
        deployed.stop()
        redis.stop()
        qdrant.kill()  # it may be sitting out a fault


async def data(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> Any:
    response = await client.request(method, path, **options)
    assert response.status_code < 300, f"{method} {path}: {response.status_code} {response.text[:1000]}"
    return response.json()["data"]


async def upload(client: httpx.AsyncClient, files: dict[str, list[tuple[str, str]]]) -> str:
    """The id of the job that takes these files of questions and answers in."""
    parts = []
    for name, pairs in files.items():
        rows = [{"question": question, "answer": answer} for question, answer in pairs]
        parts.append(("files", (f"{name}.json", json.dumps(rows).encode(), "application/json")))
    accepted = await data(client, "POST", "/api/v1/documents/upload", files=parts, data={"auto_classify": "false"})
    return str(accepted["job_id"])
