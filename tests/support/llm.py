"""Language models for tests: one that does as it is told, and a real one that is too small to be right."""

import asyncio
import hashlib
import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass(frozen=True)
class Reply:
    """How `ScriptedLLM` answers one request. With `stream: true` the text goes out word by word."""

    text: str = "Yes."
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds before each piece of a stream, or before the whole answer."""
    hang: bool = False
    """Never answers."""
    break_after: int | None = None
    """Cuts the connection after so many pieces of the stream."""
    halt_after: int | None = None
    """Waits for `ScriptedLLM.go_on` after so many pieces of the stream."""
    finish_reason: str | None = "stop"
    """None ends the stream cleanly but without a finish reason."""
    raw: str | None = None
    """Sent instead of anything sensible."""
    refuse_parameter: str | None = None
    """Answers 400 while the request has this parameter, as OpenAI's reasoning models do."""


class ScriptedLLM:
    """An OpenAI-compatible server on 127.0.0.1: `async with ScriptedLLM() as llm: … llm.base_url`.

    It answers with the queued replies in turn, and with `reply` when the queue is empty.
    """

    def __init__(self, *replies: Reply) -> None:
        self.queue = deque(replies)
        self.reply = Reply()
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.gave_up = asyncio.Event()
        """Set when a client went away before its answer was complete."""
        self.go_on = asyncio.Event()
        """What a reply with `halt_after` waits for."""
        self.dimension = 8
        self._port = 0
        self.base_url = ""

    @property
    def calls(self) -> int:
        return len(self.requests)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, self._port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{self._port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Goes away in the middle of whatever it is doing; entered again, it is back at the same address."""
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body, reply = await self._next(request)
        refusal = await self._refusal(reply, body)
        if refusal is not None:
            return refusal
        if body.get("stream"):
            return await self._stream(request, body, reply)
        await self._wait(reply.pause)
        choice = {"index": 0, "finish_reason": reply.finish_reason, "message": _says(reply.text)}
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        return web.json_response(_envelope(body, "chat.completion", [choice]) | {"usage": usage})

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        body, reply = await self._next(request)
        refusal = await self._refusal(reply, body)
        if refusal is not None:
            return refusal
        rows = [
            {"object": "embedding", "index": index, "embedding": self._vector(text)}
            for index, text in enumerate(body["input"])
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response({"object": "list", "model": body["model"], "data": rows[::-1], "usage": usage})

    async def _models(self, request: web.Request) -> web.StreamResponse:
        reply = self.reply
        if reply.hang:
            await self._wait(3600)
        return web.json_response({"object": "list", "data": []}, status=reply.status)

    async def _next(self, request: web.Request) -> tuple[dict[str, Any], Reply]:
        body = await request.json()
        self.requests.append(body)
        self.authorizations.append(request.headers.get("authorization", ""))
        return body, self.queue.popleft() if self.queue else self.reply

    async def _refusal(self, reply: Reply, body: dict[str, Any]) -> web.Response | None:
        if reply.hang:
            await self._wait(3600)
        if reply.raw is not None:
            return web.Response(text=reply.raw, content_type="application/json", headers=reply.headers)
        if reply.status != 200:
            key = self.authorizations[-1].removeprefix("Bearer ")
            error = {"message": f"refused for key {key}", "type": "error"}
            return web.json_response({"error": error}, status=reply.status, headers=reply.headers)
        if reply.refuse_parameter in body:
            error = {"message": "unsupported", "param": reply.refuse_parameter}
            return web.json_response({"error": error}, status=400)
        return None

    async def _stream(self, request: web.Request, body: dict[str, Any], reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            for sent, piece in enumerate(reply.text.split(" ")):
                if sent == reply.break_after:
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                if sent == reply.halt_after:
                    await self.go_on.wait()
                await self._wait(reply.pause)
                delta = {"role": "assistant", "content": piece if sent == 0 else f" {piece}"}
                await _send(response, body, {"index": 0, "delta": delta, "finish_reason": None})
            if reply.finish_reason is not None:
                await _send(response, body, {"index": 0, "delta": {}, "finish_reason": reply.finish_reason})
                await response.write(b"data: [DONE]\n\n")
        except ConnectionResetError:
            self.gave_up.set()
        return response

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.gave_up.set()
            raise

    def _vector(self, text: str) -> list[float]:
        digest = hashlib.sha256(text.encode()).digest()
        return [byte / 255 for byte in digest[: self.dimension]]


def _says(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _envelope(body: dict[str, Any], kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "x", "object": kind, "created": 1, "model": body["model"], "choices": choices}


async def _send(response: web.StreamResponse, body: dict[str, Any], choice: dict[str, Any]) -> None:
    chunk = json.dumps(_envelope(body, "chat.completion.chunk", [choice]))
    await response.write(f"data: {chunk}\n\n".encode())


@dataclass(frozen=True)
class SmallLLM:
    """SmolLM2-135M behind llama.cpp's own server: use it for the wire, never for what it says."""

    base_url: str
    process: asyncio.subprocess.Process

    async def die(self) -> None:
        """At once and without a word, as in a power cut."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def small_llm() -> AsyncIterator[SmallLLM]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.small_llm_server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    small: SmallLLM | None = None
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            async for line in process.stdout:
                if line.startswith(b"listening on "):
                    small = SmallLLM(f"{line.decode().split()[-1]}/v1", process)
                    break
        assert small is not None, "the small language model did not start"
        yield small
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
