import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from tests.support.border import client

from entrypoints.http.errors import MAX_PROBLEMS

ASK = {"question": "Where is it?", "user_id": "u"}
JSON = {"Content-Type": "application/json"}


def by_field(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 400, response.text
    return {error["field"]: error["details"] for error in response.json()["errors"]}


async def ask(http: httpx.AsyncClient, body: bytes) -> dict[str, Any]:
    return by_field(await http.post("/api/v1/notes/ask", content=body, headers=JSON))


async def test_every_offending_field_is_named_with_its_rule(http: httpx.AsyncClient) -> None:
    body = {
        "question": "x" * 41,
        "usr_id": "u",
        "history": [{"role": "robot", "content": "y" * 21}, {"role": "user"}, 7],
        "options": {"top_k": "5", "temperature": 3},
        "channel": "fax",
        "due": "tomorrow",
        "metadata": [],
    }
    response = await http.post("/api/v1/notes/ask", json=body)

    found = by_field(response)
    assert found["question"] == {"max_length": 40, "provided_length": 41}
    assert found["user_id"] == {"rule": "required", "expected": "string"}
    assert found["usr_id"]["rule"] == "unknown_field"
    assert found["history"] == {"max_length": 2, "provided_length": 3}
    assert found["history.0.role"] == {"allowed": ["assistant", "user"]}
    assert found["history.0.content"] == {"max_length": 20, "provided_length": 21}
    assert found["history.1.content"]["rule"] == "required"
    assert found["history.2"] == {"expected": "object", "provided_type": "integer"}
    assert found["options.top_k"] == {"expected": "integer", "provided_type": "string"}
    assert found["options.temperature"] == {"maximum": 2}
    assert found["channel"] == {"allowed": ["mail", "phone"]}
    assert found["due"]["provided_type"] == "string"
    assert found["metadata"] == {"expected": "object", "provided_type": "array"}
    assert "robot" not in response.text and "tomorrow" not in response.text


async def test_parameters_and_body_are_refused_together(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/ask?verbose=1", json={"question": "ab"})

    assert set(by_field(response)) == {"verbose", "question", "user_id"}


async def test_one_overlong_question_has_a_code_of_its_own(http: httpx.AsyncClient) -> None:
    long = await http.post("/api/v1/notes/ask", json={**ASK, "question": "x" * 41})
    short = await http.post("/api/v1/notes/ask", json={**ASK, "question": "x"})

    assert long.json()["error"]["code"] == "QUERY_TOO_LONG"
    assert short.json()["error"]["code"] == "VALIDATION_ERROR"


async def test_what_fields_must_be_together_is_checked_too(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/period", json={"since": "2026-02-01", "until": "2026-01-01"})

    assert by_field(response) == {"body": {"rule": "consistent"}}
    assert "until must not be before since" in response.text


@pytest.mark.parametrize(
    ("value", "code_point"),
    [('"a\\u0000b"', "U+0000"), ('"a\x01b"', "U+0001"), ('"a\x7fb"', "U+007F"), ('"a\\u0085"', "U+0085"),
     ('"a\\b"', "U+0008"), ('"a\\ud800"', "U+D800"), ('"\\udc00x"', "U+DC00")],
)  # fmt: skip
@pytest.mark.parametrize("field", ["question", "user_id", "metadata.k", "metadata.l.0"])
async def test_no_text_holds_control_characters_or_lone_surrogates(
    http: httpx.AsyncClient, field: str, value: str, code_point: str
) -> None:
    parts = {"question": '"Where?"', "user_id": '"u"', "metadata.k": '"v"', "metadata.l.0": '"v"', field: value}
    body = (
        f'{{"question": {parts["question"]}, "user_id": {parts["user_id"]}, '
        f'"metadata": {{"k": {parts["metadata.k"]}, "l": [{parts["metadata.l.0"]}]}}}}'
    )

    found = await ask(http, body.encode())
    assert list(found) == [field]
    assert found[field]["code_point"] == code_point


async def test_a_key_with_a_control_character_is_named_without_it(http: httpx.AsyncClient) -> None:
    found = await ask(http, b'{"question": "Where?", "user_id": "u", "metadata": {"a\\u0007b": 1}}')

    assert list(found) == ["metadata.a�b"]


async def test_tabs_newlines_and_pairs_of_surrogates_are_text(http: httpx.AsyncClient) -> None:
    body = b'{"question": "a\\tb\\r\\n\\ud83d\\ude00 \\\\u0000", "user_id": "u"}'
    response = await http.post("/api/v1/notes/ask", content=body, headers=JSON)

    assert response.json()["data"]["question"] == "a\tb\r\n\U0001f600 \\u0000"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e999", "9223372036854775808",
                                    "-9223372036854775809", "9" * 5000])  # fmt: skip
@pytest.mark.parametrize("field", ["options.top_k", "options.temperature", "metadata.x"])
async def test_numbers_nobody_can_hold_are_refused(http: httpx.AsyncClient, field: str, number: str) -> None:
    outer, inner = field.split(".")
    body = f'{{"question": "Where?", "user_id": "u", "{outer}": {{"{inner}": {number}}}}}'

    assert field in await ask(http, body.encode())


async def test_the_largest_integers_pass(http: httpx.AsyncClient) -> None:
    metadata = {"max": 2**63 - 1, "min": -(2**63)}
    response = await http.post("/api/v1/notes/ask", json={**ASK, "metadata": metadata})

    assert response.json()["data"]["metadata"] == metadata


@pytest.mark.parametrize(
    "body",
    [
        b"{", b'{"question"', b"{'question': 1}", b"\xff\xfe{}", b'{"question": "\xff"}', b"{} {}", b"nul", b"\x00",
        b"\xef\xbb\xbf{}", '{"question": "x"}'.encode("utf-16"), b"[" * 60, b'"' * 3, b"{,}", b"1" * 5000,
    ],
)  # fmt: skip
async def test_broken_json_is_a_400_about_the_body(http: httpx.AsyncClient, body: bytes) -> None:
    assert list(await ask(http, body)) == ["body"]


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"', b"true"])
async def test_a_body_of_another_kind_says_so(http: httpx.AsyncClient, body: bytes) -> None:
    found = await ask(http, body)

    assert found["body"]["expected"] == "object"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000,
        b"[" * 9_000 + b"]" * 9_000,
        b'{"a":' * 3_000,
        b'{"question": "Where?", "user_id": "u", "metadata": ' + b'{"a":' * 70 + b"1" + b"}" * 71,
    ],
)
async def test_too_deep_nesting_is_refused_before_it_hurts(http: httpx.AsyncClient, body: bytes) -> None:
    assert await ask(http, body) == {"body": {"max_depth": 64}}


