"""What every question needs to know of its tenant, read again only when it changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from application.ports.storage import CONFIG_CHANGES, INTENTS, Store, UnitOfWork
from domain.calibrating import moved
from domain.confidence import Calibration, fingerprint
from domain.configuration import effective
from domain.settings import TenantSettings


@dataclass(frozen=True, slots=True)
class TenantView:
    tenant_id: str
    knowledge_version: int
    settings: TenantSettings
    intent_weights: Mapping[str, float]
    calibration: Calibration
    constants: str
    """Fingerprint of the calibration's."""


class TenantViews:
    """Reads the knowledge version each time and the rest only when that has risen, so that a change made
    anywhere is seen by the next question everywhere."""

    def __init__(self, store: Store, defaults: TenantSettings, calibration: Calibration) -> None:
        self._store, self._defaults, self._calibration = store, defaults, calibration
        self._constants = fingerprint(calibration)
        self._known: dict[str, TenantView] = {}

    async def of(self, tenant_id: str) -> TenantView:
        async with self._store.begin(tenant_id) as uow:
            version = await uow.knowledge_version()
            known = self._known.get(tenant_id)
            if known is None or known.knowledge_version != version:
                known = self._known[tenant_id] = await self._read(uow, version)
        return known

    async def _read(self, uow: UnitOfWork, version: int) -> TenantView:
        changes = await uow[CONFIG_CHANGES].list((), sort="-number", limit=1)
        settings = effective(self._defaults, changes[0].overrides if changes else {})
        weights = {intent.label: intent.escalation_weight for intent in await uow[INTENTS].list(())}
        calibration = moved(self._calibration, settings.calibration)
        return TenantView(uow.tenant_id, version, settings, weights, calibration, self._constants)
