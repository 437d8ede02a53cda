"""One file, read where it is: the work that runs inside the limited process."""

from collections.abc import Callable, Iterable
from pathlib import PurePath

from adapters.extraction.markdown import read_markdown
from adapters.extraction.markup import read_html
from adapters.extraction.pages import read_pdf
from adapters.extraction.plaintext import read_text
from adapters.extraction.refusal import Refusal
from adapters.extraction.sniffing import Sniffed, sniffed
from adapters.extraction.structured import pairs_of_page
from adapters.extraction.tabular import read_csv
from adapters.extraction.trees import read_json
from adapters.extraction.word import read_docx
from domain.extraction import ExtractedPair, Extraction, ExtractionLimits, Format, Warning_
from domain.pair_extraction.blocks import Document
from domain.pair_extraction.limits import within_limits
from domain.pair_extraction.reading import pairs_of

_MOST_WARNINGS = 200
_Found = tuple[str, Iterable[ExtractedPair], list[Warning_]]


def read_file(name: str, content: bytes, limits: ExtractionLimits, *, strict: bool) -> Extraction:
    """Never raises for what the file holds, but may outgrow memory or time: the process around it is limited."""
    try:
        return _read(name, content, limits, strict)
    except Refusal as refusal:
        return refused(name, refusal.code, refusal.message)
    except RecursionError:
        return refused(name, "TOO_COMPLEX", "The file is nested too deeply to be read safely")


def refused(name: str, code: str, message: str) -> Extraction:
    return Extraction(name, None, PurePath(name).stem, error=message, error_code=code)


def _read(name: str, content: bytes, limits: ExtractionLimits, strict: bool) -> Extraction:
    check_size(content, limits)
    found = sniffed(name, content)
    if found.mismatch and strict:
        raise Refusal("INVALID_FORMAT", found.mismatch)
    title, pairs, notices = _READERS[found.format](name, content, found, limits)
    kept, limited = within_limits(pairs, name, limits)
    warnings = [*_notices(name, found), *notices, *limited]
    if not kept and not any(warning.code == "NO_PAIRS" for warning in warnings):
        warnings.append(Warning_(name, "No questions and answers were found", "NO_PAIRS"))
    return Extraction(name, found.format, title or PurePath(name).stem, kept, _bounded(name, warnings))


def check_size(content: bytes, limits: ExtractionLimits) -> None:
    if len(content) > limits.max_bytes:
        size, most = (round(n / 1024 / 1024, 1) for n in (len(content), limits.max_bytes))
        raise Refusal("TOO_LARGE", f"The file has {size} MB; at most {most} MB are read")
    if not content.strip(b"\0\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Refusal("EMPTY_FILE", "The file is empty")


def _notices(name: str, found: Sniffed) -> list[Warning_]:
    notices: list[Warning_] = []
    if found.mismatch:
        notices.append(Warning_(name, f"{found.mismatch}; it was read by its content", "FORMAT_MISMATCH"))
    if found.text and not found.text.certain:
        notices.append(Warning_(name, f"The encoding was taken to be {found.text.encoding}", "ENCODING_GUESSED"))
    if found.text and "\x00" in found.text.text:
        notices.append(Warning_(name, "The text contains NUL characters, which were left out", "NUL_CHARACTERS"))
    return notices


def _bounded(name: str, warnings: list[Warning_]) -> tuple[Warning_, ...]:
    if len(warnings) <= _MOST_WARNINGS:
        return tuple(warnings)
    more = Warning_(name, f"{len(warnings) - _MOST_WARNINGS} more warnings were left out", "MORE_WARNINGS")
    return (*warnings[:_MOST_WARNINGS], more)


def _text(found: Sniffed) -> str:
    return found.text.text if found.text else ""


def _of_document(document: Document, name: str) -> _Found:
    pairs, warnings = pairs_of(document, name)
    return document.title, pairs, warnings


def _pdf(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return _of_document(read_pdf(content), name)


def _docx(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return _of_document(read_docx(content, limits.max_bytes), name)


def _html(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    document = read_html(_text(found))
    structured = pairs_of_page(_text(found), name)
    title, pairs, warnings = _of_document(document, name)
    known = {pair.question for pair in structured}
    return (
        title,
        [*structured, *(p for p in pairs if p.question not in known and not (structured and p.auto_generated))],
        warnings,
    )


def _markdown(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return _of_document(read_markdown(_text(found)), name)


def _plain(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return _of_document(read_text(_text(found)), name)


def _csv(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return ("", *read_csv(_text(found).replace("\x00", ""), name))


def _json(name: str, content: bytes, found: Sniffed, limits: ExtractionLimits) -> _Found:
    return ("", *read_json(_text(found), name))


_READERS: dict[Format, Callable[[str, bytes, Sniffed, ExtractionLimits], _Found]] = {
    Format.PDF: _pdf,
    Format.DOCX: _docx,
    Format.HTML: _html,
    Format.MD: _markdown,
    Format.TXT: _plain,
    Format.CSV: _csv,
    Format.JSON: _json,
}
