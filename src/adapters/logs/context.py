"""What the lines of a piece of work have in common."""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars, get_contextvars


class BoundContext:
    def about(self, **ids: str | None) -> AbstractContextManager[None]:
        return bound_contextvars(**ids)


def current_trace() -> str | None:
    """The trace of the piece of work at hand; `None` outside of one."""
    found = get_contextvars().get("trace_id")
    return found if isinstance(found, str) and found else None
