"""The web console: static files, which talk to the API like any other client."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from domain.errors import NotFound
from entrypoints.http.calls import Call
from entrypoints.http.security import rules

CONSOLE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing from elsewhere, nothing inline, and no way from a text to markup."""

_MEDIA_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml",
                "txt": "text/plain"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    media_type: str
    etag: str


class ConsoleController(Controller):
    include_in_schema = False
    opt = rules(public=True)

    @get("/console")
    async def page(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, "index.html")

    @get("/console/{path:path}")
    async def file(self, path: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(request, str(path).strip("/"))


def _answer(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    """What the browser has already, it asks for again only in a word: a new version shows at once."""
    found = static_files().get(name)
    if found is None:
        raise NotFound("The console has no such file.")
    headers = {"Cache-Control": "no-cache", "ETag": found.etag, "Content-Security-Policy": CONSOLE_CSP}
    if found.etag in Call.of(request).given.get("if-none-match", ""):
        return Response(b"", status_code=304, media_type=found.media_type, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)


@cache
def static_files() -> dict[str, StaticFile]:
    """By their paths below `/console/`; read once, so that no path of a request ever reaches the disk."""
    return dict(_below(files("entrypoints.http") / "console"))


def _below(folder: Traversable, prefix: str = "") -> list[tuple[str, StaticFile]]:
    found: list[tuple[str, StaticFile]] = []
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            found += _below(entry, f"{name}/")
        elif media_type := _MEDIA_TYPES.get(name.rpartition(".")[2]):
            content = entry.read_bytes()
            found.append((name, StaticFile(content, media_type, f'"{sha256(content).hexdigest()[:20]}"')))
    return found
