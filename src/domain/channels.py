"""Messengers as the service sees them: places, what was sent there, and what comes in from there."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.ids import ALPHABET

TOLERANCE = timedelta(minutes=5)
"""How old a signature of Slack's may be."""

REPLY_BY = "reply_by"
"""In an origin: the channel of ours that its answers go out by. A conversation that another system relays
has none; its answers leave as events."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation takes place: a chat or channel, and the thread in it if there is one."""

    chat: str
    thread: str | None = None

    @property
    def key(self) -> str:
        return self.chat if self.thread is None else f"{self.chat}:{self.thread}"

    def origin(self, channel: str) -> dict[str, str]:
        """As a conversation that takes place here remembers it."""
        thread = {} if self.thread is None else {"thread": self.thread}
        return {"source": channel, "channel": self.chat, "thread_id": self.key, REPLY_BY: channel, **thread}

    @staticmethod
    def of(origin: Mapping[str, Any]) -> "Place":
        thread = origin.get("thread")
        return Place(str(origin["channel"]), None if thread is None else str(thread))


@dataclass(frozen=True, slots=True)
class Sent:
    """What the messenger calls a message; a long text becomes several there."""

    chat: str
    ids: tuple[str, ...]

    def kept(self, channel: str) -> dict[str, Any]:
        """As a message's metadata holds it."""
        return {"name": channel, "chat": self.chat, "ids": list(self.ids)}

    @staticmethod
    def of(kept: Mapping[str, Any]) -> "Sent":
        return Sent(str(kept["chat"]), tuple(str(each) for each in kept["ids"]))


@dataclass(frozen=True, slots=True)
class Heard:
    """A person's message as it came in."""

    channel: str
    user_id: str
    place: Place
    text: str
    delivery_id: str
    """The messenger's name for this delivery, the same when it is repeated."""
    message_id: str
    language: str | None = None
    """Of the person's messenger, where it says so."""
    to_us: bool = True
    """Said to us in so many words. What is only said where we have a conversation is for us while that lives."""

    @property
    def is_unreadable(self) -> bool:
        """A picture, a recording or the like, without a word."""
        return self.text in {f"[{kind}]" for kind in UNREADABLE}


def in_pieces(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` UTF-16 units, which is how messengers count; cut at the end of a
    paragraph, a line or a word where there is one in the second half."""
    pieces = []
    while _units(text) > limit:
        end = _fitting(text, limit)
        cuts = (text.rfind(mark, end // 2, end) for mark in ("\n\n", "\n", " "))
        cut = next((found for found in cuts if found > 0), end)
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text or not pieces else pieces


def _units(text: str) -> int:
    return len(text) + sum(ord(sign) > 0xFFFF for sign in text)


def _fitting(text: str, limit: int) -> int:
    """How many characters fit."""
    used = 0
    for position, sign in enumerate(text):
        used += 2 if ord(sign) > 0xFFFF else 1
        if used > limit:
            return position
    return len(text)


def same_secret(given: str, expected: str) -> bool:
    """Compared in constant time; an empty secret is nobody's."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def slack_signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v0=` and the hexadecimal HMAC-SHA256 of `v0:{timestamp}:{body}` (Slack, "Verifying requests")."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def slack_proves(secret: str, timestamp: str, signature: str, body: bytes, now: datetime) -> bool:
    fresh = timestamp.isdigit() and len(timestamp) < 12
    fresh = fresh and abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()
    return same_secret(signature, slack_signature(secret, timestamp, body)) and bool(secret) and fresh


def session_name(channel: str, user_id: str, place: Place, last: str) -> str:
    """The id of a person's next conversation in a place after their `last` one there: two messages that come
    at once begin the same."""
    parts = (channel, user_id, place.key, last)
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return "sess_" + "".join(ALPHABET[byte & 31] for byte in digest[:26])


UNREADABLE = ("photo", "voice", "audio", "video", "video_note", "document", "sticker", "location", "contact")
"""What people send besides words; with a caption it is that which counts."""


def heard_on_telegram(update: Mapping[str, Any]) -> Heard | None:
    """The message in an update of the Bot API; `None` for everything else that happens there, edits of earlier
    messages included. In a group only what is said to the bot is for us."""
    message = _mapping(update.get("message"))
    person, chat, text = _mapping(message.get("from")), _mapping(message.get("chat")), _words_of(message)
    if text is None or "id" not in person or "id" not in chat or person.get("is_bot") is True:
        return None
    private = chat.get("type", "private") == "private"
    if text.strip().lower() in ("/start", "/help") or not (private or _speaks_to_bot(message, text)):
        return None
    thread = message.get("message_thread_id") if message.get("is_topic_message") else None
    place = Place(str(chat["id"]), None if thread is None else str(thread))
    update_id, message_id = str(update.get("update_id", "")), str(message.get("message_id", ""))
    said = text if private else _BOT_NAME.sub("", text).strip()
    language = str(person.get("language_code", ""))[:2] or None
    return Heard("telegram", str(person["id"]), place, said, f"update:{update_id}", message_id, language)


_BOT_NAME = re.compile(r"@\w*bot\b", re.IGNORECASE)
"""Every bot's name ends like this (Bot API, "How do I create a bot")."""


def _words_of(message: Mapping[str, Any]) -> str | None:
    """The text or the caption; of what has neither, its kind in brackets: nobody can read it, but it came."""
    for name in ("text", "caption"):
        if isinstance(message.get(name), str):
            return str(message[name])
    return next((f"[{kind}]" for kind in UNREADABLE if message.get(kind)), None)


def _speaks_to_bot(message: Mapping[str, Any], text: str) -> bool:
    replied_to = _mapping(_mapping(message.get("reply_to_message")).get("from"))
    return replied_to.get("is_bot") is True or _BOT_NAME.search(text) is not None


_OWN_WORDS = frozenset({None, "thread_broadcast", "file_share"})
"""Subtypes of Slack messages that are somebody's own words, not news about other messages."""


def heard_on_slack(body: Mapping[str, Any]) -> Heard | None:
    """The message in an event of the Events API; `None` for bots, edits, and everything else.

    In a channel what is said to us (a mention) is for us, and what follows in its thread, where the answer goes; in
    a direct message everything is."""
    event = _mapping(body.get("event"))
    mention, message = event.get("type") == "app_mention", event.get("type") == "message"
    direct, in_thread = message and event.get("channel_type") == "im", message and event.get("thread_ts") is not None
    if not (direct or mention or in_thread) or event.get("subtype") not in _OWN_WORDS:
        return None
    user, channel, text, ts = (event.get(name) for name in ("user", "channel", "text", "ts"))
    if "bot_id" in event or not all(isinstance(each, str) and each for each in (user, channel, text, ts)):
        return None
    thread = event.get("thread_ts") or (None if direct else ts)
    place = Place(str(channel), None if thread is None else str(thread))
    # A mention comes twice, as two events, when the app listens to both kinds: the message is the same.
    delivery = f"message:{channel}:{ts}"
    return Heard("slack", str(user), place, _plain(str(text)), delivery, str(ts), to_us=direct or mention)


def _plain(text: str) -> str:
    """Slack's text without mentions and markup of links (`<@U1>`, `<https://a|b>`), its three entities undone."""
    parts: list[str] = []
    for piece in text.split("<"):
        inside, closed, after = piece.partition(">")
        parts += [_shown(inside), after] if closed and parts else [piece]
    plain = "".join(parts)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(entity, sign)
    return re.sub(" {2,}", " ", plain).strip()


def _shown(link: str) -> str:
    if link[:1] in ("@", "!"):
        return ""
    target, _, label = link.partition("|")
    return label or target


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
