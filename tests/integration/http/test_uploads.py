from typing import Any

import httpx
import pytest

from entrypoints.http.forms import MAX_FIELD_BYTES, MAX_PARTS

UPLOAD = "/api/v1/notes/upload"


def by_field(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 400, response.text
    return {error["field"]: error["details"] for error in response.json()["errors"]}


async def test_files_and_fields_arrive_as_they_are_declared(http: httpx.AsyncClient) -> None:
    response = await http.post(
        UPLOAD,
        files=[("files", ("a.txt", b"abc")), ("files", ("größe.md", b"x" * 5000))],
        data={"metadata": '{"a": "b"}', "auto_classify": "false", "tags": ["x", "y"]},
    )

    assert response.json()["data"] == {
        "names": ["a.txt", "größe.md"],
        "sizes": [3, 5000],
        "metadata": {"a": "b"},
        "auto_classify": False,
        "tags": ["x", "y"],
    }


@pytest.mark.parametrize("name", ["data", "json", "options", "anything"])
async def test_the_fields_may_come_as_one_json_part(http: httpx.AsyncClient, name: str) -> None:
    options = (None, b'{"auto_classify": false, "tags": ["x"], "metadata": {"k": "v"}}', "application/json")
    response = await http.post(UPLOAD, files=[("files", ("a.txt", b"abc")), (name, options)])

    data = response.json()["data"]
    assert (data["auto_classify"], data["tags"], data["metadata"]) == (False, ["x"], {"k": "v"})


async def test_a_large_file_is_spooled_and_comes_back_whole(http: httpx.AsyncClient) -> None:
    response = await http.post(UPLOAD, files={"files": ("a.bin", b"\x00\xff" * 90_000)})

    assert response.json()["data"]["sizes"] == [180_000]


async def test_every_wrong_field_of_a_form_is_named(http: httpx.AsyncClient) -> None:
    response = await http.post(
        UPLOAD,
        files=[("fles", ("a.txt", b"abc"))],
        data={"metadata": '{"a": 1}', "auto_classify": "perhaps", "callback_url": "h" * 31, "tags": "a\x00"},
    )

    found = by_field(response)
    assert found["files"]["rule"] == "required"
    assert found["fles"]["rule"] == "unknown_field"
    assert found["metadata.a"] == {"expected": "string", "provided_type": "integer"}
    assert found["auto_classify"]["expected"] == "boolean"
    assert found["callback_url"] == {"max_length": 30, "provided_length": 31}
    assert found["tags"]["code_point"] == "U+0000"


@pytest.mark.parametrize(
    ("field", "value"),
    [("metadata", "{"), ("metadata", "[1]"), ("metadata", "\ud800".encode("utf-8", "surrogatepass")),
     ("metadata", '{"a": "\\u0000"}'), ("tags", "[" * 100)],
)  # fmt: skip
async def test_a_broken_field_is_named(http: httpx.AsyncClient, field: str, value: str | bytes) -> None:
    files: list[Any] = [("files", ("a.txt", b"abc")), (field, (None, value))]
    found = by_field(await http.post(UPLOAD, files=files))

    assert {name.split(".")[0] for name in found} == {field}


async def test_a_text_where_a_file_belongs_is_refused(http: httpx.AsyncClient) -> None:
    found = by_field(await http.post(UPLOAD, files={"files": (None, b"abc")}))

    assert found == {"files.0": {"expected": "file", "provided_type": "string"}}


async def test_a_file_where_a_text_belongs_is_refused(http: httpx.AsyncClient) -> None:
    files = [("files", ("a.txt", b"abc")), ("callback_url", ("b.txt", b"abc"))]

    assert by_field(await http.post(UPLOAD, files=files)) == {
        "callback_url": {"expected": "string", "provided_type": "file"}
    }


async def test_a_file_name_is_text_too(http: httpx.AsyncClient) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a\x07.txt"\r\n\r\nabc\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    assert list(by_field(await http.post(UPLOAD, content=body, headers=headers))) == ["files.filename"]


async def test_a_field_may_come_only_once_unless_it_is_a_list(http: httpx.AsyncClient) -> None:
    files: list[Any] = [("files", ("a.txt", b"")), ("auto_classify", (None, b"1")), ("auto_classify", (None, b"1"))]

    assert by_field(await http.post(UPLOAD, files=files)) == {"auto_classify": {"rule": "once"}}


async def test_more_files_than_allowed_are_refused(http: httpx.AsyncClient) -> None:
    files = [("files", (f"{number}.txt", b"")) for number in range(4)]

    assert by_field(await http.post(UPLOAD, files=files)) == {"files": {"max_length": 3, "provided_length": 4}}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nabc', "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nNonsense\r\n\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data"),
        (b"--x--\r\n", "multipart/form-data; boundary="),
        (b"--\xff--\r\n", "multipart/form-data; boundary=\xff"),
    ],
)
async def test_a_broken_form_is_a_400(http: httpx.AsyncClient, body: bytes, content_type: str) -> None:
    headers = [(b"Content-Type", content_type.encode("latin-1"))]
    response = await http.post(UPLOAD, content=body, headers=headers)

    assert set(by_field(response)) <= {"body", "files", ""}


async def test_a_form_may_not_have_parts_without_end(http: httpx.AsyncClient) -> None:
    files: list[Any] = [("tags", (None, b"x"))] * (MAX_PARTS + 1)

    assert by_field(await http.post(UPLOAD, files=files)) == {"body": {"max_length": MAX_PARTS}}


async def test_a_form_is_limited_as_uploads_are(http: httpx.AsyncClient) -> None:
    response = await http.post(UPLOAD, files={"files": ("a.bin", b"x" * 200_001)})

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert MAX_FIELD_BYTES > 200_000


async def test_a_form_must_be_one(http: httpx.AsyncClient) -> None:
    for headers, body in (({"Content-Type": "application/json"}, b"{}"), ({}, b"x")):
        assert (await http.post(UPLOAD, content=body, headers=headers)).status_code == 415
