"""Slack's Web API."""

from collections.abc import Mapping
from typing import Any

from adapters.channels.upstream import Upstream
from domain.channels import Place, Sent, in_pieces
from domain.errors import InvalidInput

MAX_TEXT = 4000
"""Slack recommends no more; beyond 40 000 it cuts."""
_OURS = frozenset(
    "not_authed invalid_auth account_inactive token_revoked token_expired missing_scope "
    "internal_error fatal_error service_unavailable ratelimited".split()
)
"""Errors that are nobody's fault who asks us."""


class Slack:
    name = "slack"

    def __init__(self, token: str, base: str = "https://slack.com/api") -> None:
        self._upstream = Upstream("Slack", f"{base.rstrip('/')}/", {"Authorization": f"Bearer {token}"})

    async def send(self, to: Place, text: str) -> Sent:
        return await self._send(to.chat, in_pieces(text, MAX_TEXT), {"thread_ts": to.thread} if to.thread else {})

    async def edit(self, sent: Sent, text: str) -> Sent:
        pieces = in_pieces(text, MAX_TEXT)
        for ts, piece in zip(sent.ids, pieces, strict=False):
            await self._call("chat.update", {"channel": sent.chat, "ts": ts, "text": _escaped(piece)})
        for ts in sent.ids[len(pieces) :]:
            await self._delete(sent.chat, ts)
        more = await self._send(sent.chat, pieces[len(sent.ids) :], {})
        return Sent(sent.chat, (*sent.ids[: len(pieces)], *more.ids))

    async def delete(self, sent: Sent) -> None:
        for ts in sent.ids:
            await self._delete(sent.chat, ts)

    async def close(self) -> None:
        await self._upstream.close()

    async def _send(self, chat: str, pieces: list[str], thread: Mapping[str, str]) -> Sent:
        """The channel that Slack answers with is the one to edit in: a person's id stands for their direct
        messages only when sending."""
        ids = []
        for piece in pieces:
            answer = await self._call("chat.postMessage", {"channel": chat, "text": _escaped(piece), **thread})
            ids.append(str(answer.get("ts", "")))
            chat = str(answer.get("channel", chat))
        return Sent(chat, tuple(ids))

    async def _delete(self, chat: str, ts: str) -> None:
        await self._call("chat.delete", {"channel": chat, "ts": ts}, forgiven="message_not_found")

    async def _call(self, method: str, body: Mapping[str, Any], forgiven: str = "") -> Mapping[str, Any]:
        answer = await self._upstream.post(method, body)
        words = str(answer.get("error", "an answer that is none"))[:200]
        if answer.get("ok") is True or words == forgiven:
            return answer
        if "error" not in answer or words in _OURS:
            raise self._upstream.away(words)
        raise InvalidInput(f"Slack: {words}", details={"upstream_code": words})


def _escaped(text: str) -> str:
    """The three signs that Slack reads as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
