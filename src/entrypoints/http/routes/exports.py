"""Knowledge in forms that upload again."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import json

from application.use_cases.documents import BrowseDocuments
from domain.documents import Document
from domain.errors import NotFound
from domain.qa_pairs import QAPair
from entrypoints.http.app import rules
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

EXPORTED = ("application/json", "text/csv")
EXPORT_COLUMNS = ("question", "answer", "category", "intent", "language", "requires_handoff", "tags", "url")
ExportFormat = Literal["json", "csv"]


class ExportsController(Controller):
    path = "/api/v1"

    @get(
        "/documents/{document_id:str}/export",
        operation_id="exportDocument",
        tags=("documents",),
        opt=rules(raises=(NotFound,), produces=EXPORTED),
    )
    async def document(
        self,
        document_id: FromPath[Id],
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        format: FromQuery[ExportFormat] = "json",  # noqa: A002 - what users call it
    ) -> Response[bytes]:
        """The pairs of a document in a form that uploads again."""
        return exported(await browse_documents.export(caller, document_id), format)

    @get("/knowledge/export", operation_id="exportKnowledge", tags=("knowledge",), opt=rules(produces=EXPORTED))
    async def everything(
        self,
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        format: FromQuery[ExportFormat] = "json",  # noqa: A002
    ) -> Response[bytes]:
        """All active pairs in a form that uploads again."""
        return exported(await browse_documents.export(caller, None), format)


def exported(documents: Sequence[tuple[Document, Sequence[QAPair]]], format_: ExportFormat) -> Response[bytes]:
    rows = [_row(pair) for _, pairs in documents for pair in pairs]
    content, media_type = (_csv(rows), "text/csv") if format_ == "csv" else (_json(rows), "application/json")
    headers = {"Content-Disposition": f'attachment; filename="knowledge.{format_}"'}
    return Response(content, media_type=media_type, headers=headers)


def _row(pair: QAPair) -> dict[str, Any]:
    metadata = pair.metadata
    return {
        "question": pair.question,
        "answer": pair.answer,
        "category": metadata.category,
        "intent": metadata.intent,
        "language": pair.language,
        "requires_handoff": metadata.requires_handoff,
        "tags": list(metadata.tags),
        "url": metadata.url,
        **({"auto_generated": True} if pair.auto_generated else {}),
        **{key: value for key, value in metadata.extra.items() if key not in EXPORT_COLUMNS},
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return json.format(json.encode(rows), indent=1)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    extra = sorted({key for row in rows for key in row} - set(EXPORT_COLUMNS))
    writer = csv.DictWriter(text, (*EXPORT_COLUMNS, *extra))
    writer.writeheader()
    writer.writerows({**row, "tags": ", ".join(row["tags"])} for row in rows)
    return text.getvalue().encode("utf-8-sig")
