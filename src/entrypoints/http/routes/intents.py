"""What people may want: intents with their examples."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.intents import BrowseIntents, EditIntents, IntentSeen
from domain.access import Scope
from domain.errors import Conflict, NotFound
from domain.taxonomy import MAX_EXAMPLE_LENGTH, MAX_EXAMPLES
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import UNCATEGORIZED, Id, Label, shown_category
from entrypoints.http.security import Caller

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Description = Annotated[str, Meta(max_length=2000)]
Weight = Annotated[float, Meta(ge=0, le=1, description="1 hands every question of this intent to a person.")]
Examples = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=MAX_EXAMPLE_LENGTH)]], Meta(max_length=MAX_EXAMPLES)
]


class IntentOut(Struct, kw_only=True):
    intent_id: str
    name: str
    description: str
    examples: list[str]
    category: str
    escalation_weight: float
    created_at: datetime
    last_updated: datetime
    usage_count: int
    links: dict[str, str]

    @staticmethod
    def of(seen: IntentSeen) -> "IntentOut":
        intent = seen.intent
        return IntentOut(
            intent_id=intent.id,
            name=intent.name,
            description=intent.description,
            examples=list(intent.examples),
            category=intent.category or UNCATEGORIZED,
            escalation_weight=intent.escalation_weight,
            created_at=intent.created_at,
            last_updated=intent.updated_at,
            usage_count=seen.usage_count,
            links=_links(intent.id),
        )


class IntentList(Struct, kw_only=True):
    intents: list[IntentOut]
    total: int
    pagination: Pagination


class IntentIn(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    description: Description = ""
    examples: Examples = []
    category: Label | None = None
    escalation_weight: Weight = 0.0

    def given(self) -> dict[str, Any]:
        names = ("description", "examples", "category", "escalation_weight")
        return {name: getattr(self, name) for name in names}


class IntentEdit(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; a null category is none."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    examples: Examples | UnsetType = UNSET
    category: Label | UnsetType | None = UNSET
    escalation_weight: Weight | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in given.items() if value is not UNSET}


class IntentCreated(Struct, kw_only=True):
    intent_id: str
    name: str
    created_at: datetime
    examples_count: int
    embeddings_updated: bool


class IntentChanged(Struct, kw_only=True):
    intent_id: str
    name: str
    embeddings_updated: bool
    """Whether examples were given, which are embedded before this answer."""
    updated_at: datetime


class IntentDeleted(Struct, kw_only=True):
    intent_id: str
    status: str = "deleted"


def _links(intent_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/intents/{intent_id}", "intents": "/api/v1/intents"}


class IntentsController(Controller):
    path = "/api/v1/intents"
    tags = ("intents",)

    @get("/", operation_id="listIntents", dependencies=paged("created_at", "name"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_intents: NamedDependency[BrowseIntents],
        category: FromQuery[Label | None] = None,
    ) -> Envelope[IntentList]:
        """List intents, with how often each was asked for."""
        found = await browse_intents.page(caller, paging, shown_category(category))
        intents = [IntentOut.of(seen) for seen in found.items]
        return page(IntentList(intents=intents, total=found.total, pagination=Pagination.of(found)), found)

    @post("/", status_code=201, operation_id="addIntent", opt=rules(scope=Scope.ADMIN, raises=(Conflict,)))
    async def add(
        self, data: JSONBody[IntentIn], caller: Caller, edit_intents: NamedDependency[EditIntents]
    ) -> Envelope[IntentCreated]:
        """Add an intent; its examples count for classification at once."""
        intent = await edit_intents.add(caller, data.name, data.given())
        out = IntentCreated(
            intent_id=intent.id,
            name=intent.name,
            created_at=intent.created_at,
            examples_count=len(intent.examples),
            embeddings_updated=bool(intent.examples),
        )
        return created(out, links=_links(intent.id))

    @get("/{intent_id:str}", operation_id="getIntent", opt=rules(raises=(NotFound,)))
    async def one(
        self, intent_id: FromPath[Id], caller: Caller, browse_intents: NamedDependency[BrowseIntents]
    ) -> Envelope[IntentOut]:
        """One intent."""
        return ok(IntentOut.of(await browse_intents.one(caller, intent_id)), links=_links(intent_id))

    @put("/{intent_id:str}", operation_id="editIntent", opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)))
    async def edit(
        self,
        intent_id: FromPath[Id],
        data: JSONBody[IntentEdit],
        caller: Caller,
        edit_intents: NamedDependency[EditIntents],
    ) -> Envelope[IntentChanged]:
        """Change an intent; new examples replace the old ones and count at once."""
        intent, embedded = await edit_intents.edit(caller, intent_id, data.changes())
        out = IntentChanged(
            intent_id=intent.id, name=intent.name, embeddings_updated=embedded, updated_at=intent.updated_at
        )
        return ok(out, links=_links(intent_id))

    @delete(
        "/{intent_id:str}",
        status_code=200,
        operation_id="deleteIntent",
        opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)),
    )
    async def delete(
        self, intent_id: FromPath[Id], caller: Caller, edit_intents: NamedDependency[EditIntents]
    ) -> Envelope[IntentDeleted]:
        """Delete an intent that no pair is labelled with."""
        intent = await edit_intents.delete(caller, intent_id)
        return ok(IntentDeleted(intent_id=intent.id), links={"intents": "/api/v1/intents"})
