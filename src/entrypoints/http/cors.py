"""Which web pages may read the answers. None, unless origins are configured or a publishable key names them."""

from dataclasses import dataclass

from entrypoints.http.calls import Call, Headers

PUBLISHABLE_PREFIXES = ("/api/v1/chat/", "/api/v1/sessions")
"""Where publishable keys are good: conversations, and the sessions they opened. A preflight carries no key, so there
it is answered for any origin; whether the page may read the answer is decided by the key's own origins."""

_METHODS = "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"
_REQUEST_HEADERS = (
    "Accept, Authorization, Content-Type, Idempotency-Key, Last-Event-ID, "
    "Traceparent, X-Client-Version, X-Request-ID, X-Tenant-ID"
)
_EXPOSED = (
    "API-Version, Deprecation, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, "
    "Retry-After, Sunset, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "X-RateLimit-Retry-After, X-RateLimit-Warning, X-Request-ID"
)


@dataclass(frozen=True, slots=True)
class Cors:
    origins: tuple[str, ...] = ()

    def is_preflight(self, call: Call, headers: Headers) -> bool:
        asks = call.method == "OPTIONS" and "access-control-request-method" in headers
        return asks and bool(call.origin) and self._may_ask(call)

    def preflight_headers(self, call: Call) -> dict[str, str]:
        return {
            "access-control-allow-origin": call.origin or "",
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": _REQUEST_HEADERS,
            "access-control-max-age": "600",
            "vary": "Origin",
        }

    def answer_headers(self, call: Call) -> dict[str, str]:
        if not call.origin or not self._may_read(call):
            return {}
        return {
            "access-control-allow-origin": call.origin,
            "access-control-expose-headers": _EXPOSED,
            "vary": "Origin",
        }

    def _may_ask(self, call: Call) -> bool:
        return self._configured(call.origin) or call.path.startswith(PUBLISHABLE_PREFIXES)

    def _may_read(self, call: Call) -> bool:
        return self._configured(call.origin) or bool(call.principal and call.origin in call.principal.origins)

    def _configured(self, origin: str | None) -> bool:
        return origin in self.origins or "*" in self.origins
