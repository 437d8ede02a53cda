"""Multipart bodies (RFC 7578): files spooled to disk as they arrive, fields converted like a JSON body."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.utils.scope.state import ScopeState
from msgspec import inspect as kinds
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from domain.errors import InvalidInput, PayloadTooLarge, Problem
from entrypoints.http.decoding import parse
from entrypoints.http.explaining import explain
from entrypoints.http.fitness import text_problem, unfit
from entrypoints.http.parameters import read

MAX_PARTS = 200
MAX_FIELD_BYTES = 1024 * 1024
JSON_PARTS = frozenset({"data", "json", "options", "payload", "request"})
"""Names under which one part may hold all the fields as a JSON object."""


class Upload(UploadFile):
    """A file of a form. Use it as the type of a form's field: `files: list[Upload]`."""

    __slots__ = ("size",)

    def __init__(self, content_type: str, filename: str) -> None:
        super().__init__(content_type, filename)
        self.size = 0
        """In bytes."""

    async def write(self, data: bytes | bytearray) -> int:
        self.size += len(data)
        return await super().write(data)


@dataclass(slots=True)
class Part:
    name: str
    content_type: str | None
    filename: str | None = None
    text: bytearray = field(default_factory=bytearray)
    file: Upload | None = None

    async def add(self, data: bytes | bytearray) -> None:
        if self.file is not None:
            await self.file.write(data)
            return
        self.text += data
        if len(self.text) > MAX_FIELD_BYTES:
            details = {"max_bytes": MAX_FIELD_BYTES}
            raise PayloadTooLarge("A field of the form is too large.", field=self.name, details=details)

    async def content(self) -> bytes:
        if self.file is None:
            return bytes(self.text)
        await self.file.seek(0)
        content = await self.file.read()
        await self.file.seek(0)
        return content


@dataclass(frozen=True, slots=True)
class Form:
    parts: list[Part]

    def fields_as(self, kind: Any) -> dict[str, Any]:
        """The form's fields, checked against `kind`, a Struct; raises InvalidInput with every problem."""
        described = kinds.type_info(kind)
        wanted = {each.encode_name: each.type for each in getattr(described, "fields", ())}
        fields, problems = _Reading(wanted).of(self.parts)
        named = {problem.field for problem in problems}
        problems += [found for found in explain(fields, described) if found.field not in named]
        if problems:
            raise InvalidInput(problems=problems)
        return fields

    async def close(self) -> None:
        for part in self.parts:
            if part.file is not None:
                await part.file.close()


class _Reading:
    """Turns parts into field values: by the types that are wanted, texts stand for JSON values."""

    def __init__(self, wanted: Mapping[str, Any]) -> None:
        self.wanted = wanted
        self.fields: dict[str, Any] = {}
        self.problems: list[Problem] = []

    def of(self, parts: list[Part]) -> tuple[dict[str, Any], list[Problem]]:
        for part in parts:
            self._check_name(part)
            if part.file is not None:
                self._add(part.name, part.file)
            else:
                self._read_text(part)
        return self.fields, self.problems

    def _check_name(self, part: Part) -> None:
        for text, name in ((part.name, part.name), (part.filename or "", f"{part.name}.filename")):
            if problem := text_problem(text, name.encode("ascii", "backslashreplace").decode()[:100]):
                self.problems.append(problem)

    def _read_text(self, part: Part) -> None:
        try:
            text = bytes(part.text).decode("utf-8")
            value = self._value(part, text)
        except UnicodeDecodeError:
            self.problems.append(Problem("The field is not valid UTF-8.", part.name))
        except InvalidInput as error:
            self.problems += [Problem(each.message, part.name, details=each.details) for each in error.problems]
        else:
            self._accept(part, value)

    def _value(self, part: Part, text: str) -> Any:
        kind = self.wanted.get(part.name)
        is_json = (part.content_type or "").endswith("json")
        if is_json or (kind is None and part.name in JSON_PARTS) or (kind and _is_structured(kind, text)):
            return parse(text.encode())
        return text if kind is None else read(text, _item_of(kind))

    def _accept(self, part: Part, value: Any) -> None:
        self.problems += list(unfit(value, part.name))
        if part.name not in self.wanted and isinstance(value, dict):
            for name, item in value.items():
                self._add(name, item, whole=True)
        else:
            self._add(part.name, value)

    def _add(self, name: str, value: Any, *, whole: bool = False) -> None:
        many = name in self.wanted and _is_array(self.wanted[name])
        if many and not whole and not isinstance(value, list):
            self.fields.setdefault(name, []).append(value)
        elif name in self.fields:
            self.problems.append(Problem("This field may be given only once.", name, details={"rule": "once"}))
        else:
            self.fields[name] = value


def _options(kind: Any) -> list[Any]:
    if isinstance(kind, kinds.Metadata):
        return _options(kind.type)
    return list(kind.types) if isinstance(kind, kinds.UnionType) else [kind]


def _is_array(kind: Any) -> bool:
    return any(isinstance(option, kinds.ListType) for option in _options(kind))


def _is_structured(kind: Any, text: str) -> bool:
    """An object, or an array that is written as one."""
    objects = (kinds.StructType, kinds.DictType, kinds.TypedDictType, kinds.DataclassType)
    if any(isinstance(option, objects) for option in _options(kind)):
        return True
    return _is_array(kind) and text.lstrip().startswith("[")


def _item_of(kind: Any) -> Any:
    return next((each.item_type for each in _options(kind) if isinstance(each, kinds.ListType)), kind)


async def read_form(stream: AsyncIterator[bytes], boundary: str) -> Form:
    """All parts of a multipart stream; raises InvalidInput when it is broken or does not end."""
    form = Form([])
    try:
        with PushMultipartParser(boundary.encode(), max_segment_count=MAX_PARTS) as parser:
            await _feed(parser, stream, form)
    except ParserLimitReached as error:
        await form.close()
        raise InvalidInput(
            "The form has too many parts or headers.", field="body", details={"max_length": MAX_PARTS}
        ) from error
    except (MultipartError, ValueError, LookupError) as error:
        await form.close()
        raise InvalidInput(
            "The multipart body is broken.", field="body", details={"expected": "multipart/form-data"}
        ) from error
    except BaseException:
        await form.close()
        raise
    return form


async def _feed(parser: PushMultipartParser, stream: AsyncIterator[bytes], form: Form) -> None:
    async for chunk in stream:
        if parser.closed:
            continue
        for piece in parser.parse(chunk):
            if isinstance(piece, MultipartSegment):
                form.parts.append(_part(piece))
            elif piece:
                await form.parts[-1].add(piece)
            elif (file := form.parts[-1].file) is not None:
                await file.seek(0)


def _part(segment: MultipartSegment) -> Part:
    part = Part(segment.name or "", segment.content_type, segment.filename)
    if segment.filename:
        part.file = Upload(segment.content_type or "application/octet-stream", segment.filename)
    return part


def remember_form(request: Request[Any, Any, Any], fields: dict[str, Any]) -> None:
    """Hands the checked fields to Litestar, which closes the files when the answer is out."""
    ScopeState.from_scope(request.scope).form = fields
