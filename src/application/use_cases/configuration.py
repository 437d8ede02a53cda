"""Steering a tenant: reading its configuration, changing it, looking back, going back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from application.ports.storage import CONFIG_CHANGES, Store, UnitOfWork
from application.ports.system import Clock
from application.tenants import TenantViews
from application.transactions import committed
from domain.access import Caller
from domain.canonical import rfc3339
from domain.config_rules import check
from domain.configuration import (
    ConfigChange,
    change_id,
    differences,
    drawback,
    effective,
    leaves,
    merged,
    shown,
)
from domain.errors import Conflict, NotFound
from domain.events import ConfigUpdated
from domain.paging import Page, PageRequest, where
from domain.settings import TenantSettings


@dataclass(frozen=True, slots=True)
class ConfigChanged:
    """What a change did, or with `dry_run` would do."""

    settings: TenantSettings
    updated_fields: tuple[str, ...]
    applied: bool
    warning: str | None
    change: ConfigChange | None = None
    """None where nothing was to change, or nothing may yet."""


class BrowseConfig:
    def __init__(
        self, store: Store, views: TenantViews, defaults: TenantSettings, deployment: Mapping[str, Any]
    ) -> None:
        self._store, self._views, self._defaults, self._deployment = store, views, defaults, deployment

    async def __call__(self, caller: Caller) -> TenantSettings:
        """As it is in force."""
        return shown((await self._views.of(caller.tenant_id)).settings)

    async def overrides(self, caller: Caller) -> Mapping[str, Any]:
        """What the tenant has set itself."""
        async with self._store.begin(caller.tenant_id) as uow:
            return _overrides(await newest_change(uow))

    @property
    def defaults(self) -> TenantSettings:
        return shown(self._defaults)

    @property
    def deployment(self) -> Mapping[str, Any]:
        """The settings of the process, secrets masked."""
        return self._deployment

    async def history(self, caller: Caller, request: PageRequest) -> Page[ConfigChange]:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[CONFIG_CHANGES].page((), request)


class ChangeConfig:
    """Lays a change over the configuration: all of it or nothing, seen by the next question everywhere."""

    def __init__(self, store: Store, defaults: TenantSettings, clock: Clock) -> None:
        self._store, self._defaults, self._clock = store, defaults, clock

    async def __call__(
        self, caller: Caller, changes: Mapping[str, Any], *, dry_run: bool = False, comment: str | None = None
    ) -> ConfigChanged:
        """Raises `InvalidInput` naming every field that is unknown, of another type or out of its bounds."""

        async def change(uow: UnitOfWork) -> ConfigChanged:
            last = await newest_change(uow)
            check(changes, _overrides(last), self._defaults)
            wanted = merged(_overrides(last), changes, self._defaults)
            return await self._put(uow, caller, last, wanted, changes, dry_run=dry_run, comment=comment)

        return await committed(self._store, caller.tenant_id, change)

    async def roll_back(
        self, caller: Caller, to: int | None = None, *, dry_run: bool = False, comment: str | None = None
    ) -> ConfigChanged:
        """Makes the configuration what it was after change `to` (0: nothing set), by default after the one
        before the last. Raises `NotFound`, or `Conflict` where there is nothing to go back from."""

        async def change(uow: UnitOfWork) -> ConfigChanged:
            last = await newest_change(uow)
            if last is None:
                raise Conflict("Nothing has been changed yet.")
            wanted = await _overrides_after(uow, last.number - 1 if to is None else to)
            note = comment or f"Rolled back to {last.number - 1 if to is None else to}"
            return await self._put(uow, caller, last, wanted, {}, dry_run=dry_run, comment=note)

        return await committed(self._store, caller.tenant_id, change)

    async def _put(
        self,
        uow: UnitOfWork,
        caller: Caller,
        last: ConfigChange | None,
        wanted: Mapping[str, Any],
        asked: Mapping[str, Any],
        *,
        dry_run: bool,
        comment: str | None,
    ) -> ConfigChanged:
        before, after = (effective(self._defaults, each) for each in (_overrides(last), wanted))
        updated = differences(before, after, [path for path, _ in leaves(asked)])
        outcome = ConfigChanged(shown(after), updated, not dry_run, drawback(after, updated))
        if dry_run or wanted == _overrides(last):
            return outcome
        made = self._change(caller, last, wanted, updated, comment)
        await uow[CONFIG_CHANGES].save(made)
        await uow.touch_knowledge()
        return replace(outcome, change=made)

    def _change(
        self,
        caller: Caller,
        last: ConfigChange | None,
        wanted: Mapping[str, Any],
        updated: tuple[str, ...],
        comment: str | None,
    ) -> ConfigChange:
        now, number = self._clock.now(), last.number + 1 if last else 1
        made = ConfigChange(
            id=change_id(number),
            created_at=now,
            updated_at=now,
            number=number,
            overrides=wanted,
            changed_fields=updated,
            changed_by=caller.principal.key_id,
            comment=comment,
        )
        if updated:
            made.record(ConfigUpdated(changed_fields=updated, applied_at=rfc3339(now)))
        return made


async def newest_change(uow: UnitOfWork) -> ConfigChange | None:
    found = await uow[CONFIG_CHANGES].list((), sort="-number", limit=1)
    return found[0] if found else None


def _overrides(change: ConfigChange | None) -> Mapping[str, Any]:
    return change.overrides if change else {}


async def _overrides_after(uow: UnitOfWork, number: int) -> Mapping[str, Any]:
    if number == 0:
        return {}
    found = await uow[CONFIG_CHANGES].list(where(number=number), limit=1)
    if not found:
        raise NotFound(f"There is no configuration change {number}.", field="to")
    return found[0].overrides
