"""What an upload may say of all the pairs in its files."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from domain.errors import InvalidInput, Problem

MOST_ENTRIES = 50
MOST_TAGS, LONGEST_TAG = 50, 64
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_LONGEST = {"title": 500, "category": 128, "intent": 128, "source": 500}


def checked_metadata(given: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an upload with its tags as a list; null stands for absent.

    `title`, `category`, `intent`, `source`, `language` and `tags` have a meaning and so a form; whatever else is
    there is kept with the document. Raises `InvalidInput` naming every entry that cannot be meant.
    """
    metadata = {key: value for key, value in given.items() if value is not None}
    if isinstance(metadata.get("tags"), str):
        metadata["tags"] = [tag.strip() for tag in metadata["tags"].split(",") if tag.strip()]
    problems = list(_problems(metadata))
    if problems:
        raise InvalidInput(problems=problems)
    return metadata


def _problems(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    if len(metadata) > MOST_ENTRIES:
        details = {"max_length": MOST_ENTRIES, "provided_length": len(metadata)}
        yield Problem(f"Must have at most {MOST_ENTRIES} entries.", "metadata", details=details)
    for key, longest in _LONGEST.items():
        yield from _text(metadata, key, partial(_length, longest=longest))
    yield from _text(metadata, "language", _language)
    yield from _tags(metadata.get("tags", []))


Complaint = tuple[str, Mapping[str, Any]] | None


def _text(metadata: Mapping[str, Any], key: str, complaint: Callable[[str], Complaint]) -> Iterator[Problem]:
    value = metadata.get(key)
    if value is None:
        return
    found = complaint(value) if isinstance(value, str) else ("Expected a string.", {"expected": "string"})
    if found is not None:
        yield Problem(found[0], f"metadata.{key}", details=found[1])


def _length(text: str, longest: int) -> Complaint:
    size = len(text.strip())
    if 0 < size <= longest:
        return None
    details = {"min_length": 1, "max_length": longest, "provided_length": size}
    return f"Must have 1 to {longest} characters.", details


def _language(text: str) -> Complaint:
    if _LANGUAGE.fullmatch(text):
        return None
    return "Expected a language code such as en or de-AT.", {"rule": "language_code", "example": "en"}


def _tags(tags: Any) -> Iterator[Problem]:
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        yield Problem("Expected an array of strings.", "metadata.tags", details={"expected": "array"})
    elif len(tags) > MOST_TAGS:
        details = {"max_length": MOST_TAGS, "provided_length": len(tags)}
        yield Problem(f"Must have at most {MOST_TAGS} items.", "metadata.tags", details=details)
    else:
        for n, tag in enumerate(tags):
            if complaint := _length(tag, LONGEST_TAG):
                yield Problem(complaint[0], f"metadata.tags.{n}", details=complaint[1])
