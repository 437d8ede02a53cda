"""The tree of categories."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.categories import BrowseCategories, CategorySeen, EditCategories
from domain.access import Scope
from domain.errors import Conflict, NotFound
from domain.taxonomy import Category
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Description = Annotated[str, Meta(max_length=2000)]


class CategoryOut(Struct, kw_only=True):
    category_id: str
    name: str
    description: str
    document_count: int
    qa_pair_count: int
    parent_category: str | None
    subcategories: list[str]
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]

    @staticmethod
    def of(seen: CategorySeen) -> "CategoryOut":
        category = seen.category
        return CategoryOut(
            category_id=category.id,
            name=category.name,
            description=category.description,
            document_count=seen.document_count,
            qa_pair_count=seen.qa_pair_count,
            parent_category=category.parent_category,
            subcategories=list(seen.subcategories),
            created_at=category.created_at,
            updated_at=category.updated_at,
            links=_links(category.id),
        )


class CategoryList(Struct, kw_only=True):
    categories: list[CategoryOut]
    total: int
    pagination: Pagination


class CategoryIn(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Name
    category_id: (
        Annotated[str, Meta(pattern=r"^\w[\w.-]{0,127}$", description="By default made of the name.")] | None
    ) = None
    description: Description = ""
    parent_category: Id | None = None

    def given(self) -> dict[str, Any]:
        return {"description": self.description, "parent_category": self.parent_category}


class CategoryEdit(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; a null parent puts it at the top. The id stays: see `/taxonomy/rename`."""

    name: Name | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    parent_category: Id | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in given.items() if value is not UNSET}


class CategorySaved(Struct, kw_only=True):
    category_id: str
    name: str
    description: str
    parent_category: str | None
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def of(category: Category) -> "CategorySaved":
        return CategorySaved(
            category_id=category.id,
            name=category.name,
            description=category.description,
            parent_category=category.parent_category,
            created_at=category.created_at,
            updated_at=category.updated_at,
        )


class CategoryDeleted(Struct, kw_only=True):
    category_id: str
    status: str = "deleted"


def _links(category_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/categories/{category_id}", "tree": "/api/v1/taxonomy/tree"}


class CategoriesController(Controller):
    path = "/api/v1/categories"
    tags = ("categories",)

    @get("/", operation_id="listCategories", dependencies=paged("created_at", "name"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_categories: NamedDependency[BrowseCategories],
        parent_category: FromQuery[Id | None] = None,
    ) -> Envelope[CategoryList]:
        """List categories, with what refers to them."""
        found = await browse_categories.page(caller, paging, parent_category)
        categories = [CategoryOut.of(seen) for seen in found.items]
        return page(CategoryList(categories=categories, total=found.total, pagination=Pagination.of(found)), found)

    @post("/", status_code=201, operation_id="addCategory", opt=rules(scope=Scope.ADMIN, raises=(Conflict,)))
    async def add(
        self, data: JSONBody[CategoryIn], caller: Caller, edit_categories: NamedDependency[EditCategories]
    ) -> Envelope[CategorySaved]:
        """Add a category, at the top or below another."""
        category = await edit_categories.add(caller, data.name, data.given(), data.category_id)
        return created(CategorySaved.of(category), links=_links(category.id))

    @get("/{category_id:str}", operation_id="getCategory", opt=rules(raises=(NotFound,)))
    async def one(
        self, category_id: FromPath[Id], caller: Caller, browse_categories: NamedDependency[BrowseCategories]
    ) -> Envelope[CategoryOut]:
        """One category."""
        return ok(CategoryOut.of(await browse_categories.one(caller, category_id)), links=_links(category_id))

    @put("/{category_id:str}", operation_id="editCategory", opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)))
    async def edit(
        self,
        category_id: FromPath[Id],
        data: JSONBody[CategoryEdit],
        caller: Caller,
        edit_categories: NamedDependency[EditCategories],
    ) -> Envelope[CategorySaved]:
        """Change a category's name, description or place in the tree."""
        category = await edit_categories.edit(caller, category_id, data.changes())
        return ok(CategorySaved.of(category), links=_links(category_id))

    @delete(
        "/{category_id:str}",
        status_code=200,
        operation_id="deleteCategory",
        opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)),
    )
    async def delete(
        self, category_id: FromPath[Id], caller: Caller, edit_categories: NamedDependency[EditCategories]
    ) -> Envelope[CategoryDeleted]:
        """Delete a category that nothing refers to."""
        category = await edit_categories.delete(caller, category_id)
        return ok(CategoryDeleted(category_id=category.id), links={"categories": "/api/v1/categories"})
