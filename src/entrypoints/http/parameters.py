"""Path, query and header parameters: what a route takes, and what is wrong with what it was given."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import NoneType
from typing import Annotated, Any, Literal, Union, cast, get_args
from urllib.parse import parse_qsl

import msgspec
from litestar.constants import RESERVED_KWARGS
from litestar.params import ParameterKwarg
from litestar.typing import FieldDefinition
from msgspec import inspect as kinds

from domain.errors import Problem
from entrypoints.http.explaining import explain
from entrypoints.http.fitness import number_problem, text_problem
from entrypoints.http.scalars import Kind

MAX_QUERY_PARAMETERS = 200

Source = Literal["path", "query", "header"]

_INTEGER = re.compile(r"-?[0-9]{1,40}")
_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,4})?")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_RULES = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


@dataclass(frozen=True)
class Parameter:
    name: str
    source: Source
    annotation: Any
    required: bool
    many: bool
    default: Any = None

    @cached_property
    def kind(self) -> Kind:
        return kinds.type_info(self.annotation)


@dataclass(frozen=True)
class Parameters:
    """All that one route takes besides a body."""

    path: Mapping[str, Parameter] = field(default_factory=dict)
    query: Mapping[str, Parameter] = field(default_factory=dict)
    header: Mapping[str, Parameter] = field(default_factory=dict)
    open_query: bool = False

    @staticmethod
    def of(handler: Any, path_parameters: Sequence[str], *, open_query: bool = False) -> "Parameters":
        found = list(_collect(handler.parsed_fn_signature.parameters, handler, path_parameters))
        by_source = {
            source: {each.name: each for each in found if each.source == source}
            for source in ("path", "query", "header")
        }
        return Parameters(**by_source, open_query=open_query)

    def all(self) -> Iterator[Parameter]:
        yield from (*self.path.values(), *self.query.values(), *self.header.values())

    def problems(self, path: Mapping[str, Any], query: bytes, headers: Mapping[str, str]) -> Iterator[Problem]:
        for name, value in path.items():
            if isinstance(value, str):
                yield from _explain_texts([value], self.path.get(name), name)
        yield from self._query_problems(query)
        for parameter in self.header.values():
            given = headers.get(parameter.name.lower())
            yield from _missing(parameter) if given is None else _explain_texts([given], parameter, parameter.name)

    def _query_problems(self, query: bytes) -> Iterator[Problem]:
        given, problem = _parsed(query) if query else ({}, None)
        if problem:
            yield problem
            return
        for name, values in given.items():
            yield from self._named_problems(name, values)
        for parameter in self.query.values():
            if parameter.name not in given:
                yield from _missing(parameter)

    def _named_problems(self, name: str, values: list[str]) -> Iterator[Problem]:
        parameter = self.query.get(name)
        if parameter is None and not self.open_query:
            yield _unknown(name, sorted(self.query))
        elif parameter and not parameter.many and len(values) > 1:
            details = {"rule": "once", "provided_count": len(values)}
            yield Problem("This parameter may be given only once.", name, details=details)
        else:
            yield from _explain_texts(values, parameter, name)


def _unknown(name: str, allowed: list[str]) -> Problem:
    """Refused rather than ignored: a misspelt `limt` would otherwise answer a question nobody asked."""
    shown = name[:100].encode("ascii", "backslashreplace").decode()
    words = f"allowed are: {', '.join(allowed)}" if allowed else "this route takes none"
    return Problem(
        f"There is no such parameter; {words}.", shown, details={"rule": "unknown_parameter", "allowed": allowed}
    )


def _missing(parameter: Parameter) -> Iterator[Problem]:
    if parameter.required:
        details = {"rule": "required", "in": parameter.source}
        yield Problem(f"This {parameter.source} parameter is required.", parameter.name, details=details)


def _parsed(query: bytes) -> tuple[dict[str, list[str]], Problem | None]:
    """Values by name. Bytes that are not UTF-8 become lone surrogates, which are refused by name."""
    try:
        pairs = parse_qsl(
            query.decode("latin-1"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_QUERY_PARAMETERS,
        )
    except ValueError:
        details = {"max_length": MAX_QUERY_PARAMETERS}
        return {}, Problem("There are too many query parameters.", "query", details=details)
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given, None


def _explain_texts(texts: Sequence[str], parameter: Parameter | None, name: str) -> Iterator[Problem]:
    for text in texts:
        if problem := text_problem(text, name):
            yield problem
            return
    if parameter is None:
        return
    if parameter.many:
        items = [read(text, _item_kind(parameter.kind)) for text in texts]
        yield from explain(items, parameter.kind, name)
        return
    value = read(texts[0], parameter.kind)
    problem = number_problem(value, name)
    yield from [problem] if problem else explain(value, parameter.kind, name)


def read(text: str, kind: Kind) -> Any:
    """The text as the JSON value it stands for; text that stands for none stays what it is."""
    match kind:
        case kinds.Metadata():
            return read(text, kind.type)
        case kinds.UnionType():
            options = [option for option in kind.types if not isinstance(option, kinds.NoneType)]
            readings = [read(text, option) for option in options]
            return next((reading for reading in readings if not isinstance(reading, str)), text)
        case kinds.IntType():
            return int(text) if _INTEGER.fullmatch(text) else text
        case kinds.FloatType():
            return float(text) if _NUMBER.fullmatch(text) else text
        case kinds.BoolType():
            return _TRUTH.get(text.lower(), text)
        case kinds.LiteralType() | kinds.EnumType() if _INTEGER.fullmatch(text) and not _is_textual(kind):
            return int(text)
        case _:
            return text


def _is_textual(kind: Any) -> bool:
    values = kind.values if isinstance(kind, kinds.LiteralType) else [member.value for member in kind.cls]
    return any(isinstance(value, str) for value in values)


def _item_kind(kind: Kind) -> Kind:
    if isinstance(kind, kinds.Metadata):
        return _item_kind(kind.type)
    if isinstance(kind, kinds.UnionType):
        return next(_item_kind(option) for option in kind.types if not isinstance(option, kinds.NoneType))
    return cast("Kind", getattr(kind, "item_type", kind))


def _collect(
    fields: Mapping[str, FieldDefinition], handler: Any, path_parameters: Sequence[str]
) -> Iterator[Parameter]:
    """The parameters of a function and, through its dependencies, of theirs."""
    dependencies = handler.resolve_dependencies()
    for name, definition in fields.items():
        if name in dependencies:
            yield from _collect(dependencies[name].parsed_fn_signature.parameters, handler, path_parameters)
        elif name not in RESERVED_KWARGS and not definition.is_di_field:
            yield _parameter(name, definition, path_parameters)


def _parameter(name: str, definition: FieldDefinition, path_parameters: Sequence[str]) -> Parameter:
    declared = definition.kwarg_definition
    marker = declared if isinstance(declared, ParameterKwarg) else None
    alias = (marker.name if marker else None) or name
    source = "path" if alias in path_parameters else marker.param_type.value if marker else "query"
    return Parameter(
        name=alias,
        source=cast("Source", source),
        annotation=constrained(definition, marker),
        required=definition.is_required and not definition.is_optional,
        many=definition.is_non_string_sequence,
        default=definition.default if definition.has_default else None,
    )


def constrained(definition: FieldDefinition, marker: ParameterKwarg | None) -> Any:
    """`msgspec.Meta` counts, which the framework overlooks in parameters, and so do the marker's own rules."""
    rules = {name: getattr(marker, name, None) for name in _RULES}
    given = {name: value for name, value in rules.items() if value is not None}
    metas = [each for each in definition.metadata if isinstance(each, msgspec.Meta)]
    if given:
        metas.append(msgspec.Meta(**given))
    options = get_args(definition.annotation) if definition.is_optional else ()
    inner = [option for option in options if option is not NoneType] or [definition.annotation]
    for meta in metas:
        inner = [Annotated[option, meta] for option in inner]
    return Union[(*inner, NoneType)] if options else inner[0]
