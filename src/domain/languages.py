"""The five languages the service speaks, and what it says of a text's language."""

from dataclasses import dataclass

SUPPORTED = ("en", "ru", "de", "fr", "es")
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Detection:
    language: str
    """ISO 639-1; may be one that is not supported."""
    confidence: float
    """0 to 1."""
