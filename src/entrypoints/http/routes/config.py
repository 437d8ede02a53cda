"""The tenant's configuration."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody
from msgspec import Meta, Struct

from application.use_cases.configuration import BrowseConfig, ChangeConfig, ConfigChanged
from domain.access import Scope
from domain.config_rules import json_schema
from domain.configuration import ConfigChange
from domain.errors import Conflict, InvalidInput, NotFound, Problem
from domain.limits import BATCH_SIZES
from domain.phrases import PHRASES
from domain.settings import TenantSettings
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.security import Caller

Comment = Annotated[str, Meta(min_length=1, max_length=500)]
_ABOUT = {"dry_run": {"type": "boolean"}, "comment": {"type": "string", "minLength": 1, "maxLength": 500}}
_SCHEMA = json_schema()
ConfigChanges = Annotated[
    dict[str, Any],
    Meta(
        description="Any part of the configuration; null takes a value back to the deployment's default.",
        extra_json_schema={**_SCHEMA, "type": "object", "properties": {**_SCHEMA["properties"], **_ABOUT}},
    ),
]


class ConfigChangedOut(Struct, kw_only=True):
    updated_fields: list[str]
    changes_applied: bool
    warning: str | None
    dry_run: bool
    number: int
    """Of the change in the history; 0 when nothing was changed."""

    @staticmethod
    def of(changed: ConfigChanged) -> "ConfigChangedOut":
        return ConfigChangedOut(
            updated_fields=list(changed.updated_fields),
            changes_applied=changed.applied,
            warning=changed.warning,
            dry_run=not changed.applied,
            number=changed.change.number if changed.change else 0,
        )


class ConfigChangeOut(Struct, kw_only=True):
    change_id: str
    number: int
    changed_fields: list[str]
    changed_by: str
    comment: str
    changed_at: datetime
    overrides: Mapping[str, Any]
    """All that the tenant set itself after this change."""

    @staticmethod
    def of(change: ConfigChange) -> "ConfigChangeOut":
        return ConfigChangeOut(
            change_id=change.id,
            number=change.number,
            changed_fields=list(change.changed_fields),
            changed_by=change.changed_by or "",
            comment=change.comment or "",
            changed_at=change.created_at,
            overrides=change.overrides,
        )


class ConfigHistory(Struct, kw_only=True):
    changes: list[ConfigChangeOut]
    pagination: Pagination


class RollbackIn(Struct, kw_only=True, forbid_unknown_fields=True):
    to: Annotated[int, Meta(ge=0, le=2**53, description="Number of a change; 0 takes everything back.")] | None = None
    dry_run: bool = False
    comment: Comment | None = None


class FullConfig(Struct, kw_only=True):
    configuration: TenantSettings
    overrides: Mapping[str, Any]
    defaults: TenantSettings
    deployment: Mapping[str, Any]


class Phrases(Struct, kw_only=True):
    phrases: Mapping[str, Mapping[str, str]]
    """By language, then by the phrase's key."""
    languages: list[str]


LINKS = {
    "self": "/api/v1/config",
    "history": "/api/v1/config/history",
    "rollback": "/api/v1/config/rollback",
    "guardrails": "/api/v1/guardrails",
}


