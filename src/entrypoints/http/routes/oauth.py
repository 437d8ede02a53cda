"""The token endpoint (RFC 6749) and the public keys of its tokens (RFC 7517), in the shapes of their standards."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from msgspec import Struct

from application.use_cases.keys import GrantToken
from application.use_cases.tokens import Issued, SigningKeys
from domain.errors import InvalidInput, Problem, Unauthorized
from domain.tokens import JWKS_MAX_AGE
from entrypoints.http.app import rules
from entrypoints.http.calls import Call
from entrypoints.http.errors import CHALLENGE

GRANT = "client_credentials"
FORM_TYPE = "application/x-www-form-urlencoded"
MAX_BODY = 16 * 1024
BASIC = 'Basic realm="supportrag"'


class TokenOut(Struct, kw_only=True):
    access_token: str
    token_type: str
    expires_in: int
    scope: str


class KeySetOut(Struct, kw_only=True):
    keys: list[dict[str, Any]]


class OAuthController(Controller):
    tags = ("access",)

    @post("/oauth/token", status_code=200, operation_id="grantToken", opt=rules(public=True, raises=(Unauthorized,)))
    async def token(
        self, request: Request[Any, Any, Any], grant_token: NamedDependency[GrantToken]
    ) -> Response[TokenOut]:
        """Exchange a key for an access token.

        The client-credentials grant: a form with `grant_type=client_credentials`, the key's id as `client_id` and
        the key as `client_secret` (or both by HTTP Basic), and perhaps a narrower `scope`.
        """
        given = await _parameters(request)
        client_id, client_secret = _client(request, given)
        if given.get("grant_type") != GRANT:
            name = "unsupported_grant_type" if given.get("grant_type") else "invalid_request"
            raise _refusal(name, f"The grant_type must be {GRANT}.")
        issued = await _granted(grant_token, client_id, client_secret, given.get("scope"))
        out = TokenOut(
            access_token=issued.access_token,
            token_type="Bearer",  # noqa: S106 - the kind of token, RFC 6750
            expires_in=issued.expires_in,
            scope=" ".join(scope.value for scope in issued.scopes),
        )
        return Response(out, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    @get("/.well-known/jwks.json", operation_id="getJwks", opt=rules(public=True))
    async def jwks(self, signing_keys: NamedDependency[SigningKeys]) -> Response[KeySetOut]:
        """The public keys that access tokens are signed with."""
        keys = [dict(key) for key in await signing_keys.published()]
        return Response(KeySetOut(keys=keys), headers={"Cache-Control": f"public, max-age={JWKS_MAX_AGE}"})


async def _granted(grant_token: GrantToken, client_id: str, client_secret: str, scope: str | None) -> Issued:
    try:
        return await grant_token(client_id, client_secret, scope)
    except Unauthorized as refusal:
        raise _invalid_client(refusal.message) from refusal


def _refusal(name: str, message: str) -> InvalidInput:
    return InvalidInput(problems=[Problem(message, code=name)])


async def _parameters(request: Request[Any, Any, Any]) -> Mapping[str, str]:
    """Of a form, which is the standard, or of a JSON object."""
    raw = await request.body()
    if len(raw) > MAX_BODY:
        raise _refusal("invalid_request", "The request is too large.")
    kind = request.content_type[0]
    try:
        if kind == "application/json":
            return msgspec.json.decode(raw, type=dict[str, str])
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=20)
    except (ValueError, RecursionError) as error:
        raise _refusal("invalid_request", f"The request must be {FORM_TYPE}.") from error
    given = dict(pairs)
    if len(given) < len(pairs):
        raise _refusal("invalid_request", "No parameter may be given twice.")
    return given


def _client(request: Request[Any, Any, Any], given: Mapping[str, str]) -> tuple[str, str]:
    """By HTTP Basic or in the body, and not by both."""
    header = Call.of(request).given.get("authorization")
    if header is not None:
        if "client_secret" in given:
            raise _refusal("invalid_request", "The client must authenticate in one way.")
        return _basic(header)
    if not given.get("client_id") or not given.get("client_secret"):
        raise _invalid_client("Client id and secret are needed.")
    return given["client_id"], given["client_secret"]


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid_client("The Authorization header cannot be read.") from error
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise _invalid_client("The Authorization header must be: Basic <id:secret>.")
    return unquote_plus(client_id), unquote_plus(secret)


def _invalid_client(message: str) -> Unauthorized:
    return Unauthorized(problems=[Problem(message, code="invalid_client", details={CHALLENGE: BASIC})])
