"""The labels as a whole."""

from typing import Annotated, Literal

from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from application.use_cases.renaming import RenameLabel
from application.use_cases.taxonomy import Branch, BrowseTaxonomy, Labelled, SyncTaxonomy
from domain.errors import Conflict, NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok
from entrypoints.http.security import Caller

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


class BranchOut(Struct, kw_only=True):
    name: str
    description: str
    intents: list[str]
    subcategories: "dict[str, BranchOut]"

    @staticmethod
    def of(branch: Branch) -> "BranchOut":
        return BranchOut(
            name=branch.category.name,
            description=branch.category.description,
            intents=list(branch.intents),
            subcategories=_by_id(branch.subcategories),
        )


def _by_id(branches: tuple[Branch, ...]) -> dict[str, BranchOut]:
    return {branch.category.id: BranchOut.of(branch) for branch in branches}


class TreeOut(Struct, kw_only=True):
    categories: dict[str, BranchOut]
    uncategorized_intents: list[str]


class RenameIn(Struct, kw_only=True, forbid_unknown_fields=True):
    old_name: Annotated[str, Meta(min_length=1, max_length=128)]
    new_name: Name
    kind: Literal["category", "intent"] | None = None


class Counts(Struct, kw_only=True):
    pairs: int
    documents: int
    intents: int


class RenamedOut(Struct, kw_only=True):
    old_name: str
    new_name: str
    kind: Literal["category", "intent"]
    updated: Counts


class LabelOut(Struct, kw_only=True):
    kind: Literal["category", "intent"]
    name: str

    @staticmethod
    def of(label: Labelled) -> "LabelOut":
        return LabelOut(kind=label.kind, name=label.name)


class SyncedOut(Struct, kw_only=True):
    added: list[LabelOut]
    orphans: list[LabelOut]


LINKS = {"tree": "/api/v1/taxonomy/tree", "categories": "/api/v1/categories", "intents": "/api/v1/intents"}


class TaxonomyController(Controller):
    path = "/api/v1/taxonomy"
    tags = ("taxonomy",)

    @get("/tree", operation_id="getTaxonomy")
    async def tree(self, caller: Caller, browse_taxonomy: NamedDependency[BrowseTaxonomy]) -> Envelope[TreeOut]:
        """The tree of categories with the intents of each."""
        found = await browse_taxonomy(caller)
        out = TreeOut(categories=_by_id(found.branches), uncategorized_intents=list(found.without_category))
        return ok(out, links=LINKS)

    @patch("/rename", operation_id="renameLabel", opt=rules(raises=(NotFound, Conflict)))
    async def rename(
        self, data: JSONBody[RenameIn], caller: Caller, rename_label: NamedDependency[RenameLabel]
    ) -> Envelope[RenamedOut]:
        """Rename a category or an intent, and everything that refers to it, at once."""
        done = await rename_label(caller, data.old_name, data.new_name, data.kind)
        out = RenamedOut(
            old_name=data.old_name,
            new_name=data.new_name,
            kind=done.kind,
            updated=Counts(pairs=done.pairs, documents=done.documents, intents=done.intents),
        )
        return ok(out, links=LINKS)

    @post("/sync", status_code=200, operation_id="syncTaxonomy", opt=rules(raises=(Conflict,)))
    async def sync(self, caller: Caller, sync_taxonomy: NamedDependency[SyncTaxonomy]) -> Envelope[SyncedOut]:
        """Add the labels that pairs and documents mention, and name those that nothing mentions."""
        done = await sync_taxonomy(caller)
        out = SyncedOut(added=[LabelOut.of(x) for x in done.added], orphans=[LabelOut.of(x) for x in done.orphans])
        return ok(out, links=LINKS)