async def test_brackets_in_text_are_not_nesting(http: httpx.AsyncClient) -> None:
    metadata = {"text": '[{\\"' * 200, "list": [[1]] * 100}
    response = await http.post("/api/v1/notes/ask", json={**ASK, "metadata": metadata})

    assert response.json()["data"]["metadata"] == metadata


async def test_a_required_body_must_come_and_an_optional_may_not(http: httpx.AsyncClient) -> None:
    assert await ask(http, b"") == {"body": {"rule": "required"}}
    assert (await http.post("/api/v1/notes")).json()["data"] == 0
    assert (await http.post("/api/v1/notes", json={"top_k": 3})).json()["data"] == 3
    assert (await http.post("/api/v1/notes", json=None, content=b"null", headers=JSON)).json()["data"] == 0


@pytest.mark.parametrize(
    ("content_type", "more"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("application/json; charset=utf-16", {}),
        ("application/json", {"Content-Encoding": "gzip"}),
        ("x" * 1000, {}),
    ],
)
async def test_bodies_of_other_types_are_unsupported(
    http: httpx.AsyncClient, content_type: str, more: dict[str, str]
) -> None:
    response = await http.post(
        "/api/v1/notes/ask", content=json.dumps(ASK), headers={"Content-Type": content_type, **more}
    )

    assert (response.status_code, response.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "application/vnd.supportrag.v1+json", ""])
