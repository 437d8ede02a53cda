"""JSON bodies: decoded in one pass when they are good, explained in full when they are not."""

import json
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec.inspect import type_info

from domain.errors import InvalidInput, Problem
from entrypoints.http.explaining import explain
from entrypoints.http.fitness import MAX_DEPTH, Unrepresentable, unfit
from entrypoints.http.moments import to_utc

T = TypeVar("T")

_SUSPECT = re.compile(
    rb"\\[bfuU]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|[0-9]{19}|NaN|Infinity|[0-9][eE]\+?[0-9]{3}"
)
"""What a body must contain for one of its values to be unfit; most bodies contain none of it."""
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = b"[]{}"
_NOT_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_MAX_DIGITS = 4000


def decode(body: bytes, kind: type[T]) -> T:
    """`body` as `kind`; raises InvalidInput that names every offending field."""
    _check_depth(body)
    if not _SUSPECT.search(body):
        with suppress(msgspec.DecodeError, ValueError, RecursionError):
            value: T = _decoder(cast(Any, kind)).decode(body)
            return to_utc(value, kind)
    careful: T = _decode_with_care(body, kind)
    return careful


@lru_cache(maxsize=1024)
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)


def _decode_with_care(body: bytes, kind: Any) -> Any:
    raw = parse(body)
    problems = [*unfit(raw, ""), *explain(raw, type_info(kind))]
    if problems:
        raise InvalidInput(problems=_distinct(problems))
    try:
        return to_utc(_decoder(kind).decode(body), kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput("The body does not have the expected form.", field="body") from error


def _distinct(problems: list[Problem]) -> list[Problem]:
    """One problem a field: what is unfit need not be explained twice."""
    return list({problem.field: problem for problem in reversed(problems)}.values())[::-1]


def parse(body: bytes) -> Any:
    """Any JSON, read leniently so that the field of an unfit value can be named; raises InvalidInput."""
    try:
        return json.loads(body.decode("utf-8"), strict=False, parse_int=_integer)
    except UnicodeDecodeError as error:
        details = {"position": error.start, "expected": "UTF-8"}
        raise InvalidInput("The body is not valid UTF-8.", field="body", details=details) from error
    except json.JSONDecodeError as error:
        details = {"line": error.lineno, "column": error.colno, "expected": "JSON"}
        raise InvalidInput("The body is not valid JSON.", field="body", details=details) from error
    except RecursionError as error:
        raise _too_deep() from error


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) < _MAX_DIGITS else Unrepresentable()


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> InvalidInput:
    return InvalidInput(
        f"The body is nested deeper than {MAX_DEPTH} levels.", field="body", details={"max_depth": MAX_DEPTH}
    )
