"""Everything that can go wrong, by kind. The class says the code; the message says what to do about it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One offence of one field: `field` is a dotted path, `details` the rule and the offered size or type."""

    message: str
    field: str | None = None
    code: str | None = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class DomainError(Exception):
    """Something the service refuses or cannot do."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
        problems: Sequence[Problem] = (),
        retry_after: float | None = None,
    ) -> None:
        text = message or (problems[0].message if problems else (self.__doc__ or "").strip())
        super().__init__(text)
        self.message = text
        self.problems = tuple(problems) or (Problem(text, field, details=details or {}),)
        self.retry_after = retry_after
        """Seconds after which trying again makes sense, where that is known."""


class InvalidInput(DomainError):
    """The request is not valid."""

    code = "VALIDATION_ERROR"


class QueryTooLong(InvalidInput):
    """The question is too long."""

    code = "QUERY_TOO_LONG"


class InvalidFormat(InvalidInput):
    """The file is not of a format that can be read."""

    code = "INVALID_FORMAT"


class Unauthorized(DomainError):
    """A valid API key or access token is needed."""

    code = "UNAUTHORIZED"


class Forbidden(DomainError):
    """This key may not do that."""

    code = "FORBIDDEN"


class NotFound(DomainError):
    """There is no such resource."""

    code = "NOT_FOUND"


class Conflict(DomainError):
    """The resource is in a state that does not allow this."""

    code = "CONFLICT"


class StaleVersion(Conflict):
    """Somebody else changed this in the meantime; read it again and repeat the change."""


class PayloadTooLarge(DomainError):
    """The body is larger than is accepted."""

    code = "PAYLOAD_TOO_LARGE"


class UnsupportedMediaType(DomainError):
    """The content type is not one that this route reads."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class RateLimitExceeded(DomainError):
    """Too many requests."""

    code = "RATE_LIMIT_EXCEEDED"


class ServiceUnavailable(DomainError):
    """A part of the service that this needs is unavailable; try again later."""

    code = "SERVICE_UNAVAILABLE"


class DeadlineExceeded(DomainError):
    """The answer was not ready within the time allowed."""

    code = "GATEWAY_TIMEOUT"
