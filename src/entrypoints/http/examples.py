"""What requests and their answers look like, as recorded from a run of the whole program."""

import json
from collections.abc import Mapping
from pathlib import Path

from entrypoints.http.openapi import Example

FILE = Path(__file__).with_name("examples.json")


def recorded_examples() -> Mapping[str, Example]:
    """By operation id."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: Example(each.get("request"), each.get("response")) for name, each in kept.items()}
