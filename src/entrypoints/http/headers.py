"""What every answer carries besides its body."""

from collections.abc import Mapping

from entrypoints.http.calls import API_VERSION, Call

HSTS = "max-age=31536000; includeSubDomains"
PAGE_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
"""For pages that are text and style only; one that runs scripts sends its own."""

RawHeaders = list[tuple[bytes, bytes]]


def is_page(present: Mapping[bytes, bytes]) -> bool:
    return present.get(b"content-type", b"").startswith(b"text/html")


def is_api(path: str) -> bool:
    return not path.startswith(("/docs", "/console", "/schema/", "/.well-known/"))


def complete(raw: RawHeaders, call: Call) -> RawHeaders:
    """The headers of an answer with ours added; what the handler set itself stays as it is."""
    present = {name.lower(): value for name, value in raw}
    wanted = _standing(call, page=is_page(present)) | call.headers
    added = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in wanted.items()
        if name.lower().encode("latin-1") not in present
    ]
    return [*(_with_head(name, value) for name, value in raw), *added]


def _standing(call: Call, *, page: bool) -> dict[str, str]:
    headers = {"x-request-id": call.request_id, "x-content-type-options": "nosniff"}
    if page:
        headers |= {"content-security-policy": PAGE_CSP, "referrer-policy": "no-referrer"}
    if is_api(call.path):
        headers |= {"api-version": API_VERSION, "cache-control": "no-store"}
    if call.secure:
        headers["strict-transport-security"] = HSTS
    return headers


def _with_head(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"allow":
        return name, value
    return name, ", ".join(allowed_methods(value.decode("latin-1"))).encode("latin-1")


def allowed_methods(allow: str) -> list[str]:
    """Of an `Allow` header. Whatever answers GET answers HEAD: the border sees to that."""
    methods = {method.strip() for method in allow.split(",") if method.strip()}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
