import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from litestar import Litestar, Request, get
from litestar.params import FromPath
from tests.support.border import build, client

from domain.errors import RateLimitExceeded
from entrypoints.http.admission import Admission, Reply
from entrypoints.http.app import HttpOptions
from entrypoints.http.calls import Call
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.requests import fingerprint

ASK = {"question": "Where is it?", "user_id": "u"}


async def test_without_a_token_nothing_but_open_routes_answers(stranger: httpx.AsyncClient) -> None:
    response = await stranger.get("/api/v1/notes/1")

    assert (response.status_code, response.json()["error"]["code"]) == (401, "UNAUTHORIZED")
    assert response.headers["www-authenticate"] == 'Bearer realm="supportrag"'
    assert "challenge" not in response.text


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("Bearer wrong", "invalid_token"),
        ("Bearer", "invalid_request"),
        ("Bearer a b", "invalid_request"),
        ("Basic dXNlcjpwYXNz", "invalid_request"),
        ("", "invalid_request"),
        ("Bearer " + "x" * 9000, "invalid_request"),
        ("Bearer caf\xe9", "invalid_request"),
    ],
)
async def test_a_bad_token_says_what_is_wrong_with_it(stranger: httpx.AsyncClient, header: str, error: str) -> None:
    response = await stranger.get("/api/v1/notes/1", headers=[(b"Authorization", header.encode("latin-1"))])

    assert response.status_code == 401
    assert f'error="{error}"' in response.headers["www-authenticate"]


async def test_two_tokens_are_none(stranger: httpx.AsyncClient) -> None:
    both = [("Authorization", "Bearer write"), ("Authorization", "Bearer admin")]

    assert (await stranger.get("/api/v1/notes/1", headers=both)).status_code == 401


@pytest.mark.parametrize(
    ("token", "statuses"),
    [
        ("read", {"GET": 200, "POST": 403, "DELETE": 403, "ask": 403}),
        ("write", {"GET": 200, "POST": 201, "DELETE": 403, "ask": 200}),
        ("admin", {"GET": 200, "POST": 201, "DELETE": 200, "ask": 200}),
        ("chat", {"GET": 403, "POST": 403, "DELETE": 403, "ask": 200}),
    ],
)
async def test_a_scope_opens_what_it_should(app: Litestar, token: str, statuses: dict[str, int]) -> None:
    async with client(app, token) as http:
        found = {
            "GET": (await http.get("/api/v1/notes/1")).status_code,
            "POST": (await http.post("/api/v1/notes")).status_code,
            "DELETE": (await http.delete("/api/v1/notes/1")).status_code,
            "ask": (await http.post("/api/v1/notes/ask", json=ASK)).status_code,
        }

    assert found == statuses


async def test_too_little_scope_names_what_is_needed(http: httpx.AsyncClient) -> None:
    response = await http.delete("/api/v1/notes/1")

    assert response.json()["errors"][0]["details"] == {"required_scopes": ["admin"], "scopes": ["write"]}
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_the_token_is_checked_before_the_request(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.post("/api/v1/notes/ask?x=1", content=b"{")).status_code == 401


@pytest.mark.parametrize("tenant", ["", "x" * 129, "a\tb"])
async def test_a_tenant_has_a_name_of_sensible_length(http: httpx.AsyncClient, tenant: str) -> None:
    assert (await http.get("/api/v1/notes/1", headers={"X-Tenant-ID": tenant})).status_code == 400


async def test_on_a_closed_network_everyone_is_admin_of_the_default_tenant() -> None:
    async with client(build(HttpOptions(auth_enabled=False)), token=None) as http:
        assert (await http.post("/api/v1/notes/ask", json=ASK)).json()["data"]["tenant_id"] == "default"
        assert (await http.delete("/api/v1/notes/1")).status_code == 200
        assert (await http.get("/api/v1/notes/1", headers={"X-Tenant-ID": "acme"})).status_code == 403


async def test_answers_are_neither_sniffed_nor_stored(http: httpx.AsyncClient) -> None:
    headers = (await http.get("/api/v1/ping")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers and "strict-transport-security" not in headers
    assert "access-control-allow-origin" not in headers


async def test_a_page_may_load_nothing_from_elsewhere(stranger: httpx.AsyncClient) -> None:
    for path in ("/page", "/docs", "/docs/errors"):
        headers = (await stranger.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("peer", "forwarded", "proto", "client_address", "secure"),
    [
        ("10.0.0.1", "203.0.113.9", "https", "203.0.113.9", True),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "https", "203.0.113.9", True),
        ("10.0.0.1", "nonsense, 203.0.113.9", "http", "203.0.113.9", False),
        ("10.0.0.1", "nonsense", "http", "10.0.0.1", False),
        ("198.51.100.1", "203.0.113.9", "https", "198.51.100.1", False),
    ],
)
async def test_only_trusted_proxies_are_believed(
    peer: str, forwarded: str, proto: str, client_address: str, secure: bool
) -> None:
    seen: list[str | None] = []

    def observe(call: Call, status: int, seconds: float) -> None:
        seen.append(call.client)

    app = build(HttpOptions(trusted_proxies=("10.0.0.0/8",)), observers=[observe])
    async with client(app, client=(peer, 1)) as http:
        headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": proto}
        response = await http.get("/api/v1/ping", headers=headers)

    assert seen == [client_address]
    assert ("strict-transport-security" in response.headers) is secure