async def test_json_may_be_called_by_its_names(http: httpx.AsyncClient, content_type: str) -> None:
    response = await http.post("/api/v1/notes/ask", content=json.dumps(ASK), headers={"Content-Type": content_type})

    assert response.status_code == 200


async def test_a_body_may_not_be_larger_than_the_limit(http: httpx.AsyncClient) -> None:
    response = await http.post("/api/v1/notes/ask", content=b" " * 20_001, headers=JSON)

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert response.json()["errors"][0]["details"]["max_bytes"] == 20_000


async def test_a_body_without_a_length_is_counted_as_it_comes(http: httpx.AsyncClient) -> None:
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while True:
            taken += 1000
            yield b" " * 1000

    for path in ("/api/v1/notes/ask", "/api/v1/hook"):
        taken = 0
        response = await http.post(path, content=endless(), headers=JSON)
        assert response.status_code == 413
        assert taken <= 22_000


async def test_offences_without_number_are_counted_not_listed(http: httpx.AsyncClient) -> None:
    body = {**ASK, **{f"field_{number}": number for number in range(500)}}
    errors = (await http.post("/api/v1/notes/ask", json=body)).json()["errors"]

    assert len(errors) == MAX_PROBLEMS + 1
    assert errors[-1]["details"] == {"hidden": 500 - MAX_PROBLEMS}


async def test_query_parameters_are_read_by_their_types(http: httpx.AsyncClient) -> None:
    good = "category=a&category=b&channel=mail&urgent=true&created_after=2026-01-01T00:00:00Z&min_score=0.5&limit=7"
    response = await http.get(f"/api/v1/notes?{good}")

    assert response.json()["pagination"]["limit"] == 7


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ("limit=0", "limit", {"minimum": 1}),
        ("limit=101", "limit", {"maximum": 100}),
        ("limit=ten", "limit", {"expected": "integer", "provided_type": "string"}),
        ("limit=", "limit", {"expected": "integer", "provided_type": "string"}),
        ("limit=1.0", "limit", {"expected": "integer", "provided_type": "string"}),
        ("limit=1e1", "limit", {"expected": "integer", "provided_type": "string"}),
        ("limit=%20%31", "limit", {"expected": "integer", "provided_type": "string"}),
        ("limit=99999999999999999999", "limit", {"minimum": -(2**63), "maximum": 2**63 - 1}),
        ("limit=5&limit=6", "limit", {"rule": "once", "provided_count": 2}),
        ("offset=-1", "offset", {"minimum": 0}),
        ("cursor=", "cursor", {"min_length": 1, "provided_length": 0}),
        ("sort=colour", "sort", {"allowed": ["-created_at", "-title", "created_at", "title"]}),
        ("channel=fax", "channel", {"allowed": ["mail", "phone"]}),
        ("urgent=maybe", "urgent", {"expected": "boolean", "provided_type": "string"}),
        ("min_score=nan", "min_score", {"expected": "number", "provided_type": "string"}),
        ("min_score=1e999", "min_score", {"rule": "finite"}),
        ("min_score=2", "min_score", {"maximum": 1}),
        ("category=a%00", "category", {"code_point": "U+0000"}),
        ("category=ok&category=a%0B", "category", {"code_point": "U+000B"}),
        ("category=%FF", "category", {"code_point": "U+DCFF"}),
        ("created_after=yesterday", "created_after", {"provided_type": "string"}),
        ("created_after=2026-01-01T00:00:00", "created_after", {"rule": "time_zone"}),
        ("limt=5", "limt", {"rule": "unknown_parameter"}),
    ],
)
async def test_a_wrong_query_parameter_is_named(
    http: httpx.AsyncClient, query: str, field: str, detail: dict[str, Any]
) -> None:
    found = by_field(await http.get(f"/api/v1/notes?{query}"))

    assert list(found) == [field]
    assert detail.items() <= found[field].items()


