"""What both Qdrant indexes need: points, filters, errors, and collections that are checked before use."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from hashlib import blake2b
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
            yield _among(key, values)
    for item in filters.metadata.items():
        yield _equals("metadata", json.dumps(item))
    if filters.requires_handoff is not None:
        yield _equals("handoff", filters.requires_handoff)
    if filters.updated_after is not None:
        yield models.FieldCondition(key="updated", range=models.Range(gt=micros(filters.updated_after)))


def _among(key: str, values: Set[str | None]) -> models.Condition:
    named = sorted(value for value in values if value is not None)
    one_of_them = models.FieldCondition(key=key, match=models.MatchAny(any=named))
    if None not in values:
        return one_of_them
    none = models.IsEmptyCondition(is_empty=models.PayloadField(key=key))
    return models.Filter(should=[one_of_them, none]) if named else none


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
    """Made when it is missing; checked once, at first use. So an index can be opened while Qdrant is away: it
    works as soon as Qdrant does.

    What it was made for is part of its name: one for another model can be filled beside the one that is in use.
    The alias `name` says which is in use; any other is refused until `take_over`.
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
        self._alias = name
        self._metadata = dict(metadata)
        self._name = f"{name}_{_fingerprint(self._metadata)}"
        self._indexes = indexes
        self._parameters = parameters
        self._checking = asyncio.Lock()
        self._checked = False

    async def name(self) -> str:
        """Raises `Conflict` while a collection that was made for something else is in use."""
        async with self._checking:
            if not self._checked:
                await self._make()
                self._refuse_other(await self._in_use())
                self._checked = True
        return self._name

    async def prepare(self) -> bool:
        """Makes it usable beside the one that is in use; whether that is another."""
        async with self._checking:
            await self._make()
            self._checked = True
            return await self._in_use() != self._name

    async def take_over(self) -> None:
        """From now on this is the one in use; the other stays, for processes that have not been restarted."""
        with reaching_qdrant():
            await self._client.update_collection_aliases([_no_alias(self._alias), _alias(self._alias, self._name)])

    async def _make(self) -> None:
        with reaching_qdrant():
            if not await self._client.collection_exists(self._name):
                await self._create()
            found = await self._client.get_collection(self._name)
        if found.config.metadata != self._metadata:
            raise Conflict(f"The collection {self._name} is somebody else's: {found.config.metadata}.")
        with reaching_qdrant():
            await self._index_payload(found.payload_schema or {})

    async def _in_use(self) -> str:
        """The first to be made is."""
        with reaching_qdrant():
            known = {one.alias_name: one.collection_name for one in (await self._client.get_aliases()).aliases}
            if self._alias in known:
                return known[self._alias]
            if await self._client.collection_exists(self._alias):
                raise Conflict(f"A collection {self._alias} is in the place of our alias of that name.")
            await self._client.update_collection_aliases([_alias(self._alias, self._name)])
        return self._name

    def _refuse_other(self, in_use: str) -> None:
        if in_use != self._name:
            raise Conflict(
                f"The index in use, {in_use}, was made with another model or version than {dict(self._metadata)}. "
                "Build one with this: supportrag reindex"
            )

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


def _fingerprint(metadata: Mapping[str, Any]) -> str:
    return blake2b(json.dumps(metadata, sort_keys=True).encode(), digest_size=4).hexdigest()


def _alias(alias: str, collection: str) -> models.CreateAliasOperation:
    return models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))


def _no_alias(alias: str) -> models.DeleteAliasOperation:
    return models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))


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