async def test_configured_origins_may_read_even_refusals() -> None:
    app = build(HttpOptions(cors_origins=("https://desk.example",)))
    async with client(app) as http:
        for origin, allowed in (("https://desk.example", True), ("https://evil.example", False)):
            refused = await http.get("/api/v1/nowhere", headers={"Origin": origin})
            asked = await http.options(
                "/api/v1/notes/1", headers={"Origin": origin, "Access-Control-Request-Method": "DELETE"}
            )
            for response in (refused, asked):
                assert (response.headers.get("access-control-allow-origin") == origin) is allowed


async def test_a_publishable_key_opens_its_own_origins_only(app: Litestar) -> None:
    async with client(app, "chat") as http:
        for origin, allowed in (("https://shop.example", True), ("https://evil.example", False)):
            response = await http.post("/api/v1/notes/ask", json=ASK, headers={"Origin": origin})
            assert (response.headers.get("access-control-allow-origin") == origin) is allowed


class Recorder(Admission):
    """Counts, and answers or refuses in the handler's place when told to."""

    def __init__(self, name: str, journal: list[str], reply: Reply | None = None, refuse: bool = False) -> None:
        self.name, self.journal, self.reply, self.refuse = name, journal, reply, refuse

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        assert call.principal is not None
        self.journal.append(f"{self.name} in")
        call.headers[f"X-{self.name}"] = call.principal.tenant_id
        if self.refuse:
            raise RateLimitExceeded(retry_after=7)
        return self.reply

    async def settle(self, call: Call, request: Request[Any, Any, Any], reply: Reply) -> None:
        self.journal.append(f"{self.name} {reply.status} {None if reply.body is None else 'whole'}")

    async def release(self, call: Call, request: Request[Any, Any, Any]) -> None:
        self.journal.append(f"{self.name} out")


async def through(steps: Sequence[Admission], method: str, path: str, **more: Any) -> httpx.Response:
    async with client(build(admissions=steps)) as http:
        return await http.request(method, path, **more)


async def test_steps_see_every_answer_of_the_handler_inside_out() -> None:
    journal: list[str] = []
    steps = [Recorder("A", journal), Recorder("B", journal)]
    response = await through(steps, "POST", "/api/v1/notes/ask", json={"question": 1})

    assert response.status_code == 400
    assert journal == ["A in", "B in", "B 400 whole", "A 400 whole", "B out", "A out"]
    assert response.headers["x-a"] == response.headers["x-b"] == "acme"


async def test_a_step_may_answer_in_the_handlers_place() -> None:
    journal: list[str] = []
    kept = Reply(200, {"content-type": "application/json", "idempotency-replayed": "true"}, b'{"kept": 1}')
    response = await through([Recorder("A", journal, kept)], "DELETE", "/api/v1/notes/1")
    assert response.status_code == 403, "the scope is checked first"

    response = await through([Recorder("A", journal, kept)], "POST", "/api/v1/notes")
    assert (response.json(), response.headers["idempotency-replayed"]) == ({"kept": 1}, "true")
    assert response.headers["x-request-id"]
    assert journal == ["A in", "A out"]


async def test_a_step_may_refuse_and_still_add_headers() -> None:
    journal: list[str] = []
    response = await through([Recorder("A", journal, refuse=True)], "GET", "/api/v1/notes/1")

    assert (response.status_code, response.headers["retry-after"], response.headers["x-a"]) == (429, "7", "acme")
    assert journal == ["A in", "A out"]


async def test_a_step_is_released_when_the_caller_goes_away() -> None:
    journal: list[str] = []
    started = asyncio.Event()

    @get("/api/v1/slow", operation_id="slow")
    async def slow() -> Envelope[str]:
        started.set()
        await asyncio.sleep(60)
        return ok("late")

    app = build(routes=[slow], admissions=[Recorder("A", journal)])
    async with client(app) as http:
        task = asyncio.create_task(http.get("/api/v1/slow"))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert journal == ["A in", "A out"]


