"""The questions that a web page lists for search engines (schema.org FAQPage)."""

from adapters.extraction.markup import parsed
from adapters.extraction.trees import structured_data
from domain.extraction import ExtractedPair


def pairs_of_page(text: str, file: str) -> list[ExtractedPair]:
    """Only what is declared as a question with its answer; other structured data describes the page."""
    if "application/ld+json" not in text:
        return []
    scripts = parsed(text).xpath("//script[contains(@type, 'ld+json')]")
    blocks = [script.text_content() for script in scripts if "acceptedAnswer" in script.text_content()]
    return structured_data(blocks, file)
