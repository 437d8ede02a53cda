import re
from datetime import date
from typing import Any

import httpx
import jsonschema
import pytest
from tests.support.border import build, client

from entrypoints.http.errors import STATUS
from entrypoints.http.openapi import Example
from entrypoints.http.versions import Deprecation

OLD = Deprecation(
    "/api/v1/notes/search",
    since=date(2026, 1, 1),
    sunset=date(2026, 9, 1),
    successor="/api/v1/notes",
)


@pytest.fixture
async def document(stranger: httpx.AsyncClient) -> dict[str, Any]:
    document: dict[str, Any] = (await stranger.get("/schema/openapi.json")).json()
    return document


def validate(document: dict[str, Any], response: httpx.Response, path: str, method: str) -> None:
    """The answer against what the document says of this operation and status."""
    declared = document["paths"][path][method.lower()]["responses"][str(response.status_code)]
    if "$ref" in declared:
        declared = document["components"]["responses"][declared["$ref"].split("/")[-1]]
    schema = {**declared["content"]["application/json"]["schema"], "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(response.json())


async def test_the_document_is_openapi_3_1_and_complete(document: dict[str, Any]) -> None:
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert document["openapi"] == "3.1.0"
    assert {"/api/v1/ping", "/livez", "/api/v1/notes/{note_id}", "/v1/models", "/oauth/token"} <= {*document["paths"]}
    assert len({operation["operationId"] for *_, operation in operations}) == len(operations)
    for path, _, operation in operations:
        named = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
    assert set(STATUS) - {"QUERY_TOO_LONG", "INVALID_FORMAT"} <= {*document["components"]["responses"]}


async def test_each_operation_names_its_scope(document: dict[str, Any]) -> None:
    paths = document["paths"]
    assert paths["/api/v1/notes/{note_id}"]["get"]["security"] == [{"bearer": []}, {"oauth2": ["read"]}]
    assert paths["/api/v1/notes/{note_id}"]["delete"]["security"][1] == {"oauth2": ["admin"]}
    assert paths["/api/v1/notes/ask"]["post"]["security"][1] == {"oauth2": ["write", "chat"]}
    assert paths["/api/v1/ping"]["get"]["security"] == []
    assert "401" not in paths["/api/v1/ping"]["get"]["responses"]


async def test_parameters_are_described_as_they_are_checked(document: dict[str, Any]) -> None:
    described = {each["name"]: each for each in document["paths"]["/api/v1/notes"]["get"]["parameters"]}

    assert described["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert described["sort"]["schema"]["enum"] == ["-created_at", "-title", "created_at", "title"]
    assert described["min_score"]["schema"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert described["category"]["schema"] == {"type": "array", "items": {"type": "string"}}


async def test_bodies_are_described_as_they_are_checked(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Ask"]["additionalProperties"] is False
    assert schemas["Ask"]["properties"]["question"]["maxLength"] == 40
    assert document["paths"]["/api/v1/notes"]["post"]["requestBody"]["required"] is False
    form = document["paths"]["/api/v1/notes/upload"]["post"]["requestBody"]["content"]["multipart/form-data"]
    files = schemas[form["schema"]["$ref"].split("/")[-1]]["properties"]["files"]
    assert files["items"] == {"type": "string", "format": "binary"}


async def test_sockets_stand_in_the_document(document: dict[str, Any]) -> None:
    socket = document["paths"]["/api/v1/notes/{note_id}/ws"]["get"]

    assert socket["x-websocket"] is True
    assert "101" in socket["responses"]


async def test_answers_are_as_the_document_says(http: httpx.AsyncClient, document: dict[str, Any]) -> None:
    ask = {"question": "Where?", "user_id": "u", "due": "2026-01-01T00:00:00+03:00"}
    files = {"files": ("a.txt", b"abc")}
    for method, path, url, more in (
        ("GET", "/api/v1/ping", "/api/v1/ping", {}),
        ("GET", "/api/v1/notes", "/api/v1/notes?limit=3", {}),
        ("GET", "/api/v1/notes", "/api/v1/notes?limit=x", {}),
        ("POST", "/api/v1/notes/ask", "/api/v1/notes/ask", {"json": ask}),
        ("POST", "/api/v1/notes/ask", "/api/v1/notes/ask", {"json": {}}),
        ("POST", "/api/v1/notes/ask", "/api/v1/notes/ask", {"content": b"x", "headers": {"Content-Type": "a/b"}}),
        ("POST", "/api/v1/notes/upload", "/api/v1/notes/upload", {"files": files}),
        ("GET", "/api/v1/notes/{note_id}", "/api/v1/notes/missing", {}),
        ("DELETE", "/api/v1/notes/{note_id}", "/api/v1/notes/1", {}),
        ("GET", "/api/v1/trouble/{kind}", "/api/v1/trouble/late", {}),
        ("GET", "/api/v1/trouble/{kind}", "/api/v1/trouble/bug", {}),
        ("GET", "/v1/models", "/v1/models", {}),
    ):
        validate(document, await http.request(method, url, **more), path, method)


async def test_examples_are_put_where_they_belong() -> None:
    app = build(examples={"ask": Example({"question": "Where?", "user_id": "u"}, {"status": "success"})})
    async with client(app) as http:
        ask = (await http.get("/schema/openapi.json")).json()["paths"]["/api/v1/notes/ask"]["post"]

    assert ask["requestBody"]["content"]["application/json"]["example"]["question"] == "Where?"
    assert ask["responses"]["200"]["content"]["application/json"]["example"] == {"status": "success"}


async def test_the_reference_needs_nothing_from_elsewhere(stranger: httpx.AsyncClient) -> None:
    page = await stranger.get("/docs")

    assert page.headers["content-type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="(/docs/assets/[^"]+)"', page.text)
    assert len(needed) == 3
    assert "http:" not in page.text and "https:" not in page.text
    for asset in needed:
        packed = await stranger.get(asset)
        plain = await stranger.get(asset, headers={"Accept-Encoding": "identity"})
        assert packed.status_code == plain.status_code == 200
        assert packed.content == plain.content
        assert "max-age" in packed.headers["cache-control"]
    assert (await stranger.get("/docs/assets/..%2fdocs.py")).status_code == 404


async def test_every_error_code_has_its_page(stranger: httpx.AsyncClient) -> None:
    listed = (await stranger.get("/docs/errors")).text
    for code, status in STATUS.items():
        page = (await stranger.get(f"/docs/errors/{code}")).text
        assert code in page and f"HTTP {status}" in page
        assert f"/docs/errors/{code}" in listed
    assert (await stranger.get("/docs/errors/NOTHING")).status_code == 404


async def test_a_deprecated_route_says_when_it_ends_and_what_comes_after() -> None:
    async with client(build(deprecations=[OLD])) as http:
        response = await http.get("/api/v1/notes/search?q=abc")
        refused = await http.get("/api/v1/notes/search")
        document = (await http.get("/schema/openapi.json")).json()

    assert response.json()["data"] == "abc"
    for each in (response, refused):
        assert each.headers["deprecation"] == "@1767225600"
        assert each.headers["sunset"] == "Tue, 01 Sep 2026 00:00:00 GMT"
        assert each.headers["link"] == '</api/v1/notes>; rel="successor-version"'
    assert document["paths"]["/api/v1/notes/search"]["get"]["deprecated"] is True
    assert document["paths"]["/api/v1/notes"]["get"]["deprecated"] is False


def test_a_deprecation_gives_half_a_year() -> None:
    with pytest.raises(ValueError, match="at least 183 days"):
        Deprecation("/x", since=date(2026, 1, 1), sunset=date(2026, 7, 2), successor="/y")


def test_only_a_route_can_be_deprecated() -> None:
    elsewhere = Deprecation("/x", since=date(2026, 1, 1), sunset=date(2027, 1, 1), successor="/y")
    with pytest.raises(ValueError, match="not a route: /x"):
        build(deprecations=[elsewhere])
