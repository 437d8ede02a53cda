"""Fitting the confidence to what people said of answers, and taking a fit back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from application.ports.models import Embedder
from application.ports.storage import CONFIG_CHANGES, ESCALATIONS, PAIRS, QUERIES, Store, UnitOfWork
from application.tenants import TenantViews
from application.use_cases.configuration import ChangeConfig, ConfigChanged
from domain.access import Caller
from domain.calibrating import Fit, fit, label_of, verdict, verdict_of_operator
from domain.confidence import MIN_LABELS, Calibration, Label, fingerprint
from domain.configuration import ConfigChange
from domain.errors import Conflict
from domain.escalation import Escalation, EscalationStatus, Reason, normal_form
from domain.paging import where
from domain.qa_pairs import QAPair
from domain.queries import QueryRecord
from domain.ranking import RankingProfile
from domain.vectors import cosine

MOST_RATED = 5000
"""Labelled answers looked at, the newest: what was said long ago was said of other knowledge."""
MOST_RESOLVED = 500
"""Resolved escalations looked at: each has two texts to embed."""
SECTION = "calibration"
UNTELLING = frozenset({Reason.REQUESTED, Reason.ASKED_FOR_HUMAN})
"""Escalations whose question need not be one that knowledge answers."""


@dataclass(frozen=True, slots=True)
class Labels:
    by_feedback: tuple[Label, ...]
    by_resolution: tuple[Label, ...]

    @property
    def all(self) -> tuple[Label, ...]:
        return self.by_feedback + self.by_resolution


class GatherLabels:
    """Of each judged answer its logit and whether it was right: by feedback, or by what an operator answered
    instead of it."""

    def __init__(self, store: Store, embedder: Embedder, profile: RankingProfile) -> None:
        self._store, self._embedder, self._profile = store, embedder, profile

    async def __call__(self, tenant_id: str, constants: str) -> Labels:
        async with self._store.begin(tenant_id) as uow:
            rated = await uow[QUERIES].list(where(feedback__rating__ge=0), "-created_at", MOST_RATED)
            resolved = await self._resolved(uow, {query.id for query in rated})
        by_feedback = [label_of(query, verdict(query.feedback), constants) for query in rated]
        by_resolution = [
            label_of(query, await self._told(query, escalation, pair), constants)
            for query, escalation, pair in resolved
        ]
        return Labels(_known(by_feedback), _known(by_resolution))

    async def _resolved(self, uow: UnitOfWork, rated: set[str]) -> list[tuple[QueryRecord, Escalation, QAPair]]:
        """Escalated questions with a person's answer and the candidate that was not sent."""
        done = where(status=EscalationStatus.RESOLVED)
        found = await uow[ESCALATIONS].list(done, "-created_at", MOST_RESOLVED)
        telling = {e.query_id: e for e in found if e.answer and e.query_id and e.reason_code not in UNTELLING}
        queries = await uow[QUERIES].get_many([str(key) for key in telling if key not in rated])
        pairs = {pair.id: pair for pair in await uow[PAIRS].get_many(list({_candidate(q) for q in queries}))}
        unchanged = [q for q in queries if _candidate(q) in pairs and pairs[_candidate(q)].updated_at <= q.created_at]
        return [(query, telling[query.id], pairs[_candidate(query)]) for query in unchanged]

    async def _told(self, query: QueryRecord, escalation: Escalation, candidate: QAPair) -> bool | None:
        answer = escalation.answer or ""
        if normal_form(answer) == normal_form(candidate.answer):
            return True
        space = next(s for s in self._profile.spaces if s.serves(candidate.language) and s.serves(query.language))
        theirs, ours = await self._embedder.embed(space.name, [answer, candidate.answer])
        return verdict_of_operator(cosine(theirs, ours))


def _candidate(query: QueryRecord) -> str:
    return str(query.metadata.get("candidate") or "")


def _known(labels: Sequence[Label | None]) -> tuple[Label, ...]:
    return tuple(label for label in labels if label is not None)


@dataclass(frozen=True, slots=True)
class Calibrated:
    fit: Fit
    by_feedback: int
    by_resolution: int
    applied: bool
    reason: str | None = None
    """Why it was not applied."""
    change: ConfigChange | None = None


class CalibrateConfidence:
    """Fits slope and shift to the tenant's labels and puts them into its configuration, where they have a history
    and can be taken back like every other setting."""

    def __init__(
        self, views: TenantViews, gather: GatherLabels, change_config: ChangeConfig, base: Calibration
    ) -> None:
        self._views, self._gather, self._change_config, self._base = views, gather, change_config, base

    async def __call__(self, caller: Caller, *, dry_run: bool = False, force: bool = False) -> Calibrated:
        """Raises `Conflict` with fewer than `MIN_LABELS` labels. A fit that foretells held-out labels no better than
        what is in force is applied by `force` only."""
        labels = await self._gather(caller.tenant_id, fingerprint(self._base))
        _require_enough(labels)
        found = fit(labels.all, self._base, (await self._views.of(caller.tenant_id)).calibration)
        counts = len(labels.by_feedback), len(labels.by_resolution)
        if dry_run:
            return Calibrated(found, *counts, applied=False, reason="It was only tried.")
        if not found.helps and not force:
            return Calibrated(found, *counts, applied=False, reason="What is in force foretells the labels as well.")
        comment = f"Calibrated on {found.labels} labels: log-loss {found.before.loss} to {found.after.loss}"
        changed = await self._change_config(caller, {SECTION: asdict(found.setting)}, comment=comment)
        return Calibrated(found, *counts, applied=True, change=changed.change)


def _require_enough(labels: Labels) -> None:
    count = len(labels.all)
    if count < MIN_LABELS:
        details = {
            "labels": count,
            "needed": MIN_LABELS,
            "by_feedback": len(labels.by_feedback),
            "by_resolution": len(labels.by_resolution),
        }
        raise Conflict(
            f"There are {count} labelled answers, and calibration needs at least {MIN_LABELS}: feedback that says "
            "whether an answer was right, or escalations that were resolved with an answer.",
            details=details,
        )


class TakeFitBack:
    """Puts the calibration that was in force before the newest one back, and leaves all other settings alone."""

    def __init__(self, store: Store, change_config: ChangeConfig) -> None:
        self._store, self._change_config = store, change_config

    async def __call__(self, caller: Caller) -> ConfigChanged:
        """Raises `Conflict` where none was ever set."""
        async with self._store.begin(caller.tenant_id) as uow:
            history = await uow[CONFIG_CHANGES].list((), "-number")
        at = next((n for n, change in enumerate(history) if _moves(change)), None)
        if at is None:
            raise Conflict("Confidence has never been calibrated here; there is nothing to take back.")
        before: Mapping[str, Any] = history[at + 1].overrides if at + 1 < len(history) else {}
        wanted = dict.fromkeys(_FIELDS) | dict(before.get(SECTION, {}))
        comment = f"Took back the calibration of change {history[at].number}"
        return await self._change_config(caller, {SECTION: wanted}, comment=comment)


_FIELDS = ("slope", "shift", "labels", "fitted_for")


def _moves(change: ConfigChange) -> bool:
    return any(name.startswith(f"{SECTION}.") for name in change.changed_fields)
