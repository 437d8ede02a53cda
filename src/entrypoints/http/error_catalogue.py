"""What each error code means and what to do about it: the text of its documentation page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorPage:
    meaning: str
    remedy: str
    retry: bool = False
    example: str = ""
    """One entry of `errors` as it might look."""


ERROR_PAGES = {
    "VALIDATION_ERROR": ErrorPage(
        "The request is not valid: a field is missing, unknown, too long, of the wrong type or out of range.",
        "Each entry of `errors` names one field by its dotted path, the rule it breaks and what was offered "
        "(its size or type, never its value). Correct all of them and send the request again.",
        example='{"code": "VALIDATION_ERROR", "field": "conversation_history.0.content", '
        '"message": "Must have at most 2000 characters.", '
        '"details": {"max_length": 2000, "provided_length": 2417}}',
    ),
    "QUERY_TOO_LONG": ErrorPage(
        "The question is longer than is accepted.",
        "Shorten it to `details.max_length` characters, or put what leads up to it into `conversation_history`.",
        example='{"code": "QUERY_TOO_LONG", "field": "question", "message": "Must have at most 2000 characters.", '
        '"details": {"max_length": 2000, "provided_length": 2417}}',
    ),
    "INVALID_FORMAT": ErrorPage(
        "A file is not of a format that can be read, or its content is not what its name says.",
        "`GET /api/v1/knowledge/contract` lists the formats and limits. Check that the file opens elsewhere.",
    ),
    "UNAUTHORIZED": ErrorPage(
        "No token came with the request, or it is wrong, expired or revoked.",
        "Send `Authorization: Bearer <token>` with an API key (`sk_…`) or an access token of `POST /oauth/token`. "
        "The `WWW-Authenticate` header says which of these it was.",
    ),
    "FORBIDDEN": ErrorPage(
        "The token is good, but may not do this.",
        "`details.required_scopes` names what is needed. Use a key with that scope; another tenant may be named "
        "only by an administrator of the platform.",
        example='{"code": "FORBIDDEN", "message": "This needs the scope admin.", '
        '"details": {"required_scopes": ["admin"], "scopes": ["write"]}}',
    ),
    "NOT_FOUND": ErrorPage(
        "There is no such resource, or it is not yours.",
        "Check the identifier and the path. What belongs to another tenant looks as if it did not exist.",
    ),
    "METHOD_NOT_ALLOWED": ErrorPage(
        "The path exists, but does not answer to this method.", "The `Allow` header lists the methods it answers to."
    ),
    "NOT_ACCEPTABLE": ErrorPage(
        "The `Accept` header asks for a version of the API that is not served.",
        "Ask for `application/vnd.supportrag.v1+json` or `application/json`.",
    ),
    "CONFLICT": ErrorPage(
        "The resource is in a state that does not allow this, somebody changed it meanwhile, or an idempotency key "
        "was used for another request.",
        "Read the resource again and decide anew. With `Retry-After`, the same request is still running: wait for it.",
    ),
    "PAYLOAD_TOO_LARGE": ErrorPage(
        "The body or a file is larger than is accepted.",
        "`details.max_bytes` is the limit. Split the upload, or have the limit raised.",
    ),
    "UNSUPPORTED_MEDIA_TYPE": ErrorPage(
        "The body is of a type that this route does not read, or compressed.",
        "`details.accepted` lists the types: JSON is `application/json` in UTF-8, files come as `multipart/form-data`.",
    ),
    "RATE_LIMIT_EXCEEDED": ErrorPage(
        "More requests came than the tier of this key allows.",
        "Wait the seconds of `Retry-After`. The `X-RateLimit-*` and `RateLimit` headers show what is left, "
        "`GET /api/v1/usage` shows all of it.",
        retry=True,
    ),
    "INTERNAL_ERROR": ErrorPage(
        "Something went wrong on our side.",
        "Try again. If it stays, report `trace_id`: with it the cause can be found.",
        retry=True,
    ),
    "SERVICE_UNAVAILABLE": ErrorPage(
        "A part that this request needs cannot be reached at the moment.",
        "Wait the seconds of `Retry-After`. `GET /health` shows which part it is.",
        retry=True,
    ),
    "GATEWAY_TIMEOUT": ErrorPage(
        "The answer was not ready within the time allowed.",
        "Try again, or allow more time with `options.timeout_seconds` (30 at most).",
        retry=True,
    ),
}
