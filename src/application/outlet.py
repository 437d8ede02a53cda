"""The way out of an answer that is told piece by piece."""

from dataclasses import dataclass

from application.generation import Emit
from domain.guardrails import StreamRedactor


@dataclass(slots=True)
class Outlet:
    """Where generated pieces leave: through the redactor, to the person."""

    redactor: StreamRedactor
    emit: Emit

    async def __call__(self, piece: str) -> None:
        ready = self.redactor.feed(piece)
        if ready:
            await self.emit(ready)

    async def finish(self) -> None:
        rest = self.redactor.finish()
        if rest:
            await self.emit(rest)


async def emit_words(emit: Emit, text: str) -> None:
    """Word by word, so that a reader sees an approved answer come the way a written one does."""
    start = 0
    while start < len(text):
        end = text.find(" ", start + 1)
        end = len(text) if end < 0 else end
        await emit(text[start:end])
        start = end
