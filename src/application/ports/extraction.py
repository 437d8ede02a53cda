"""Reading question–answer pairs out of files."""

from typing import Protocol

from domain.extraction import Extraction, ExtractionLimits


class Extractor(Protocol):
    """Reads a file in a process of its own.

    Never raises for what a file contains and never hangs: a broken, encrypted, empty, oversized or
    hostile file comes back as an `Extraction` with an `error`. The format is found by content;
    where content and name disagree, a strict reading refuses (`INVALID_FORMAT`) and a lax one warns.
    """

    async def extract(
        self, name: str, content: bytes, limits: ExtractionLimits, *, strict: bool = True
    ) -> Extraction: ...

    async def close(self) -> None: ...
