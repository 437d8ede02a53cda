"""Every operation of the OpenAPI document, and requests for each made of nothing but its schema."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from entrypoints.container import build
from entrypoints.http.examples import recorded_examples
from entrypoints.http.openapi import build_openapi
from entrypoints.http.server import build_app
from entrypoints.settings import Settings
from entrypoints.system import System

Ids = Mapping[str, str]
"""Values of parameters and fields that name something: `document_id` and the like."""

_AN_ID = re.compile(r"\b[a-z]{1,7}_[0-9a-hjkmnp-tv-z]{26,28}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{64}\b")
_CURSOR = re.compile(r'"(?:next_)?cursor":\s*"[^"]*"|(?<=cursor=)[^"&]*')
_VARYING = re.compile(
    r'"(?:p\d\d\w*|hint|timestamp|trace_id|request_id|\w+_at|[a-z_]*(?:_ms|seconds)|started|updated)":\s*(?:"[^"]*"|[\d.]+|null)'
)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    scopes: tuple[str, ...]
    """Any of these is enough; none for a public one."""
    parameters: tuple[Mapping[str, Any], ...]
    body: Mapping[str, Any] | None
    """The schema of a JSON body."""
    is_multipart: bool = False

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, ids: Ids) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "unknown"), self.path)

    def query(self) -> dict[str, str]:
        required = [p for p in self.parameters if p["in"] == "query" and p.get("required")]
        return {p["name"]: str(minimal(p["schema"])) for p in required}

    def request(self, ids: Ids) -> dict[str, Any]:
        """What httpx needs to send it."""
        sent: dict[str, Any] = {"method": self.method, "url": self.url(ids), "params": self.query()}
        if self.body is not None:
            sent["json"] = minimal(self.body, ids)
        if self.is_multipart:
            name = "files" if self.path.endswith("/documents/upload") else "file"
            sent["files"] = [(name, ("a.md", b"# How long?\n\nTwo days and three nights.\n", "text/markdown"))]
        return sent

    def names(self, ids: Ids) -> set[str]:
        """Which of these ids it takes, in its path or its body."""
        in_path = set(re.findall(r"\{(\w+)\}", self.path)) & set(ids)
        text = json.dumps(minimal(self.body, ids)) if self.body is not None else ""
        return in_path | {name for name, value in ids.items() if f'"{value}"' in text}


@cache
def document() -> dict[str, Any]:
    app = build_app(System(build(Settings(_env_file=None))))
    found: dict[str, Any] = json.loads(json.dumps(build_openapi(app, "1.0.0", examples=recorded_examples())))
    return found


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(_operations())


def _operations() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, entry in methods.items():
            if entry.get("x-websocket"):
                continue
            content = entry.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("schema")
            scopes = next((each["oauth2"] for each in entry["security"] if "oauth2" in each), ())
            parameters = tuple(entry.get("parameters", ()))
            multipart = "multipart/form-data" in content
            yield Operation(method.upper(), path, tuple(scopes), parameters, body, multipart)


def minimal(schema: Mapping[str, Any], ids: Ids | None = None, name: str = "") -> Any:
    """The smallest value that the schema allows; a field that bears the name of an id gets that id."""
    ids = ids or {}
    if name in ids:
        return ids[name]
    if "$ref" in schema:
        return minimal(document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], ids, name)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return minimal(next(s for s in schema[key] if s != {"type": "null"}), ids, name)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    return _of_type(schema, ids, name)


def _of_type(schema: Mapping[str, Any], ids: Ids, name: str) -> Any:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        wanted = set(schema.get("required", ())) | (set(ids) & set(schema.get("properties", ())))
        return {field: minimal(schema["properties"][field], ids, field) for field in sorted(wanted)}
    if kind == "array":
        singular = {"qa_ids": "qa_id", "query_ids": "query_id", "updates": ""}.get(name, "")
        return [minimal(schema.get("items", {}), ids, singular) for _ in range(max(1, schema.get("minItems", 0)))]
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    if kind == "boolean":
        return True
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00Z"
    return "https://a.example" if name.endswith("url") else "abcdefgh".ljust(schema.get("minLength", 0), "x")


def told(text: str, ids: Ids) -> str:
    """An answer without what differs from one request to the next, and without the ids that were asked for.
    Cursors are left out too: lists are compared by what is in them."""
    for value in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(value, "<asked>")
    return _VARYING.sub("<varying>", _AN_ID.sub("<id>", _CURSOR.sub("<cursor>", text)))