async def test_all_wrong_parameters_are_named_at_once(http: httpx.AsyncClient) -> None:
    found = by_field(await http.get("/api/v1/notes?limit=0&offset=x&sort=no&colour=red"))

    assert set(found) == {"limit", "offset", "sort", "colour"}


async def test_a_misspelt_parameter_names_the_right_ones(http: httpx.AsyncClient) -> None:
    found = by_field(await http.get("/api/v1/notes?limt=5"))

    assert {"limit", "cursor", "min_score"} <= set(found["limt"]["allowed"])


async def test_a_required_parameter_must_come(http: httpx.AsyncClient) -> None:
    assert by_field(await http.get("/api/v1/notes/search")) == {"q": {"rule": "required", "in": "query"}}
    assert by_field(await http.get("/api/v1/notes/search?q=x"))["q"] == {"min_length": 2, "provided_length": 1}


async def test_a_cursor_and_an_offset_do_not_go_together(http: httpx.AsyncClient) -> None:
    assert list(by_field(await http.get("/api/v1/notes?cursor=abc&offset=0"))) == ["offset"]


async def test_a_route_may_read_its_query_itself(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/notes/open?filter.x=1")).json()["data"] == {"filter.x": "1"}
    assert list(by_field(await http.get("/api/v1/notes/open?x=%00"))) == ["x"]


async def test_too_many_parameters_are_refused(http: httpx.AsyncClient) -> None:
    assert list(by_field(await http.get("/api/v1/notes/open?" + "a=1&" * 300))) == ["query"]


async def test_path_parameters_are_checked(http: httpx.AsyncClient) -> None:
    assert by_field(await http.get("/api/v1/notes/" + "x" * 21))["note_id"]["max_length"] == 20
    assert by_field(await http.get("/api/v1/notes/a%00"))["note_id"]["code_point"] == "U+0000"
    assert by_field(await http.get("/api/v1/notes/1/lines/two"))["number"]["expected"] == "integer"
    assert by_field(await http.get("/api/v1/notes/1/lines/0"))["number"] == {"minimum": 1}
    assert list(by_field(await http.get("/api/v1/notes/%FF"))) == ["path"]


async def test_an_escaped_slash_stays_inside_its_segment(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/notes/a%2Fb%20%C3%BC")).json()["data"] == "a/b ü"
    assert (await http.get("/api/v1/notes/plain")).json()["data"] == "plain"


async def test_header_parameters_are_checked(http: httpx.AsyncClient) -> None:
    response = await http.get("/api/v1/notes/1", headers={"X-Reader": "too long"})

    assert by_field(response) == {"X-Reader": {"max_length": 5, "provided_length": 8}}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([*ASK, "history", "options", "channel", "due", "metadata", "other"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(fields, anything, max_size=4))
async def test_no_body_of_any_kind_is_a_mistake_of_ours(app: Litestar, changes: dict[str, Any]) -> None:
    """Good bodies are answered, all others refused with the fields that were sent or are missing."""
    async with client(app) as http:
        response = await http.post("/api/v1/notes/ask", content=json.dumps({**ASK, **changes}), headers=JSON)

    assert response.status_code in {200, 400}, response.text
    if response.status_code == 400:
        assert {error["field"].split(".")[0] for error in response.json()["errors"]} <= {*changes}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60))
async def test_no_bytes_are_a_mistake_of_ours(app: Litestar, body: bytes) -> None:
    async with client(app) as http:
        for path, content_type in (
            ("/api/v1/notes/ask", "application/json"),
            ("/api/v1/notes/upload", "multipart/form-data; boundary=x"),
        ):
            response = await http.post(path, content=body, headers={"Content-Type": content_type})
            assert response.status_code in {400, 202}
