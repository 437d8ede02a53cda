"""What we sign survives a receiver that parses and writes it again."""

import json
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import canonical_json

NODE = shutil.which("node")

numbers = st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=True, allow_infinity=True))
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text())
keys = st.one_of(st.text(), st.sampled_from(["0", "7", "12", "01", "4294967294", "4294967295", "-1"]))
documents = st.dictionaries(
    keys, st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)
)


def through_node(bodies: list[str]) -> list[str]:
    script = "const a=JSON.parse(require('fs').readFileSync(0,'utf8'));" + (
        "process.stdout.write(JSON.stringify(a.map(b=>JSON.stringify(JSON.parse(b)))))"
    )
    assert NODE is not None
    result = subprocess.run([NODE, "-e", script], input=json.dumps(bodies).encode(), capture_output=True, check=True)
    parsed: list[str] = json.loads(result.stdout)
    return parsed


@pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
@settings(max_examples=12, deadline=None)
@given(st.lists(documents, min_size=15, max_size=15))
def test_javascript_writes_the_very_same_text_again(values: list[dict[str, Any]]) -> None:
    bodies = [canonical_json(value).decode() for value in values]
    assert through_node(bodies) == bodies


@given(documents)
def test_python_reads_it_and_we_write_it_again_unchanged(value: dict[str, Any]) -> None:
    body = canonical_json(value)
    assert canonical_json(json.loads(body)) == body


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2"), (-0.0, "0"), (0.00001, "0.00001"), (1.5e-7, "1.5e-7"), (float("nan"), "null"),
        (2**53, '"9007199254740992"'), (2**53 - 1, "9007199254740991"), ("ё\u2028", '"ё\u2028"'),
        ("\ud800", '"\ufffd"'),
        ({"b": 1, "10": 2, "9": 3}, '{"9":3,"10":2,"b":1}'), ((True, None), "[true,null]"),
    ],
)  # fmt: skip
def test_values_are_written_as_javascript_would(value: Any, text: str) -> None:
    assert canonical_json(value).decode() == text


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="bytes has no place"):
        canonical_json({"data": b"raw"})