class ConfigController(Controller):
    path = "/api/v1/config"
    tags = ("config",)

    @get("/", operation_id="getConfig")
    async def read(self, caller: Caller, browse_config: NamedDependency[BrowseConfig]) -> Envelope[TenantSettings]:
        """The configuration in force."""
        return ok(_for(caller, await browse_config(caller)), links=LINKS)

    @put("/", operation_id="changeConfig", opt=rules(scope=Scope.ADMIN, raises=(Conflict,)))
    async def change(
        self,
        data: JSONBody[ConfigChanges],
        caller: Caller,
        change_config: NamedDependency[ChangeConfig],
        dry_run: FromQuery[bool] = False,
    ) -> Envelope[ConfigChangedOut]:
        """Change any part of the configuration, all of it or nothing."""
        changes, only_try, comment = _taken_apart(data)
        _leave_to_tier(changes, BATCH_SIZES[caller.principal.tier])
        done = await change_config(caller, changes, dry_run=dry_run or only_try, comment=comment)
        return ok(ConfigChangedOut.of(done), links=LINKS)

    @get("/history", operation_id="listConfigChanges", dependencies=paged("created_at", "number", default="-number"))
    async def history(
        self, paging: Paging, caller: Caller, browse_config: NamedDependency[BrowseConfig]
    ) -> Envelope[ConfigHistory]:
        """Who changed what, and when."""
        found = await browse_config.history(caller, paging)
        items = [ConfigChangeOut.of(change) for change in found.items]
        return page(ConfigHistory(changes=items, pagination=Pagination.of(found)), found)

    @post(
        "/rollback",
        status_code=200,
        operation_id="rollBackConfig",
        opt=rules(scope=Scope.ADMIN, raises=(NotFound, Conflict)),
    )
    async def roll_back(
        self,
        caller: Caller,
        change_config: NamedDependency[ChangeConfig],
        data: JSONBody[RollbackIn | None] = None,
    ) -> Envelope[ConfigChangedOut]:
        """Go back to what a change left, by default to what was before the last one."""
        asked = data or RollbackIn()
        done = await change_config.roll_back(caller, asked.to, dry_run=asked.dry_run, comment=asked.comment)
        return ok(ConfigChangedOut.of(done), links=LINKS)

    @get("/full", operation_id="getFullConfig", opt=rules(scope=Scope.ADMIN))
    async def full(self, caller: Caller, browse_config: NamedDependency[BrowseConfig]) -> Envelope[FullConfig]:
        """Everything that steers the service for this tenant, secrets masked."""
        out = FullConfig(
            configuration=_for(caller, await browse_config(caller)),
            overrides=await browse_config.overrides(caller),
            defaults=_for(caller, browse_config.defaults),
            deployment=browse_config.deployment,
        )
        return ok(out, links=LINKS)

    @get("/phrases", operation_id="getPhrases")
    async def phrases(self) -> Envelope[Phrases]:
        """What the service says in its own words, in every language it speaks."""
        languages = sorted({language for texts in PHRASES.values() for language in texts})
        by_language = {
            language: {str(key): texts[language] for key, texts in PHRASES.items()} for language in languages
        }
        return ok(Phrases(phrases=by_language, languages=languages))


def _for(caller: Caller, settings: TenantSettings) -> TenantSettings:
    """With the batch size that holds for this caller."""
    of_tier = BATCH_SIZES[caller.principal.tier]
    size = min(settings.limits.batch_query_max_size or of_tier, of_tier)
    return replace(settings, limits=replace(settings.limits, batch_query_max_size=size))


def _leave_to_tier(changes: dict[str, Any], of_tier: int) -> None:
    """The tier's own batch size, which is what a tenant reads that set none, is nothing to set."""
    limits = changes.get("limits")
    if isinstance(limits, dict) and limits.get("batch_query_max_size") == of_tier:
        changes["limits"] = {name: value for name, value in limits.items() if name != "batch_query_max_size"}


def _taken_apart(body: Mapping[str, Any]) -> tuple[dict[str, Any], bool, str | None]:
    """The changes themselves, and what stands beside them: `dry_run` and `comment`."""
    changes = {name: value for name, value in body.items() if name not in _ABOUT}
    dry_run, comment = body.get("dry_run", False), body.get("comment")
    problems = []
    if not isinstance(dry_run, bool):
        problems.append(Problem("dry_run must be true or false.", "dry_run", details={"rule": "type"}))
    if comment is not None and not (isinstance(comment, str) and 1 <= len(comment) <= 500):
        size = {"provided_length": len(comment)} if isinstance(comment, str) else {"rule": "type"}
        details = {"min_length": 1, "max_length": 500, **size}
        problems.append(Problem("comment must be a text of 1 to 500 characters.", "comment", details=details))
    if problems:
        raise InvalidInput(problems=problems)
    return changes, dry_run is True, comment
