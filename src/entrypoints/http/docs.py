"""The documentation pages: the API by Swagger UI, and a page for each error code. All served from here, no CDN."""

import gzip
import re
from collections.abc import Callable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from domain.errors import NotFound
from entrypoints.http.calls import Call
from entrypoints.http.error_catalogue import ERROR_PAGES, ErrorPage
from entrypoints.http.errors import RETRY_AFTER, STATUS
from entrypoints.http.security import rules

REFERENCE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI styles its elements inline."""

_ASSETS = {
    "docs.css": ("docs.css", "text/css"),
    "docs.js": ("docs.js", "text/javascript"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css.gz", "text/css"),
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js.gz", "text/javascript"),
}
_DAY = "public, max-age=86400"

Schema = Callable[[], bytes]
"""The OpenAPI document as JSON."""


class DocsController(Controller):
    include_in_schema = False
    opt = rules(public=True)

    @get("/docs")
    async def reference(self) -> Response[str]:
        return _page(
            "supportrag API",
            '<div id="reference"></div><noscript><main>The reference needs JavaScript; the document itself is at '
            '<a href="/schema/openapi.json">/schema/openapi.json</a>.</main></noscript>'
            '<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/assets/docs.js"></script>',
            styles="swagger-ui.css",
            headers={"Content-Security-Policy": REFERENCE_CSP},
        )

    @get("/docs/assets/{name:str}")
    async def asset(self, name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        if name not in _ASSETS:
            raise NotFound("There is no such asset.")
        path, media_type = _ASSETS[name]
        body, headers = _asset(path), {"Cache-Control": _DAY, "Vary": "Accept-Encoding"}
        if path.endswith(".gz"):
            body, headers = _packed(body, headers, Call.of(request).given.get("accept-encoding", ""))
        return Response(body, media_type=media_type, headers=headers)

    @get("/docs/errors")
    async def errors(self) -> Response[str]:
        rows = "".join(
            f'<tr><td>{STATUS[code]}</td><td><a href="/docs/errors/{code}">{code}</a></td>'
            f"<td>{_prose(shown.meaning)}</td></tr>"
            for code, shown in ERROR_PAGES.items()
        )
        table = (
            f"<table><thead><tr><th>HTTP</th><th>Code</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"
        )
        return _page("Error codes", f"<main>{_NAV}<h1>Error codes</h1>{table}</main>")

    @get("/docs/errors/{code:str}")
    async def error(self, code: FromPath[str]) -> Response[str]:
        if code not in ERROR_PAGES:
            raise NotFound("There is no such error code; /docs/errors lists them all.")
        return _page(code, _error_page(code, ERROR_PAGES[code]))

    @get("/schema/openapi.json")
    async def openapi(self, openapi: NamedDependency[SkipValidation[Schema]]) -> Response[bytes]:
        return Response(openapi(), media_type="application/json", headers={"Cache-Control": "no-cache"})


_NAV = '<nav><a href="/docs">API reference</a> · <a href="/docs/errors">Error codes</a></nav>'


def _error_page(code: str, shown: ErrorPage) -> str:
    again = "Trying again makes sense" if shown.retry else "Trying the same again does not help"
    after = ", after the seconds that the <code>Retry-After</code> header names" if code in RETRY_AFTER else ""
    example = f"<h2>Example</h2><pre>{escape(shown.example)}</pre>" if shown.example else ""
    return (
        f'<main>{_NAV}<h1>{code}</h1><p class="lead">HTTP {STATUS[code]}</p>'
        f"<h2>What it means</h2><p>{_prose(shown.meaning)}</p>"
        f"<h2>What to do</h2><p>{_prose(shown.remedy)}</p><p>{again}{after}.</p>{example}</main>"
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _page(title: str, body: str, *, styles: str = "docs.css", headers: dict[str, str] | None = None) -> Response[str]:
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/docs/assets/{styles}"></head><body>{body}</body></html>'
    )
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-cache", **(headers or {})})


@cache
def _asset(path: str) -> bytes:
    return (files("entrypoints.http") / "static" / path).read_bytes()


def _packed(body: bytes, headers: dict[str, str], accepted: str) -> tuple[bytes, dict[str, str]]:
    """Assets are kept compressed; the rare client that cannot read that gets them unpacked."""
    if "gzip" in accepted:
        return body, {**headers, "Content-Encoding": "gzip"}
    return gzip.decompress(body), headers
