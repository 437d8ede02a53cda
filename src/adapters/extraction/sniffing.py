"""What a file really is."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from adapters.extraction.archives import member_names
from adapters.extraction.decoding import Decoded, decoded
from adapters.extraction.refusal import Refusal, damaged
from adapters.extraction.tabular import is_table
from domain.extraction import Format

_EXTENSIONS = {
    "pdf": Format.PDF, "docx": Format.DOCX, "docm": Format.DOCX, "json": Format.JSON, "jsonl": Format.JSON,
    "ndjson": Format.JSON, "csv": Format.CSV, "tsv": Format.CSV, "md": Format.MD, "markdown": Format.MD,
    "mdown": Format.MD, "txt": Format.TXT, "text": Format.TXT, "html": Format.HTML, "htm": Format.HTML,
    "xhtml": Format.HTML,
}  # fmt: skip
_OTHERS = (
    (b"\x89PNG", "a PNG image"), (b"\xff\xd8\xff", "a JPEG image"), (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf", "a 7z archive"), (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"), (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"), (b"SQLite format 3", "a database"), (b"BM", "a bitmap image"),
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_HTML_PAGE = re.compile(
    r"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_HTML_TAG = re.compile(r"<(?:p|div|h[1-6]|table|ul|ol|dl|details|section|article|span|br|main)\b[^>]*>", re.I)
_JSON_START = re.compile(r"^\s*[\[{]")
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|[-*] \S|\d+\. \S|\*\*\S|```|> |\|.*\|)", re.M)


@dataclass(frozen=True, slots=True)
class Sniffed:
    format: Format
    text: Decoded | None
    """None for the formats that are no text."""
    mismatch: str | None = None
    """How name and content disagree, in a sentence."""


def named_format(name: str) -> tuple[str, Format | None]:
    """The extension, and the format it stands for."""
    extension = PurePath(name).suffix.lower().lstrip(".")
    return extension, _EXTENSIONS.get(extension)


def sniffed(name: str, content: bytes) -> Sniffed:
    """Raises `Refusal` for what is none of the formats."""
    extension, expected = named_format(name)
    found, text = _by_content(content, expected)
    if extension and expected is None:
        return Sniffed(found, text, f"Files of type .{extension} are not supported; its content is {_a(found)}")
    if expected and found is not expected:
        return Sniffed(found, text, f"The name says {_a(expected)}, the content is {_a(found)}")
    return Sniffed(found, text)


def _a(format_: Format) -> str:
    return {Format.TXT: "plain text", Format.MD: "Markdown", Format.HTML: "HTML"}.get(format_, format_.value.upper())


def _by_content(content: bytes, expected: Format | None) -> tuple[Format, Decoded | None]:
    if b"%PDF-" in content[:1024]:
        return Format.PDF, None
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(content, expected), None
    _refuse_others(content, expected)
    text = decoded(content, _declared_charset(content))
    return _text_format(text.text, expected), text


def _archive(content: bytes, expected: Format | None) -> Format:
    try:
        names = member_names(content)
    except Refusal as refusal:
        if expected is Format.DOCX:
            raise
        raise Refusal("INVALID_FORMAT", "The file is a ZIP archive and no document") from refusal
    if "word/document.xml" in names or any(re.match(r"word/document\d*\.xml$", name) for name in names):
        return Format.DOCX
    if expected is Format.DOCX and "[Content_Types].xml" in names and any(n.startswith("word/") for n in names):
        raise damaged("its main part is missing")
    raise Refusal("INVALID_FORMAT", "The file is a ZIP archive and no Word document")


def _refuse_others(content: bytes, expected: Format | None) -> None:
    if content.startswith(_OLE):
        if _ENCRYPTED_OFFICE in content:
            raise Refusal("ENCRYPTED_FILE", "The file is protected by a password")
        raise Refusal("INVALID_FORMAT", "The file is an Office document of before 2007; save it as .docx")
    for start, what in _OTHERS:
        if content.startswith(start) and (len(start) > 2 or b"\0" in content[:64]):
            raise Refusal("INVALID_FORMAT", f"The file is {what}")
    if expected in (Format.PDF, Format.DOCX) and b"\0" in content[:4096]:
        raise damaged(f"it does not begin as a {expected.value.upper()} does")


def _declared_charset(content: bytes) -> str | None:
    found = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)|<\?xml[^>]+encoding=[\"']([\w-]+)", content[:4096], re.I)
    return (found[1] or found[2]).decode("ascii") if found else None


def _text_format(text: str, expected: Format | None) -> Format:
    """A loose name (.txt, .md, .csv) holds unless the content is plainly something stricter."""
    if _HTML_PAGE.match(text):
        return Format.HTML
    if _JSON_START.match(text) and (expected is Format.JSON or _reads_as_json(text, expected)):
        return Format.JSON
    if expected is Format.JSON:
        return Format.JSON if _bare_json(text) else _loose(text)
    if expected is Format.HTML:
        return Format.HTML if _HTML_TAG.search(text) else _loose(text)
    return expected if expected in (Format.TXT, Format.MD, Format.CSV) else _loose(text)


def _loose(text: str) -> Format:
    if len(_HTML_TAG.findall(text[:20_000])) > 3:
        return Format.HTML
    if is_table(text[:50_000]):
        return Format.CSV
    return Format.MD if len(_MARKDOWN.findall(text[:20_000])) > 2 else Format.TXT


def _reads_as_json(text: str, expected: Format | None) -> bool:
    """Opens and closes as JSON does; `[link](…)` and `{{ template }}` do not."""
    stripped = text.strip()
    closes = stripped[-1] in "]}"
    return closes and bool(re.match(r"\[\s*[\[{\"\]\d\-tfn]|\{\s*[\"}]", stripped)) and not stripped.startswith("[[")


def _bare_json(text: str) -> bool:
    """A number, string or constant alone is a JSON document too; broken ones are told by the parser."""
    return bool(re.match(r"\s*(?:\"|-?\d|true\b|false\b|null\b)", text)) and len(text) < 100_000
