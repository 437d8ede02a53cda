"""The document shows, for every operation, what a request and its answer look like; and they are as it says."""

import json
import re
from typing import Any

import jsonschema
import pytest
from tests.support.matrix import document

from entrypoints.http.examples import FILE

OPERATIONS = [
    pytest.param(operation, id=f"{method.upper()} {path}")
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if not operation.get("x-websocket")
]
AGAIN = "run `python -m tests.support.record_examples`"
IN_OTHER_TYPES = {"exportDocument", "exportKnowledge"}
"""The same answer as CSV, too."""


def bodies(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What goes in and what comes out, by media type."""
    wanted = list(operation.get("requestBody", {}).get("content", {}).items())
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            wanted += response.get("content", {}).items()
    return [each for each in wanted if each[0] != "multipart/form-data"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_examples_that_its_own_schemas_allow(operation: dict[str, Any]) -> None:
    shown = 0
    for media_type, content in bodies(operation):
        if "example" not in content:
            assert operation["operationId"] in IN_OTHER_TYPES, f"no example of {media_type}: {AGAIN}"
            continue
        shown += 1
        schema = {**content["schema"], "components": document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(content["example"])
    assert shown or not bodies(operation)


def test_the_examples_are_of_operations_that_exist_and_show_no_secret() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert json.loads(text).keys() <= {param.values[0]["operationId"] for param in OPERATIONS}, AGAIN  # type: ignore[union-attr]
    assert not re.search(
        r"[sp]k_(live|test)_(?!EXAMPLE|…)|whsec_(?!EXAMPLE)|eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}", text
    )
    assert not re.search(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", text)
