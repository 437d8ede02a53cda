"""The OpenAPI 3.1 document, made of the very types that check requests and write answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from http import HTTPStatus
from inspect import cleandoc
from operator import or_
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.datastructures import UploadFile
from litestar.response.base import ASGIResponse
from litestar.routes import HTTPRoute, WebSocketRoute
from msgspec import UNSET

from entrypoints.http.admission import Entrance
from entrypoints.http.dialects import dialect_of
from entrypoints.http.envelope import ErrorEnvelope
from entrypoints.http.errors import STATUS
from entrypoints.http.openapi_parts import DESCRIPTION, error_responses, response_name, security_schemes
from entrypoints.http.parameters import Parameter
from entrypoints.http.requests import Shape
from entrypoints.http.security import Rules
from entrypoints.http.versions import Deprecation, deprecation_of

Json = dict[str, Any]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""In the order of reading; the framework keeps them in a set, whose order changes from process to process."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a request and its answer may look like."""

    request: Any = None
    response: Any = None

    def in_type(self, media_type: str) -> Any:
        """Of an answer that comes in several types: a text is none of JSON, and the other way round."""
        return self.response if isinstance(self.response, str) == (media_type != "application/json") else None


@dataclass(frozen=True, slots=True)
class Operation:
    """One handler on one path."""

    path: str
    method: str
    handler: Any
    rules: Rules
    shape: Shape

    @property
    def id(self) -> str:
        return str(self.handler.operation_id)

    @property
    def answer(self) -> Any:
        """The type of a successful answer's JSON; None when it is something else than JSON."""
        declared = _json_of(self.handler.parsed_fn_signature.return_type.annotation)
        kind = get_origin(declared) or declared
        if isinstance(kind, type) and issubclass(kind, Response | ASGIResponse):
            inner = get_args(declared)
            return inner[0] if inner and inner[0] not in {str, bytes, Any} else None
        return None if kind in {None, type(None), str, bytes} else declared


def _json_of(declared: Any) -> Any:
    """Of an answer that can also come in another form (`Envelope[EventPage] | Stream`): the JSON."""
    if get_origin(declared) not in {Union, UnionType}:
        return declared
    return reduce(or_, [kind for kind in get_args(declared) if not issubclass(get_origin(kind) or kind, Response)])


def operations(app: Litestar) -> Iterator[Operation]:
    """All that the document holds: paths in the order of their registration, methods in that of reading."""
    entrance: Entrance = app.state["entrance"]
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        served = route.route_handler_map
        for method in sorted(served.keys() & set(METHODS), key=METHODS.index):
            handler, _ = served[method]
            if handler.resolve_include_in_schema():
                rules = entrance.rules_of(handler, method)
                shape = Shape.of(handler, route.path_parameters, open_query=rules.open_query)
                yield Operation(route.path_format or "/", method, handler, rules, shape)


def build_openapi(
    app: Litestar,
    version: str,
    *,
    deprecations: Sequence[Deprecation] = (),
    examples: Mapping[str, Example] | None = None,
) -> Json:
    found = list(operations(app))
    schemas = _Schemas(found)
    paths: dict[str, Json] = dict(_sockets(app))
    for operation in found:
        entry = _entry(operation, schemas, (examples or {}).get(operation.id, Example()))
        entry["deprecated"] = bool(deprecation_of(deprecations, operation.path, operation.method))
        paths.setdefault(operation.path, {})[operation.method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {"title": "supportrag", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({tag for each in found for tag in each.handler.resolve_tags()})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components,
            "responses": dict(error_responses()),
            "securitySchemes": security_schemes(),
        },
    }


class _Schemas:
    """JSON Schemas of all types that operations name, worked out together so that names cannot clash."""

    def __init__(self, found: list[Operation]) -> None:
        kinds = [ErrorEnvelope, *(kind for operation in found for kind in _kinds_of(operation))]
        schemas, self.components = msgspec.json.schema_components(
            kinds, schema_hook=_custom_schema, ref_template="#/components/schemas/{name}"
        )
        self._by_kind = list(zip(kinds, schemas, strict=True))
        for schema in self.components.values():
            _require_meta(schema)

    def of(self, kind: Any) -> Json:
        return dict(next(schema for known, schema in self._by_kind if known is kind or known == kind))


def _kinds_of(operation: Operation) -> Iterator[Any]:
    yield from (parameter.annotation for parameter in operation.shape.parameters.all())
    if operation.shape.body:
        yield operation.shape.body.annotation
    if operation.answer is not None:
        yield operation.answer


def _custom_schema(kind: type) -> Json:
    return {"type": "string", "format": "binary"} if issubclass(kind, UploadFile) else {}


