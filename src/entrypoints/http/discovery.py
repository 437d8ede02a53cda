"""What the API says of itself, read off the routes that are registered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from litestar import Litestar

from entrypoints.http.openapi import Example, build_openapi, operations
from entrypoints.http.routes.system import Discovery, Group
from entrypoints.http.versions import Deprecation


@dataclass(slots=True)
class SelfDescription:
    """The OpenAPI document and the list of groups; worked out when first asked for, once all routes are known."""

    version: str
    deprecations: Sequence[Deprecation]
    examples: Mapping[str, Example]
    app: Litestar | None = None
    document: bytes = b""
    discovery: Discovery | None = None

    def openapi(self) -> bytes:
        if not self.document:
            built = build_openapi(self._of(), self.version, deprecations=self.deprecations, examples=self.examples)
            self.document = msgspec.json.encode(built)
        return self.document

    def discover(self) -> Discovery:
        if self.discovery is None:
            self.discovery = discover(self._of(), self.version)
        return self.discovery

    def _of(self) -> Litestar:
        if self.app is None:
            raise RuntimeError("asked before the application was built")
        return self.app


def discover(app: Litestar, version: str) -> Discovery:
    """The groups by their tags; in each, a link per operation that lies under `/api/v1`."""
    groups: dict[str, dict[str, str]] = {}
    for operation in operations(app):
        if operation.path.startswith("/api/v1"):
            for tag in operation.handler.resolve_tags() or ["other"]:
                groups.setdefault(tag, {})[operation.id] = operation.path
    listed = [Group(name=name, links=dict(sorted(links.items()))) for name, links in sorted(groups.items())]
    return Discovery(service="supportrag", version=version, groups=listed)


def check_routes(app: Litestar, deprecations: Sequence[Deprecation]) -> None:
    """Mistakes in what routes declare show at start-up, not at a request."""
    found = list(operations(app))
    if unnamed := [f"{each.method} {each.path}" for each in found if not isinstance(each.handler.operation_id, str)]:
        raise ValueError(f"without an operation_id: {', '.join(unnamed)}")
    counted = Counter(each.id for each in found)
    if repeated := [name for name, count in counted.items() if count > 1]:
        raise ValueError(f"operation_id used twice: {', '.join(repeated)}")
    for each in found:
        each.shape.check()
    known = {each.path for each in found}
    if unknown := [entry.path for entry in deprecations if entry.path not in known]:
        raise ValueError(f"deprecated, but not a route: {', '.join(unknown)}")
