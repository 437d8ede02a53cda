'''Builds the HTTP application from routes, a way to authenticate, and options.

A resource is a controller with its wire types beside it. All there is to know:

    from litestar import Controller, get, post
    from litestar.di import NamedDependency
    from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
    from entrypoints.http.envelope import Envelope, created, ok, page, pending
    from entrypoints.http.paging import Paging, paged
    from entrypoints.http.routes.system import Ready, SystemController, always_ready
from entrypoints.http.security import Caller, rules

    class Ask(Struct, forbid_unknown_fields=True, kw_only=True):
        question: Annotated[str, Meta(min_length=3, max_length=2000, extra={"code": "QUERY_TOO_LONG"})]
        user_id: Annotated[str, Meta(min_length=1, max_length=128)]

    class QueriesController(Controller):
        path = "/api/v1/queries"
        tags = ("queries",)

        @post("/", status_code=200, operation_id="askQuestion", opt=rules(raises=(Conflict, DeadlineExceeded)))
        async def ask(self, data: JSONBody[Ask], caller: Caller, ask: NamedDependency[AskQuestion]) -> Envelope[Answer]:
            """Answer a question."""
            answered = await ask(caller, data.to_question())
            return ok(Answer.of(answered), links={"self": f"/api/v1/queries/{answered.id}"})

        @get("/", operation_id="listQueries", dependencies=paged("created_at", "confidence"))
        async def browse(self, paging: Paging, caller: Caller, queries: NamedDependency[BrowseQueries],
                         user_id: FromQuery[str | None] = None) -> Envelope[QueryList]:
            """List questions."""
            found = await queries.list(caller, where(user_id=user_id), paging)
            return page(QueryList.of(found), found)

- `data` arrives decoded and checked: wrong types, lengths, unknown fields, control characters, all offences at once.
- Parameters: `FromQuery[…]`, `FromPath[…]`, `FromHeader[…]`; unknown and repeated query parameters are refused
  (`opt=rules(open_query=True)` leaves them to the handler). Path templates are `/{query_id:str}`.
- `opt=rules(scope=Scope.ADMIN | (Scope.WRITE, Scope.CHAT), public=True, upload=True, raises=(…))`; without it a
  route needs `read` for GET and `write` otherwise.
- Files: `data: MultipartBody[UploadForm]` with `files: list[Upload]` among its fields (requests.py, forms.py).
- Refuse by raising a DomainError. Answer with `ok`, `created`, `pending`, `page`; `meta` is filled in. For a header
  or another status return `Response(ok(…), headers=…, status_code=…)`, annotated `Response[Envelope[…]]`.
- A raw body (signatures): take `request: Request`, `await request.body()`, then `decode(body, Type)`.
- A socket: `await socket.accept()`, then `caller = await admit_socket(socket)`; DomainErrors close it with
  4000 + the status.

Serve it with `server_header=False, proxy_headers=False`: proxies are this layer's business.
'''

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler
from litestar.types import Scope as AsgiScope

from application.ports.system import Clock, Ids
from entrypoints.http.admission import Admission, Entrance, Gate
from entrypoints.http.border import Border, Observer, OnStrange, no_concern
from entrypoints.http.calls import Call
from entrypoints.http.cors import Cors
from entrypoints.http.discovery import SelfDescription, check_routes
from entrypoints.http.docs import DocsController
from entrypoints.http.envelope import EnvelopeResponse, as_envelope
from entrypoints.http.errors import Errors
from entrypoints.http.openapi import Example
from entrypoints.http.proxies import Proxies
from entrypoints.http.requests import CheckedRequest, check_request
from entrypoints.http.routes.system import Ready, SystemController, always_ready
from entrypoints.http.security import Authenticate, Guard, current_caller, rules
from entrypoints.http.versions import DEPRECATIONS, Deprecation

__all__ = ["HttpOptions", "create_app", "rules"]

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class HttpOptions:
    service_version: str = "1.0.0"
    auth_enabled: bool = True
    max_body_bytes: int = 2 * 1024 * 1024
    max_upload_bytes: int = 25 * 1024 * 1024
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks (CIDR)."""
    docs_base_url: str = ""
    """Put before `/docs/errors/…` in answers; empty gives links relative to this server."""


def create_app(
    routes: Sequence[ControllerRouterHandler],
    authenticate: Authenticate,
    options: HttpOptions,
    *,
    clock: Clock,
    ids: Ids,
    dependencies: Mapping[str, Provide] | None = None,
    admissions: Sequence[Admission] = (),
    observers: Sequence[Observer] = (),
    on_strange: OnStrange = no_concern,
    deprecations: Sequence[Deprecation] = DEPRECATIONS,
    lifespan: Sequence[Lifespan] = (),
    ready: Ready = always_ready,
    examples: Mapping[str, Example] | None = None,
) -> Litestar:
    """The whole application; `admissions` run in their order, after authentication.

    `ready` names what is still missing; `examples` of the documentation go by operation id.
    """
    guard = Guard(authenticate, options.auth_enabled)
    entrance = Entrance(guard, options.max_body_bytes, options.max_upload_bytes, tuple(admissions))
    errors = Errors(options.docs_base_url)
    described = SelfDescription(options.service_version, tuple(deprecations), examples or {})
    app = Litestar(
        route_handlers=[SystemController, DocsController, *routes],
        middleware=[DefineMiddleware(Gate, entrance=entrance)],
        dependencies={**_own_dependencies(described, ready), **(dependencies or {})},
        exception_handlers={HTTPException: errors.handle, Exception: errors.handle},
        after_exception=[_remember_failure],
        before_request=check_request,
        after_request=as_envelope,
        request_class=CheckedRequest,
        response_class=EnvelopeResponse,
        request_max_body_size=None,
        lifespan=list(lifespan),
        openapi_config=None,
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    app.state["entrance"] = entrance
    app.state["described"] = described
    described.app = app
    check_routes(app, deprecations)
    app.asgi_handler = Border(
        app.asgi_handler,
        errors,
        clock,
        ids,
        Proxies.trusting(options.trusted_proxies),
        Cors(options.cors_origins),
        tuple(deprecations),
        tuple(observers),
        on_strange,
    )
    return app


def _own_dependencies(described: SelfDescription, ready: Ready) -> dict[str, Provide]:
    return {
        "caller": Provide(current_caller, sync_to_thread=False),
        "ready": Provide(lambda: ready, sync_to_thread=False),
        "openapi": Provide(lambda: described.openapi, sync_to_thread=False),
        "discover": Provide(lambda: described.discover, sync_to_thread=False),
    }


async def _remember_failure(error: Exception, scope: AsgiScope) -> None:
    """So that a socket can be closed with the code of what went wrong."""
    Call.of(scope).failure = error