class Prints(Admission):
    def __init__(self) -> None:
        self.prints: list[str] = []

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        self.prints.append(await fingerprint(request))
        return None


async def test_a_request_is_told_by_its_parts_not_by_its_boundary() -> None:
    """And a handler still gets the body that a step has read before it."""
    step = Prints()

    async def upload(content: bytes, boundary: str) -> httpx.Response:
        form = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'.encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await through([step], "POST", "/api/v1/notes/upload", content=form, headers=headers)

    first, again, other = await upload(b"abc", "one"), await upload(b"abc", "two"), await upload(b"abd", "one")
    asked = await through([step], "POST", "/api/v1/notes/ask", json=ASK)

    assert first.json()["data"]["sizes"] == again.json()["data"]["sizes"] == [3]
    assert (other.status_code, asked.status_code) == (202, 200)
    assert step.prints[0] == step.prints[1] != step.prints[2]


async def test_observers_hear_of_every_answer() -> None:
    heard: list[tuple[str | None, int]] = []

    def observe(call: Call, status: int, seconds: float) -> None:
        heard.append((call.route, status))

    async with client(build(observers=[observe])) as http:
        await http.get("/api/v1/notes/1")
        await http.get("/api/v1/nowhere")

    assert heard == [("/api/v1/notes/{note_id}", 200), (None, 404)]


async def converse(
    app: Litestar, path: str, messages: Sequence[dict[str, Any]], headers: Sequence[tuple[bytes, bytes]] = ()
) -> list[dict[str, Any]]:
    """What an ASGI server would be sent by a socket whose client says `messages` and then waits."""
    sent: list[dict[str, Any]] = []
    incoming = iter([{"type": "websocket.connect"}, *messages])

    async def receive() -> dict[str, Any]:
        return next(incoming, None) or await asyncio.sleep(60, {"type": "websocket.disconnect", "code": 1000})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "ws",
        "headers": [(b"host", b"test"), *headers], "client": ("1.2.3.4", 1), "server": ("test", 80),
        "subprotocols": [], "extensions": {}, "asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 5)  # type: ignore[arg-type]
    return sent


def say(text: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": text}


def said(message: dict[str, Any]) -> Any:
    return json.loads(message.get("text") or message["bytes"])


async def test_a_socket_is_admitted_by_its_handshake(app: Litestar) -> None:
    sent = await converse(app, "/api/v1/notes/1/ws", [], [(b"authorization", b"Bearer read")])

    assert said(sent[1]) == {"tenant": "acme"}


async def test_a_socket_is_admitted_by_its_first_message(app: Litestar) -> None:
    sent = await converse(app, "/api/v1/notes/1/ws", [say('{"auth": "read"}')])

    assert said(sent[1]) == {"tenant": "acme"}


@pytest.mark.parametrize(
    ("first", "code"),
    [('{"auth": "wrong"}', 4401), ('{"auth": 1}', 4401), ("[]", 4401), ("{", 4401), ('{"auth": "chat"}', 4403)],
)
async def test_a_socket_without_a_good_token_is_closed(app: Litestar, first: str, code: int) -> None:
    sent = await converse(app, "/api/v1/notes/1/ws", [say(first)])

    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", code)


async def test_a_socket_closes_with_what_went_wrong(app: Litestar) -> None:
    bearer = [(b"authorization", b"Bearer read")]
    gone = await converse(app, "/api/v1/notes/missing/ws", [], bearer)
    nowhere = await converse(app, "/api/v1/nowhere", [], bearer)
    unfit = await converse(app, "/api/v1/notes/a\x00b/ws", [], bearer)

    assert (gone[-1]["code"], gone[-1]["reason"]) == (4404, "There is no such note.")
    assert unfit[-1]["code"] == 4400
    assert nowhere == [{"type": "websocket.close", "code": 4404, "reason": "There is nothing at this path."}]


async def test_a_route_with_an_unknown_option_does_not_start() -> None:
    @get("/x", operation_id="x", opt={"scop": "admin"})
    async def wrong() -> Envelope[str]:
        return ok("x")

    with pytest.raises(ValueError, match="unknown route options: scop"):
        build(routes=[wrong])


async def test_two_routes_may_not_share_an_operation_id() -> None:
    @get("/x", operation_id="ping")
    async def wrong() -> Envelope[str]:
        return ok("x")

    with pytest.raises(ValueError, match="operation_id used twice: ping"):
        build(routes=[wrong])


async def test_a_route_whose_parameter_cannot_be_checked_does_not_start() -> None:
    @get("/x/{y:str}", operation_id="x")
    async def wrong(y: FromPath[set[int] | list[int]]) -> Envelope[str]:
        return ok("x")

    with pytest.raises(TypeError):
        build(routes=[wrong])
