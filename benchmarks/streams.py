"""Many open streams on one process, against a language model of a fixed pace.

    python -m benchmarks.streams [--streams 200] [--small]

The model is a scripted server in a process of its own (a word each PAUSE seconds); the service is one uvicorn
process; the clients are in this one. `--small` also runs one stream against the real small model.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.llm import Reply, ScriptedLLM, small_llm
from tests.support.serving import serving
from tests.support.system import KEY, SystemUnderTest

WORDS, PAUSE = 60, 0.1
SENTENCE = "You can return everything within 30 days of purchase. "
ANSWER = (SENTENCE * (WORDS // len(SENTENCE.split()) + 1)).strip()
HEADERS = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Seen:
    """One stream: when it was asked for, when its pieces came, what they were."""

    asked: float
    pieces: list[tuple[float, str]] = field(default_factory=list)

    @property
    def first(self) -> float:
        return self.pieces[0][0] - self.asked

    @property
    def total(self) -> float:
        return self.pieces[-1][0] - self.asked

    @property
    def words_per_second(self) -> float:
        """From the first piece on: the wait for it is told apart."""
        later = sum(len(text.split()) for _, text in self.pieces[1:])
        return later / (self.total - self.first) if later else 0.0


def _model(pipe: Connection) -> None:
    async def serve() -> None:
        async with ScriptedLLM() as llm:
            llm.reply = Reply(ANSWER, pause=PAUSE)
            pipe.send(llm.base_url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(serve())


def _service(pipe: Connection, llm_url: str) -> None:
    async def serve() -> None:
        settings = {"llm": "openai:paced", "llm_base_url": llm_url, "llm_api_key": "none", "log_level": "ERROR"}
        async with serving(**settings) as (system, url):
            await learn(system)
            pipe.send(url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(serve())


async def learn(system: SystemUnderTest) -> None:
    await system.learn(("What is your return policy?", "You can return everything within 30 days of purchase."))


@asynccontextmanager
async def process(target: Any, *args: Any) -> AsyncIterator[tuple[str, int]]:
    """What the process says when it is ready, and its id."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    running = multiprocessing.get_context("spawn").Process(target=target, args=(theirs, *args), daemon=True)
    running.start()
    try:
        yield await asyncio.to_thread(ours.recv), running.pid or 0
    finally:
        ours.send(None)
        running.join(20)


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def read_stream(http: aiohttp.ClientSession, url: str, number: int) -> Seen:
    """Each asks in words of its own, so that none is answered from what another was told."""
    seen = Seen(time.perf_counter())
    body = {"question": f"What is your return policy, please, for order {number}?"}
    async with http.post(f"{url}/api/v1/chat/stream", json=body) as answer:
        async for line in answer.content:
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                if event["token"] and event["token"] != "[DONE]":
                    seen.pieces.append((time.perf_counter(), event["token"]))
                assert "error" not in event, event
    return seen


async def read_model(http: aiohttp.ClientSession, url: str, model: str = "paced", tokens: int = 200) -> Seen:
    """The same answer from the model itself."""
    seen = Seen(time.perf_counter())
    messages = [{"role": "user", "content": "What is your return policy?"}]
    body = {"model": model, "stream": True, "messages": messages, "max_tokens": tokens}
    async with http.post(f"{url}/chat/completions", json=body) as answer:
        async for line in answer.content:
            if line.startswith(b"data: {"):
                choices = json.loads(line[6:])["choices"]
                if choices and choices[0]["delta"].get("content"):
                    seen.pieces.append((time.perf_counter(), choices[0]["delta"]["content"]))
    return seen


def report(name: str, seen: list[Seen]) -> None:
    first, total = sorted(s.first for s in seen), sorted(s.total for s in seen)
    rate = [s.words_per_second for s in seen]
    print(
        f"{name:28} first piece p50 {statistics.median(first):.2f} s, max {first[-1]:.2f} s; "
        f"whole p50 {statistics.median(total):.2f} s, max {total[-1]:.2f} s; "
        f"words/s min {min(rate):.2f}, mean {statistics.mean(rate):.2f}",
        flush=True,
    )


async def many(streams: int) -> None:
    print(f"the model's pace: {len(ANSWER.split())} words, one each {PAUSE} s; {1 / PAUSE:.0f} words/s")
    async with process(_model) as (llm_url, _), process(_service, llm_url) as (url, pid):
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(
            headers=HEADERS, timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
        ) as http:
            await asyncio.gather(*(read_stream(http, url, 10_000 + n) for n in range(3)))
            report("the model itself, 1", [await read_model(http, llm_url)])
            report("the service, 1", [await read_stream(http, url, 0)])
            report(
                f"the model itself, {streams}",
                await asyncio.gather(*(read_model(http, llm_url) for _ in range(streams))),
            )
            before = resident_mb(pid)
            reading = asyncio.gather(*(read_stream(http, url, n) for n in range(1, streams + 1)))
            peak = before
            while not reading.done():
                await asyncio.wait([reading], timeout=0.25)
                peak = max(peak, resident_mb(pid))
            report(f"the service, {streams}", await reading)
            print(
                f"memory: {before:.0f} MB before, {peak:.0f} MB at most: "
                f"{(peak - before) * 1024 / streams:.0f} KB a stream"
            )


async def small() -> None:
    """The real small model: its own stream, then the service's over it."""
    async with small_llm() as llm:
        settings = {"llm": "openai:small", "llm_base_url": llm.base_url, "llm_api_key": "none", "log_level": "ERROR"}
        async with serving(**settings) as (system, url), aiohttp.ClientSession(headers=HEADERS) as http:
            await learn(system)
            report("the small model itself", [await read_model(http, llm.base_url, "small", 60)])
            seen = await read_stream(http, url, 1)
            report("the service over it", [seen])
            print("it said:", "".join(text for _, text in seen.pieces)[:200])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--small", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(many(chosen.streams))
    if chosen.small:
        asyncio.run(small())


if __name__ == "__main__":
    main()
