"""What both Qdrant indexes need: points, filters, errors, and collections that are checked before use."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from qdrant_client import AsyncQdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from adapters.indexing.table import micros
from domain.errors import Conflict, ServiceUnavailable
from domain.retrieval import Filters, IndexedFields

Payload = dict[str, Any]
KEYWORDS = ("document", "language", "category", "intent", "metadata")
BATCH = 256
"""Points a request; keeps bodies of wide vectors below Qdrant's 32 MB."""


def point_id(tenant_id: str, row_id: str) -> str:
    """Qdrant takes UUIDs; one tenant's can never be another's."""
    return str(uuid5(NAMESPACE_OID, f"{tenant_id}\0{row_id}"))


def payload(tenant_id: str, row_id: str, fields: IndexedFields) -> Payload:
    return {
        "tenant": tenant_id,
        "id": row_id,
        "document": fields.document_id,
        "language": fields.language,
        "category": fields.category,
        "intent": fields.intent,
        "handoff": fields.requires_handoff,
        "updated": micros(fields.updated_at),
        "metadata": [json.dumps(item) for item in fields.metadata.items()],
    }


def admitted(tenant_id: str, filters: Filters, *more: models.Condition) -> models.Filter:
    return models.Filter(must=[_equals("tenant", tenant_id), *_conditions(filters), *more])


def _conditions(filters: Filters) -> Iterator[models.Condition]:
    for key, values in (
        ("category", filters.categories),
        ("intent", filters.intents),
        ("language", filters.languages),
        ("document", filters.document_ids),
    ):
        if values:
            yield models.FieldCondition(key=key, match=models.MatchAny(any=sorted(values)))
    for item in filters.metadata.items():
        yield _equals("metadata", json.dumps(item))
    if filters.requires_handoff is not None:
        yield _equals("handoff", filters.requires_handoff)
    if filters.updated_after is not None:
        yield models.FieldCondition(key="updated", range=models.Range(gt=micros(filters.updated_after)))


def _equals(key: str, value: str | bool) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def has_term(term: str) -> models.FieldCondition:
    return _equals("terms", term)


@contextmanager
def reaching_qdrant() -> Iterator[None]:
    """Whatever Qdrant or the way to it refuses is `ServiceUnavailable`."""
    try:
        yield
    except (ApiException, QdrantException) as error:
        raise ServiceUnavailable("The vector database cannot be reached.") from error


class Collection:
    """Made when it is missing, refused when it was made for something else; checked once, at first use.

    So an index can be opened while Qdrant is away: it works as soon as Qdrant does.
    """

    def __init__(
        self,
        client: AsyncQdrantClient,
        name: str,
        metadata: Mapping[str, Any],
        indexes: Mapping[str, Any],
        **parameters: Any,
    ) -> None:
        """`indexes`: payload indexes beside those of tenant and filters; `parameters`: vectors and so on."""
        self._client = client
        self._name = name
        self._metadata = dict(metadata)
        self._indexes = indexes
        self._parameters = parameters
        self._checking = asyncio.Lock()
        self._checked = False

    async def name(self) -> str:
        async with self._checking:
            if not self._checked:
                await self._check()
                self._checked = True
        return self._name

    async def _check(self) -> None:
        with reaching_qdrant():
            if not await self._client.collection_exists(self._name):
                await self._create()
            found = await self._client.get_collection(self._name)
        if found.config.metadata != self._metadata:
            raise Conflict(
                f"The collection {self._name} was made for {found.config.metadata}, not for "
                f"{self._metadata}; rebuild it with 'supportrag reindex'."
            )
        with reaching_qdrant():
            await self._index_payload(found.payload_schema or {})

    async def _create(self) -> None:
        try:
            await self._client.create_collection(self._name, metadata=self._metadata, **self._parameters)
        except UnexpectedResponse as error:
            if error.status_code != 409:  # another process was faster
                raise

    async def _index_payload(self, present: Mapping[str, Any]) -> None:
        """What is missing, also where the process that made the collection died half-way."""
        tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        usual = dict.fromkeys(KEYWORDS, models.PayloadSchemaType.KEYWORD)
        rest = {"handoff": models.PayloadSchemaType.BOOL, "updated": models.PayloadSchemaType.INTEGER}
        for field, schema in {"tenant": tenant, **usual, **rest, **self._indexes}.items():
            if field not in present:
                await self._client.create_payload_index(self._name, field, field_schema=schema, wait=True)


class QdrantBase:
    """A client that others may use too; closed here once, where it is owned."""

    def __init__(self, client: AsyncQdrantClient) -> None:
        self._client = client
        self._closed = False

    async def ping(self) -> None:
        self._ensure_open()
        with reaching_qdrant():
            await self._client.get_collections()

    async def close(self) -> None:
        self._closed = True

    def _ensure_open(self) -> None:
        if self._closed:
            raise ServiceUnavailable("The index is closed.")

    async def _upsert(self, collection: Collection, points: list[models.PointStruct]) -> None:
        name = await collection.name()
        with reaching_qdrant():
            for start in range(0, len(points), BATCH):
                await self._client.upsert(name, points[start : start + BATCH], wait=True)

    async def _delete(self, collection: Collection, which: models.PointIdsList | models.Filter) -> None:
        name = await collection.name()
        with reaching_qdrant():
            await self._client.delete(name, which, wait=True)

    async def _count(self, collection: Collection, which: models.Filter) -> int:
        name = await collection.name()
        with reaching_qdrant():
            return (await self._client.count(name, which, exact=True)).count
