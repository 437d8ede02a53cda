"""The query parameters of a list, as a route's dependency.

`dependencies=paged("created_at", "title")` and a parameter `paging: Paging` are all that a route needs.
"""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter, SkipValidation

from domain.errors import InvalidInput
from domain.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest

MAX_CURSOR = 1024

Paging = NamedDependency[SkipValidation[PageRequest]]

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT, description="How many items at most.")]
Offset = Annotated[int, msgspec.Meta(ge=0, description="How many items to skip; not together with a cursor.")]
Cursor = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_CURSOR, description="`next_cursor` of the page before.")
]


def paged(*fields: str, default: str = "-created_at", limit: int = DEFAULT_LIMIT) -> dict[str, Provide]:
    """The dependency `paging`, sortable by `fields`, each also descending with a `-` in front."""
    directions = tuple(f"{sign}{name}" for name in fields or ("created_at",) for sign in ("", "-"))
    if default not in directions:
        raise ValueError(f"the default sort {default!r} is not among {directions}")

    def paging(
        request: Request[Any, Any, Any],
        limit: FromQuery[Limit] = limit,
        offset: FromQuery[Offset] = 0,
        cursor: FromQuery[Cursor | None] = None,
        sort: FromQuery[str] = default,
    ) -> PageRequest:
        if cursor is not None and "offset" in request.query_params:
            raise InvalidInput("A cursor and an offset cannot be combined.", field="offset")
        return PageRequest(limit, offset, cursor, sort)

    paging.__annotations__["sort"] = Annotated[Literal[directions], QueryParameter()]
    return {"paging": Provide(paging, sync_to_thread=False)}
