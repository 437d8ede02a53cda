"""Small files of every format, honest and hostile, made where they are needed."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import docx
from pypdf import PdfReader, PdfWriter

PrintedLine = tuple[float, float, str, bool]
"""Size in points, distance from the lower edge, text, bold."""


def pdf(pages: Sequence[Sequence[PrintedLine]]) -> bytes:
    """Pages of Helvetica, without bookmarks."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    fonts = "<</F 3 0 R/B 4 0 R>>"
    objects += ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"]
    objects += ["<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>"]
    kids = []
    for lines in pages:
        content = "\n".join(_printed(line) for line in lines)
        kids.append(f"{len(objects) + 1} 0 R")
        stream = f"{len(objects) + 2} 0 R"
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font {fonts}>>/Contents {stream}>>"
        )
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    objects[1] = f"<</Type/Pages/Count {len(kids)}/Kids[{' '.join(kids)}]>>"
    return assembled(objects)


def assembled(objects: Sequence[str]) -> bytes:
    """A PDF file of these objects, the first being its catalogue."""
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}").encode("cp1252")


def _printed(line: PrintedLine) -> str:
    size, base, text, bold = line
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return f"BT /{'B' if bold else 'F'} {size} Tf 60 {base} Td ({escaped}) Tj ET"


def encrypted_pdf(content: bytes, user_password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(user_password, owner_password="owner", algorithm="RC4-128")
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def pdf_whose_pages_contain_themselves() -> bytes:
    return assembled(
        [
            "<</Type/Catalog/Pages 2 0 R/Outlines 3 0 R>>",
            "<</Type/Pages/Count 100000/Kids[2 0 R 2 0 R 2 0 R]>>",
            "<</First 4 0 R/Last 4 0 R/Count 1>>",
            "<</Title(again)/Parent 3 0 R/Next 4 0 R/Prev 4 0 R>>",
        ]
    )


def pdf_with_stream_bomb(megabytes: int) -> bytes:
    """One page whose content stream inflates to text operators without end."""
    packed = zlib.compress(b"BT /F 9 Tf 10 10 Td (spam) Tj ET\n" * (megabytes * 31_775), 9)
    head = b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
    head += b"2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n"
    head += b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
    head += b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>\nendobj\n"
    head += b"4 0 obj\n<</Length %d/Filter/FlateDecode>>stream\n" % len(packed)
    return head + packed + b"\nendstream\nendobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF"


def word(build: "docx.document.Document | None" = None) -> bytes:
    target = io.BytesIO()
    (build or docx.Document()).save(target)
    return target.getvalue()


def word_with_part(name: str, content: bytes) -> bytes:
    """A Word document with one of its parts replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word())) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for member in source.namelist():
            copy.writestr(member, content if member == name else source.read(member))
        if name not in source.namelist():
            copy.writestr(name, content)
    return target.getvalue()


def word_bomb() -> bytes:
    """Unpacks to three hundred megabytes."""
    return word_with_part("word/media/image1.bin", b"\0" * (300 * 1024 * 1024))


def word_that_lies_about_its_size() -> bytes:
    """Thirty megabytes of paragraphs whose archive declares a hundred bytes."""
    body = b"<w:p><w:r><w:t>boom</w:t></w:r></w:p>" * 800_000
    space = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    content = b"<w:document " + space + b"><w:body>" + body + b"</w:body></w:document>"
    honest = word_with_part("word/document.xml", content)
    return honest.replace(struct.pack("<L", len(content)), struct.pack("<L", 100))


def word_with_entities() -> bytes:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE w:document [<!ENTITY e0 "boom">{levels}]>'
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = f"<w:document {space}><w:body><w:p><w:r><w:t>&e9;</w:t></w:r></w:p></w:body></w:document>"
    return word_with_part("word/document.xml", (head + body).encode())


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()
