"""The APIs of Telegram and Slack as far as we use them, on 127.0.0.1, as strict as the real ones."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import web

TOKENS = {"telegram": "123:tele-token", "slack": "xoxb-slack-token"}


@dataclass(frozen=True)
class Trouble:
    """What the next call gets instead of an answer. `hang` answers nothing at all."""

    status: int = 500
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


class FakeMessengers:
    """`async with FakeMessengers() as api:`; `api.messages[(chat, id)]` is what people see, `api.trouble` what
    the next calls get. A chat `nobody` is not found."""

    def __init__(self) -> None:
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.trouble: deque[Trouble] = deque()
        self.calls: list[str] = []
        self._numbers = count(1)
        self.base = ""

    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages.values()]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._telegram)
        app.router.add_post("/api/{method}", self._slack)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _troubled(self, request: web.Request) -> web.StreamResponse | None:
        self.calls.append(request.match_info["method"])
        if not self.trouble:
            return None
        trouble = self.trouble.popleft()
        if trouble.hang:
            await asyncio.sleep(3600)
        return web.json_response(dict(trouble.body), status=trouble.status, headers=dict(trouble.headers))

    # https://core.telegram.org/bots/api: {ok, result} or {ok: false, error_code, description, parameters?}

    async def _telegram(self, request: web.Request) -> web.StreamResponse:
        if (answer := await self._troubled(request)) is not None:
            return answer
        if request.match_info["token"] != TOKENS["telegram"]:
            return _refused(404, "Not Found")
        body = await request.json()
        handler = getattr(self, f"_telegram_{request.match_info['method']}", None)
        return handler(body) if handler else _refused(404, "Not Found: method not found")

    def _telegram_sendMessage(self, body: dict[str, Any]) -> web.Response:  # noqa: N802 - the API's own word
        if str(body["chat_id"]) == "nobody":
            return _refused(400, "Bad Request: chat not found")
        if not body["text"].strip():
            return _refused(400, "Bad Request: message text is empty")
        if len(body["text"].encode("utf-16-le")) // 2 > 4096:
            return _refused(400, "Bad Request: message is too long")
        number = next(self._numbers)
        self.messages[str(body["chat_id"]), str(number)] = body
        return web.json_response({"ok": True, "result": {"message_id": number, "chat": {"id": body["chat_id"]}}})

    def _telegram_editMessageText(self, body: dict[str, Any]) -> web.Response:  # noqa: N802
        key = (str(body["chat_id"]), str(body["message_id"]))
        if key not in self.messages or not isinstance(body["message_id"], int):
            return _refused(400, "Bad Request: message to edit not found")
        if self.messages[key]["text"] == body["text"]:
            words = "Bad Request: message is not modified: specified new message content is exactly the same"
            return _refused(400, words)
        self.messages[key]["text"] = body["text"]
        return web.json_response({"ok": True, "result": {"message_id": body["message_id"]}})

    def _telegram_deleteMessage(self, body: dict[str, Any]) -> web.Response:  # noqa: N802
        if self.messages.pop((str(body["chat_id"]), str(body["message_id"])), None) is None:
            return _refused(400, "Bad Request: message to delete not found")
        return web.json_response({"ok": True, "result": True})

    # https://api.slack.com/web: 200 with {ok, error?}; 429 with Retry-After

    async def _slack(self, request: web.Request) -> web.StreamResponse:
        if (answer := await self._troubled(request)) is not None:
            return answer
        if request.headers.get("Authorization") != f"Bearer {TOKENS['slack']}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        body = await request.json()
        names = {
            "chat.postMessage": self._slack_post,
            "chat.update": self._slack_update,
            "chat.delete": self._slack_delete,
        }
        return web.json_response(names[request.match_info["method"]](body))

    def _slack_post(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["channel"] == "nobody":
            return {"ok": False, "error": "channel_not_found"}
        if not body["text"]:
            return {"ok": False, "error": "no_text"}
        channel = f"D{body['channel'][1:]}" if body["channel"].startswith("U") else body["channel"]
        ts = f"1700000000.{next(self._numbers):06}"
        self.messages[channel, ts] = body
        return {"ok": True, "channel": channel, "ts": ts, "message": {"text": body["text"]}}

    def _slack_update(self, body: dict[str, Any]) -> dict[str, Any]:
        if (body["channel"], body["ts"]) not in self.messages:
            return {"ok": False, "error": "message_not_found"}
        self.messages[body["channel"], body["ts"]]["text"] = body["text"]
        return {"ok": True, "channel": body["channel"], "ts": body["ts"]}

    def _slack_delete(self, body: dict[str, Any]) -> dict[str, Any]:
        found = self.messages.pop((body["channel"], body["ts"]), None)
        return {"ok": True} if found else {"ok": False, "error": "message_not_found"}


def _refused(code: int, words: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": code, "description": words}, status=code)
