"""Telegram's Bot API."""

from collections.abc import Mapping
from typing import Any

from adapters.channels.upstream import Upstream
from domain.channels import Place, Sent, in_pieces
from domain.errors import InvalidInput

MAX_TEXT = 4096
_UNCHANGED = "message is not modified"
_GONE = "message to delete not found"


class Telegram:
    """The bot's token is part of every address, which therefore never shows in what is raised or logged."""

    name = "telegram"

    def __init__(self, token: str, base: str = "https://api.telegram.org") -> None:
        self._upstream = Upstream("Telegram", f"{base.rstrip('/')}/bot{token}/")

    async def send(self, to: Place, text: str) -> Sent:
        thread = {} if to.thread is None else {"message_thread_id": int(to.thread)}
        ids = [await self._send(to.chat, piece, thread) for piece in in_pieces(text, MAX_TEXT)]
        return Sent(to.chat, tuple(ids))

    async def edit(self, sent: Sent, text: str) -> Sent:
        pieces = in_pieces(text, MAX_TEXT)
        for message_id, piece in zip(sent.ids, pieces, strict=False):
            where = {"chat_id": sent.chat, "message_id": int(message_id), "text": piece}
            await self._call("editMessageText", where, forgiven=(_UNCHANGED,))
        for message_id in sent.ids[len(pieces) :]:
            await self._delete(sent.chat, message_id)
        more = [await self._send(sent.chat, piece, {}) for piece in pieces[len(sent.ids) :]]
        return Sent(sent.chat, (*sent.ids[: len(pieces)], *more))

    async def delete(self, sent: Sent) -> None:
        for message_id in sent.ids:
            await self._delete(sent.chat, message_id)

    async def close(self) -> None:
        await self._upstream.close()

    async def _send(self, chat: str, text: str, thread: Mapping[str, int]) -> str:
        result = await self._call("sendMessage", {"chat_id": chat, "text": text, **thread})
        return str(result.get("message_id", ""))

    async def _delete(self, chat: str, message_id: str) -> None:
        await self._call("deleteMessage", {"chat_id": chat, "message_id": int(message_id)}, forgiven=(_GONE,))

    async def _call(self, method: str, body: Mapping[str, Any], forgiven: tuple[str, ...] = ()) -> dict[str, Any]:
        answer = await self._upstream.post(method, body)
        words = str(answer.get("description", "an answer that is none"))[:200]
        if answer.get("ok") is True:
            result = answer.get("result")
            return result if isinstance(result, dict) else {}
        if any(known in words for known in forgiven):
            return {}
        if "error_code" not in answer or answer["error_code"] in (401, 404):
            raise self._upstream.away(words)  # the token is wrong: nothing that the caller could mend
        raise InvalidInput(f"Telegram: {words}", details={"upstream_code": answer["error_code"]})