def _require_meta(schema: Json) -> None:
    """The border fills `meta` of every envelope; none of the three is ever left out."""
    if {"status", "data", "meta"} <= schema.get("properties", {}).keys():
        schema["required"] = sorted({*schema.get("required", []), "status", "data", "meta"})


def _entry(operation: Operation, schemas: _Schemas, example: Example) -> Json:
    text = cleandoc(operation.handler.description or operation.handler.fn.__doc__ or operation.id)
    summary, _, rest = text.partition("\n")
    names = [scope.value for scope in operation.rules.scopes]
    needs = f"Needs the scope {' or '.join(f'`{name}`' for name in names)}." if names else "Open without a token."
    entry: Json = {
        "operationId": operation.id,
        "tags": list(operation.handler.resolve_tags()),
        "summary": summary.rstrip("."),
        "description": "\n\n".join(filter(None, [rest.strip(), needs])),
        "security": [{"bearer": []}, {"oauth2": names}] if names else [],
        "responses": _responses(operation, schemas, example),
    }
    if parameters := [_parameter(each, schemas) for each in operation.shape.parameters.all()]:
        entry["parameters"] = parameters
    if operation.shape.body:
        entry["requestBody"] = _request_body(operation, schemas, example)
    return entry


def _parameter(parameter: Parameter, schemas: _Schemas) -> Json:
    schema = _without_null(schemas.of(parameter.annotation))
    if parameter.default is not None and parameter.default is not UNSET:
        schema["default"] = msgspec.to_builtins(parameter.default)
    described = {"name": parameter.name, "in": parameter.source, "required": parameter.required, "schema": schema}
    if description := schema.pop("description", None):
        described["description"] = description
    return described


def _without_null(schema: Json) -> Json:
    """A parameter may be absent, but there is no way to write null into a URL."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**rest, **options[0]} if len(options) == 1 else schema


def _request_body(operation: Operation, schemas: _Schemas, example: Example) -> Json:
    body = operation.shape.body
    assert body is not None  # noqa: S101 — the caller asked
    media_type = "multipart/form-data" if body.encoding == "multipart" else "application/json"
    content = _content(schemas.of(body.annotation), example.request)
    return {"required": body.required, "content": {media_type: content}}


def _content(schema: Json, example: Any) -> Json:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _responses(operation: Operation, schemas: _Schemas, example: Example) -> Json:
    status = operation.handler.status_code
    success: Json = {"description": HTTPStatus(status).phrase}
    if operation.rules.produces:
        success["content"] = {
            each: _content(_file_schema(each), example.in_type(each)) for each in operation.rules.produces
        }
    elif operation.answer is not None:
        success["content"] = {"application/json": _content(schemas.of(operation.answer), example.response)}
    elif status != 204:
        media_type = getattr(operation.handler.media_type, "value", operation.handler.media_type) or "text/plain"
        success["content"] = {media_type: _content({"type": "string"}, example.response)}
    own = bool(dialect_of(operation.path))
    refused = {
        str(code): {"$ref": f"#/components/responses/{response_name(code, own_standard=own)}"}
        for code in sorted(_statuses(operation))
    }
    accepted = {"202": {"description": HTTPStatus.ACCEPTED.phrase}} if operation.rules.accepted else {}
    return {str(status): success, **accepted, **refused}


def _file_schema(media_type: str) -> Json:
    return {} if media_type == "application/json" else {"type": "string"}


def _statuses(operation: Operation) -> set[int]:
    """The refusals that can happen to an operation, by what it declares and takes."""
    rules, shape = operation.rules, operation.shape
    found = {400, 500} | {STATUS[error.code] for error in rules.raises}
    if not dialect_of(operation.path):
        found.add(406)
    if not rules.public:
        found |= {401, 403, 429, 503}
        found |= {409} if operation.method != "GET" else set()
    if shape.parameters.path:
        found.add(404)
    if shape.body or operation.method in {"POST", "PUT", "PATCH"}:
        found |= {413, 415}
    return found


def _sockets(app: Litestar) -> Iterator[tuple[str, Json]]:
    """OpenAPI has no word for sockets: they are shown as the GET that opens them."""
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            yield route.path_format, {"get": _socket(route)}


def _socket(route: WebSocketRoute) -> Json:
    handler = route.route_handler
    summary, _, rest = cleandoc(handler.fn.__doc__ or handler.handler_name).partition("\n")
    names = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.path_parameters
    ]
    return {
        "operationId": handler.handler_name,
        "summary": f"{summary.rstrip('.')} (WebSocket)",
        "description": f"{rest.strip()}\n\nOpen it as a WebSocket; a plain GET gives 405.".strip(),
        "parameters": names,
        "security": [{"bearer": []}],
        "responses": {
            "101": {"description": "The socket is open."},
            "405": {"$ref": f"#/components/responses/{response_name(405)}"},
        },
        "x-websocket": True,
    }
