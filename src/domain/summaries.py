"""What happened before a person was asked, in a few lines and in the customer's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ASKED, ANSWERED, UNANSWERED, THEN, BETWEEN = "asked", "answered", "unanswered", "then", "between"

LABELS: Mapping[str, Mapping[str, str]] = {
    "en": {
        ASKED: "Customer: “{}”",
        ANSWERED: "Answer: “{}”",
        UNANSWERED: "No answer yet.",
        THEN: "Then: “{}”",
        BETWEEN: "({} more messages)",
    },
    "de": {
        ASKED: "Kunde: „{}“",
        ANSWERED: "Antwort: „{}“",
        UNANSWERED: "Noch keine Antwort.",
        THEN: "Dann: „{}“",
        BETWEEN: "({} weitere Nachrichten)",
    },
    "fr": {
        ASKED: "Client : « {} »",
        ANSWERED: "Réponse : « {} »",
        UNANSWERED: "Pas encore de réponse.",
        THEN: "Puis : « {} »",
        BETWEEN: "({} autres messages)",
    },
    "es": {
        ASKED: "Cliente: «{}»",
        ANSWERED: "Respuesta: «{}»",
        UNANSWERED: "Aún sin respuesta.",
        THEN: "Después: «{}»",
        BETWEEN: "({} mensajes más)",
    },
    "ru": {
        ASKED: "Клиент: «{}»",
        ANSWERED: "Ответ: «{}»",
        UNANSWERED: "Ответа пока нет.",
        THEN: "Затем: «{}»",
        BETWEEN: "(ещё сообщений: {})",
    },
}
LONGEST_QUESTION, LONGEST_ANSWER, LAST_EXCHANGES = 240, 160, 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the customer said, once however often it was repeated, and what they were told."""

    said: str
    told: str | None = None


def summarise(turns: Sequence[tuple[str, str]], language: str) -> str:
    """The first thing the customer said and the last ones, each with what they were told; `turns` are role and
    text, oldest first."""
    exchanges = _exchanges(turns)
    if not exchanges:
        return ""
    labels = LABELS.get(language, LABELS["en"])
    first, last = exchanges[0], exchanges[1:][-LAST_EXCHANGES:]
    left_out = len(exchanges) - 1 - len(last)
    lines = [_line(first, ASKED, labels)]
    lines += [labels[BETWEEN].format(left_out)] if left_out else []
    return "\n".join([*lines, *(_line(each, THEN, labels) for each in last)])


def _exchanges(turns: Sequence[tuple[str, str]]) -> list[Exchange]:
    found: list[Exchange] = []
    for role, content in turns:
        text = " ".join(content.split())
        if role == "user" and not (found and found[-1].told is None and found[-1].said == text):
            found.append(Exchange(text))
        elif role == "assistant" and found and found[-1].told is None:
            found[-1] = Exchange(found[-1].said, text)
    return found


def _line(exchange: Exchange, label: str, labels: Mapping[str, str]) -> str:
    said = labels[label].format(clipped(exchange.said, LONGEST_QUESTION))
    told = labels[ANSWERED].format(clipped(exchange.told, LONGEST_ANSWER)) if exchange.told else labels[UNANSWERED]
    return f"{said} {told}"


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, ending at a word where there is one, with a mark where something is missing."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[limit // 2 :] else cut).rstrip(" ,;:.") + "…"
