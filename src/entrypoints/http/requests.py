"""Everything a request brings is checked here, before its handler: all offences in one answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from litestar import Request
from litestar.enums import RequestEncodingType
from litestar.params import BodyKwarg
from litestar.types import Empty
from msgspec.inspect import type_info

from domain.errors import InvalidInput, Problem, UnsupportedMediaType
from entrypoints.http.admission import FORM, Entrance
from entrypoints.http.calls import Call
from entrypoints.http.decoding import decode
from entrypoints.http.forms import Form, read_form, remember_form
from entrypoints.http.parameters import Parameters, constrained

JSON_TYPES = frozenset({"application/json", "application/vnd.supportrag.v1+json", "text/json"})
MULTIPART = "multipart/form-data"

Encoding = Literal["json", "multipart"]
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Body:
    annotation: Any
    encoding: Encoding
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What one route reads from its requests."""

    parameters: Parameters
    body: Body | None

    @staticmethod
    def of(handler: Any, path_parameters: Any, *, open_query: bool) -> "Shape":
        parameters = Parameters.of(handler, tuple(path_parameters), open_query=open_query)
        return Shape(parameters, _body_of(handler.parsed_fn_signature.parameters.get("data")))

    def check(self) -> None:
        """TypeError for a type that cannot be checked: better at start-up than at a request."""
        for parameter in self.parameters.all():
            type_info(parameter.annotation)
        if self.body:
            type_info(self.body.annotation)


def _body_of(definition: Any) -> Body | None:
    if definition is None:
        return None
    declared = definition.kwarg_definition
    media_type = declared.media_type if isinstance(declared, BodyKwarg) else RequestEncodingType.JSON
    encoding: Encoding = "multipart" if media_type == RequestEncodingType.MULTI_PART else "json"
    required = definition.is_required and not definition.is_optional
    return Body(constrained(definition, None), encoding, required)


class CheckedRequest(Request[Any, Any, Any]):
    """A request whose JSON body was decoded by the border, strictly and once."""

    decoded: Any = Empty

    async def json(self) -> Any:
        return await super().json() if self.decoded is Empty else self.decoded


async def check_request(request: AnyRequest) -> None:
    """Litestar's `before_request`: refuses with every problem of path, query, headers and body."""
    shape = _shape_of(request)
    scope = request.scope
    headers = Call.of(request).given
    problems = list(shape.parameters.problems(scope["path_params"], scope["query_string"], headers))
    if shape.body is not None:
        problems += await _check_body(request, shape.body)
    if problems:
        raise InvalidInput(problems=problems)


def _shape_of(request: AnyRequest) -> Shape:
    """Worked out at a route's first request and kept: signatures do not change."""
    entrance: Entrance = request.app.state["entrance"]
    key = (id(request.route_handler), request.scope["path_template"])
    shape: Shape | None = entrance.shapes.get(key)
    if shape is None:
        rules = entrance.rules_of(request.route_handler, request.method)
        shape = Shape.of(
            request.route_handler, request.scope["path_params"], open_query=rules.open_query or rules.public
        )
        entrance.shapes[key] = shape
    return shape


async def _check_body(request: AnyRequest, body: Body) -> list[Problem]:
    try:
        if body.encoding == "multipart":
            await _read_multipart(request, body)
        else:
            await _read_json(request, body)
    except InvalidInput as error:
        return list(error.problems)
    return []


async def _read_json(request: AnyRequest, body: Body) -> None:
    raw = await request.body()
    if not raw:
        if body.required:
            raise InvalidInput("A JSON body is required.", field="body", details={"rule": "required"})
        return
    _check_content_type(request, JSON_TYPES, "application/json")
    assert isinstance(request, CheckedRequest)  # noqa: S101 — create_app sets the request class
    request.decoded = decode(raw, body.annotation)


async def _read_multipart(request: AnyRequest, body: Body) -> None:
    _check_content_type(request, {MULTIPART}, MULTIPART)
    form = await form_of(request)
    remember_form(request, form.fields_as(body.annotation))


async def form_of(request: AnyRequest) -> Form:
    """The parts of a multipart body, read once."""
    kept: Form | None = request.scope.get(FORM)  # type: ignore[assignment]
    if kept is None:
        boundary = request.content_type[1].get("boundary", "")
        kept = await read_form(request.stream(), boundary)
        request.scope[FORM] = kept  # type: ignore[literal-required]
    return kept


def _check_content_type(request: AnyRequest, accepted: Any, named: str) -> None:
    given, options = request.content_type
    encoding = Call.of(request).given.get("content-encoding", "identity").lower()
    charset = options.get("charset", "utf-8").lower()
    if encoding != "identity":
        raise UnsupportedMediaType("Compressed bodies are not read.", field="content-encoding")
    if (given and given not in accepted) or (not given and named == MULTIPART):
        details = {"accepted": [named], "provided_type": given[:100]}
        raise UnsupportedMediaType(f"This route reads {named}.", field="content-type", details=details)
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaType("Bodies are read as UTF-8.", field="content-type")


async def fingerprint(request: AnyRequest) -> str:
    """A digest of what was sent: of the bytes of a body, of the parts of a multipart body (RFC 7578)."""
    if request.content_type[0] != MULTIPART:
        return sha256(await request.body()).hexdigest()
    digest = sha256()
    async for piece in _pieces(await form_of(request)):
        digest.update(sha256(piece).digest())
    return digest.hexdigest()


async def _pieces(form: Form) -> AsyncIterator[bytes]:
    for part in form.parts:
        yield f"{part.name}\0{part.filename}\0{part.content_type}".encode("utf-8", "surrogatepass")
        yield await part.content()
