"""What a fetched document says it is, against what can be read and what was promised."""

from domain.extraction import Format

_TYPES: dict[Format, tuple[str, ...]] = {
    Format.PDF: ("application/pdf", "application/x-pdf"),
    Format.DOCX: (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip",
        "application/x-zip-compressed",
    ),
    Format.JSON: ("application/json", "text/json"),
    Format.CSV: ("text/csv", "application/csv", "text/comma-separated-values", "text/tab-separated-values",
                 "application/vnd.ms-excel"),
    Format.MD: ("text/markdown", "text/x-markdown"),
    Format.TXT: ("text/plain",),
    Format.HTML: ("text/html", "application/xhtml+xml"),
}  # fmt: skip
_FORMATS = {name: format_ for format_, names in _TYPES.items() for name in names}
_SILENT = frozenset({
    "", "text/plain", "application/octet-stream", "binary/octet-stream", "application/download",
    "application/x-download", "application/force-download",
})  # fmt: skip
"""What servers say of files that they know nothing about; the content itself decides then."""
_ENDINGS = {str(known): known for known in Format} | {"htm": Format.HTML, "markdown": Format.MD, "text": Format.TXT}


def refusal_of(content_type: str, name: str) -> str | None:
    """Why an answer of this type (in lower case, without parameters) is not the document of that name; `None`
    when it may be. A page to log in on, in the place of a PDF, is the usual one."""
    if content_type in _SILENT:
        return None
    found = Format.JSON if content_type.endswith("+json") else _FORMATS.get(content_type)
    if found is None:
        return f"The address answered with {content_type[:80]}, which is no document that can be read."
    promised = _ending(name)
    if promised is not None and promised is not found:
        return f"The address answered with {content_type[:80]} where a {promised.upper()} file was announced."
    return None


def _ending(name: str) -> Format | None:
    return _ENDINGS.get(name.rpartition(".")[2].lower()) if "." in name else None
