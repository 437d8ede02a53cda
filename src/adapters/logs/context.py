"""What the lines of a piece of work have in common."""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars


class BoundContext:
    def about(self, **ids: str | None) -> AbstractContextManager[None]:
        return bound_contextvars(**ids)
