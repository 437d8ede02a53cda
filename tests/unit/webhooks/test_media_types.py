"""What a fetched document may call itself."""

import pytest

from domain.media_types import refusal_of


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/json", "faq"), ("application/ld+json", "faq.json"), ("text/plain", "faq.md"), ("", "faq.pdf"),
        ("application/octet-stream", "faq.pdf"), ("application/zip", "faq.docx"), ("text/html", "faq.htm"),
        ("application/vnd.ms-excel", "faq.CSV"), ("text/markdown", "a.b.markdown"), ("text/html", "no.such.ending"),
    ],
)  # fmt: skip
def test_a_document_is_taken(content_type: str, name: str) -> None:
    assert refusal_of(content_type, name) is None


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("image/png", "faq"), ("video/mp4", "faq.json"), ("text/html", "faq.pdf"), ("application/pdf", "faq.json"),
        ("application/x-msdownload", "faq"), ("text/css", "faq.txt"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused_by_its_type(content_type: str, name: str) -> None:
    assert content_type in (refusal_of(content_type, name) or "")
