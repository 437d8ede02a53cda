"""Looking into a ZIP archive before anything of it is decompressed."""

import io
import zipfile

from adapters.extraction.refusal import Refusal, damaged, too_complex

_MOST_MEMBERS = 5000
_GROWTH = 100
"""Text compresses some ten times, a bomb a thousand times."""
_ALWAYS_ALLOWED = 20 * 1024 * 1024
_DOCUMENT = "word/document.xml"


def member_names(content: bytes) -> set[str]:
    """Raises `Refusal(DAMAGED_FILE)`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise damaged(f"its archive cannot be opened ({error})") from error


def check_archive(content: bytes, max_bytes: int) -> None:
    """Refuses bombs by the sizes that the archive declares, which the reader never exceeds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if any(member.flag_bits & 1 for member in members):
            raise Refusal("ENCRYPTED_FILE", "The file is protected by a password")
        if len(members) > _MOST_MEMBERS:
            raise too_complex(f"its archive has {len(members)} members")
        size = sum(member.file_size for member in members)
        if size > max(_ALWAYS_ALLOWED, min(_GROWTH * len(content), 8 * max_bytes)):
            raise Refusal("TOO_LARGE", f"The file unpacks to {size // 1024 // 1024} MB, more than is allowed")
        _check_entities(archive, members)


def _check_entities(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as part:
                head = part.read(4096)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head or b"<\x00!\x00D\x00O" in head:
                raise too_complex("it declares XML entities, which no Word document needs")
