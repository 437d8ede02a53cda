"""The shape of every JSON answer. Handlers fill `data` and `links`; the border fills the rest."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from msgspec import UNSET, Struct, UnsetType

from domain.paging import Page
from entrypoints.http.calls import API_VERSION, Call, zulu

T = TypeVar("T")
Links = dict[str, str]
URL_SIGNS = "/:?#[]@!$&'()*+,;=%~"
"""What a link is made of besides letters and digits; anything else is escaped in a header (RFC 3986)."""
Timestamp = Annotated[str, msgspec.Meta(description="RFC 3339, UTC", extra_json_schema={"format": "date-time"})]


class Pagination(Struct, kw_only=True, frozen=True):
    limit: int
    offset: int
    total: int
    has_next: bool
    next_cursor: str | None = None

    @staticmethod
    def of(page: Page[Any]) -> "Pagination":
        return Pagination(
            limit=page.limit,
            offset=page.offset,
            total=page.total,
            has_next=page.has_next,
            next_cursor=page.next_cursor,
        )


class ResponseMeta(Struct, kw_only=True, frozen=True):
    request_id: str
    trace_id: str
    timestamp: Timestamp
    version: str = API_VERSION
    pagination: Pagination | UnsetType = UNSET


class Envelope(Struct, Generic[T], kw_only=True):
    """A successful answer. `meta` is the border's to fill; `links` of a 201 give its `Location` header."""

    status: Literal["success", "pending"]
    data: T
    meta: ResponseMeta | UnsetType = UNSET
    links: Links | UnsetType = UNSET
    pagination: Pagination | UnsetType = UNSET


class HealthEnvelope(Struct, Generic[T], kw_only=True):
    """The one answer whose status is a state of health."""

    status: Literal["healthy", "degraded", "unhealthy"]
    data: T
    meta: ResponseMeta | UnsetType = UNSET
    links: Links | UnsetType = UNSET


class ErrorItem(Struct, kw_only=True, frozen=True):
    code: str
    message: str
    field: str | None
    details: Mapping[str, Any]
    docs: str


class ErrorReason(Struct, kw_only=True, frozen=True):
    field: str | None
    reason: str


class ErrorSummary(Struct, kw_only=True, frozen=True):
    code: str
    message: str
    details: list[ErrorReason]
    trace_id: str


class ErrorEnvelope(Struct, kw_only=True, frozen=True):
    """A refusal: `errors` holds one entry per offence, `error` the same in one object."""

    status: Literal["error"] = "error"
    data: None = None
    errors: list[ErrorItem]
    error: ErrorSummary
    meta: ResponseMeta


def ok(data: T, *, links: Mapping[str, str] | None = None) -> Envelope[T]:
    return Envelope(status="success", data=data, links=_links(links))


def created(data: T, *, links: Mapping[str, str]) -> Envelope[T]:
    """For `status_code=201`; `links["self"]` becomes the `Location` header."""
    return Envelope(status="success", data=data, links=_links(links))


def pending(data: T, *, links: Mapping[str, str]) -> Envelope[T]:
    """For `status_code=202`: accepted, and not done yet."""
    return Envelope(status="pending", data=data, links=_links(links))


def page(data: T, of: Page[Any], *, links: Mapping[str, str] | None = None) -> Envelope[T]:
    """A list: `data` is the rendered part, `of` the page it was rendered from."""
    return Envelope(status="success", data=data, links=_links(links), pagination=Pagination.of(of))


def _links(links: Mapping[str, str] | None) -> Links | UnsetType:
    return dict(links) if links else UNSET


def meta_of(call: Call, pagination: Pagination | UnsetType = UNSET) -> ResponseMeta:
    return ResponseMeta(
        request_id=call.request_id,
        trace_id=call.trace_id,
        timestamp=zulu(call.now()),
        pagination=pagination,
    )


class EnvelopeResponse(Response[T]):
    """Litestar's response, with the envelope completed just before it is written."""

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **kwargs: Any) -> ASGIResponse:
        content = self.content
        if isinstance(content, Envelope):
            self._complete(content, request, kwargs.get("status_code"))
        elif isinstance(content, HealthEnvelope):
            content.meta = meta_of(Call.of(request))
        return super().to_asgi_response(app, request, **kwargs)

    def _complete(self, content: Envelope[Any], request: Request[Any, Any, Any], status: int | None) -> None:
        content.meta = meta_of(Call.of(request), content.pagination)
        if content.pagination is not UNSET:
            content.links = _page_links(request.scope, content.pagination) | (content.links or {})
        if (self.status_code or status) == 201 and content.links:
            self.headers.setdefault("Location", quote(content.links.get("self", ""), safe=URL_SIGNS))


async def as_envelope(response: Response[Any]) -> Response[Any]:
    """Litestar's `after_request`: an envelope that a handler put into a plain response is completed as well.

    Async, because a plain function would be run in a thread for every request.
    """
    plain = not isinstance(response, EnvelopeResponse)
    if not plain or not isinstance(getattr(response, "content", None), Envelope | HealthEnvelope):
        return response
    return EnvelopeResponse(
        response.content,
        background=response.background,
        cookies=response.cookies,
        headers=response.headers,
        media_type=response.media_type,
        status_code=response.status_code,
    )


def _page_links(scope: Any, pagination: Pagination) -> Links:
    """This page and the next one, as the caller would ask for them."""
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    links = {"self": _url(scope["path"], given)}
    if pagination.has_next:
        kept = [(name, value) for name, value in given if name not in {"cursor", "offset"}]
        links["next"] = _url(scope["path"], [*kept, _next(pagination)])
    return links


def _next(pagination: Pagination) -> tuple[str, str]:
    if pagination.next_cursor:
        return ("cursor", pagination.next_cursor)
    return ("offset", str(pagination.offset + pagination.limit))


def _url(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
