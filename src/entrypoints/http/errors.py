"""The one place where a failure becomes a status, an error code and a body."""

import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from domain.errors import DomainError, InvalidInput, NotFound, Problem, Unauthorized
from entrypoints.http.calls import Call
from entrypoints.http.dialects import dialect_of
from entrypoints.http.envelope import ErrorEnvelope, ErrorItem, ErrorReason, ErrorSummary, meta_of
from entrypoints.http.headers import allowed_methods

log = structlog.get_logger("supportrag.http")

STATUS = {
    "VALIDATION_ERROR": 400,
    "QUERY_TOO_LONG": 400,
    "INVALID_FORMAT": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
    "GATEWAY_TIMEOUT": 504,
}
CODES = {status: code for code, status in reversed(STATUS.items())}
CHALLENGE = "challenge"
"""The detail that becomes the `WWW-Authenticate` header (RFC 6750) instead of part of the body."""
RETRY_AFTER = frozenset({"RATE_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE"})
MAX_PROBLEMS = 50
"""More offences than anyone reads are counted, not listed: a body must not grow an answer without bound."""


class MethodNotAllowed(DomainError):
    """This path does not answer to that method."""

    code = "METHOD_NOT_ALLOWED"


class NotAcceptable(DomainError):
    """That version of the API is not served here."""

    code = "NOT_ACCEPTABLE"


class InternalError(DomainError):
    """Something went wrong on our side. The trace id tells us where."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it goes out."""

    status: int
    code: str
    message: str
    problems: Sequence[Problem]
    headers: Mapping[str, str] = field(default_factory=dict)


def failure_of(error: Exception) -> Failure:
    cause = error if isinstance(error, DomainError) else _translated(error)
    code = _narrowest_code(cause)
    return Failure(STATUS.get(code, 500), code, cause.message, cause.problems, _headers(cause, error))


def _narrowest_code(error: DomainError) -> str:
    """`QUERY_TOO_LONG` rather than `VALIDATION_ERROR`, when that is all that is wrong."""
    codes = {problem.code or error.code for problem in error.problems}
    only = next(iter(codes)) if len(codes) == 1 else error.code
    return only if STATUS.get(only) == STATUS.get(error.code) else error.code


def _headers(error: DomainError, original: Exception) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.retry_after is not None or error.code in RETRY_AFTER:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after or 0)))
    challenge = error.problems[0].details.get(CHALLENGE)
    if challenge or isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = str(challenge or 'Bearer realm="supportrag"')
    if isinstance(original, MethodNotAllowedException):
        headers["Allow"] = (original.headers or {}).get("allow", "")
    return headers


def _translated(error: Exception) -> DomainError:
    """A failure of the framework in our words; whatever else it is, it is our own mistake."""
    match error:
        case NotFoundException():
            return NotFound("There is nothing at this path.")
        case MethodNotAllowedException():
            allowed = allowed_methods((error.headers or {}).get("allow", ""))
            return MethodNotAllowed(details={"allowed": allowed})
        case ValidationException():
            return InvalidInput(problems=_problems_of(error))
        case HTTPException() if error.status_code < 500:
            return _by_status(error.status_code)
        case HTTPException() if "disconnected" in error.detail:
            return InvalidInput("The request ended before its body was complete.", field="body")
        case _:
            return InternalError()


def _log(error: Exception, call: Call) -> None:
    """Where it happened and what kind it was. Its message may quote a person's words: only for debugging."""
    stack = "".join(traceback.format_tb(error.__traceback__))
    log.error("http.unexpected_error", route=call.route, error=type(error).__qualname__, stack=stack)
    log.debug("http.unexpected_error.message", message=str(error))


def _problems_of(error: ValidationException) -> list[Problem]:
    """What the framework found that the border did not: the field is named, its value never."""
    found = error.extra if isinstance(error.extra, list) else []
    fields = [str(item.get("key") or "body") for item in found if isinstance(item, dict)] or ["body"]
    return [Problem("This value is missing or not of the expected kind.", name) for name in fields]


def _by_status(status: int) -> DomainError:
    code = CODES.get(status, "VALIDATION_ERROR")
    kinds = {kind.code: kind for kind in _subclasses(DomainError)}
    return kinds.get(code, InvalidInput)()


def _subclasses(kind: type[DomainError]) -> list[type[DomainError]]:
    """Subclasses first, so that of one code the most general class wins."""
    below = [found for child in kind.__subclasses__() for found in _subclasses(child)]
    return [*below, *kind.__subclasses__()]


def envelope_of(failure: Failure, call: Call, docs_base_url: str) -> ErrorEnvelope:
    problems = list(failure.problems[:MAX_PROBLEMS])
    if hidden := len(failure.problems) - len(problems):
        problems.append(Problem(f"{hidden} more fields are not valid.", details={"hidden": hidden}))
    return ErrorEnvelope(
        errors=[_item(problem, failure.code, docs_base_url) for problem in problems],
        error=summary_of(failure, problems, call.trace_id),
        meta=meta_of(call),
    )


def summary_of(failure: Failure, problems: Sequence[Problem], trace_id: str) -> ErrorSummary:
    return ErrorSummary(
        code=failure.code,
        message=failure.message,
        details=[ErrorReason(field=problem.field, reason=problem.message) for problem in problems],
        trace_id=trace_id,
    )


def _item(problem: Problem, code: str, docs_base_url: str) -> ErrorItem:
    documented = problem.code if problem.code in STATUS else code
    return ErrorItem(
        code=problem.code or code,
        message=problem.message,
        field=problem.field,
        details={name: value for name, value in problem.details.items() if name != CHALLENGE},
        docs=f"{docs_base_url}/docs/errors/{documented}",
    )


@dataclass(frozen=True, slots=True)
class Rendered:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Errors:
    """Renders any exception for the path it happened on."""

    docs_base_url: str = ""

    def render(self, error: Exception, call: Call) -> Rendered:
        failure = failure_of(error)
        if failure.status == 500:
            _log(error, call)
        envelope = envelope_of(failure, call, self.docs_base_url)
        dialect = dialect_of(call.path)
        body = dialect.render(envelope, failure.status) if dialect else envelope
        media_type = dialect.media_type if dialect else "application/json"
        headers = {**failure.headers, "Content-Type": media_type}
        return Rendered(failure.status, headers, msgspec.json.encode(body, enc_hook=str))

    def handle(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """Litestar's exception handler."""
        call = Call.of(request)
        rendered = self.render(error, call)
        media_type = rendered.headers["Content-Type"]
        rest = {name: value for name, value in rendered.headers.items() if name != "Content-Type"}
        return Response(rendered.body, status_code=rendered.status, headers=rest, media_type=media_type)
