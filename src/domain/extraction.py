"""What is read out of an uploaded file, before anybody has looked at it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Format(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    JSON = "json"
    CSV = "csv"
    MD = "md"
    TXT = "txt"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its file a pair stood; pages and lines count from 1."""

    file: str
    page: int | None = None
    line: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True)
class AuthoredMetadata:
    """What the file itself says of a pair; `None` where it says nothing."""

    category: str | None = None
    intent: str | None = None
    language: str | None = None
    requires_handoff: bool | None = None
    tags: tuple[str, ...] = ()
    url: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExtractedPair:
    """One question and its answer, as the author wrote them.

    `auto_generated` marks a question that the author did not write as one: a heading that is no
    question, the first words of a passage.
    """

    question: str
    answer: str
    place: Place
    authored: AuthoredMetadata = AuthoredMetadata()
    auto_generated: bool = False


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something the reviewer should know of one file, in a sentence that names the place."""

    file: str
    message: str
    code: str = "notice"


@dataclass(frozen=True, slots=True)
class Extraction:
    """What came out of one file. No pairs and an `error` means that the file was refused."""

    file: str
    format: Format | None
    title: str
    pairs: tuple[ExtractedPair, ...] = ()
    warnings: tuple[Warning_, ...] = ()
    error: str | None = None
    """Why the file was refused, in a sentence for its sender."""
    error_code: str | None = None
    """INVALID_FORMAT, EMPTY_FILE, ENCRYPTED_FILE, DAMAGED_FILE, TOO_LARGE, TOO_COMPLEX, TIMED_OUT."""


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    max_bytes: int = 25 * 1024 * 1024
    max_pairs: int = 5000
    max_question_chars: int = 500
    max_answer_chars: int = 20_000
    seconds: float = 60.0
    memory_bytes: int = 1024 * 1024 * 1024
