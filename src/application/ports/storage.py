"""The store: the truth about everything, one tenant and one transaction at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from domain.aggregates import Aggregate, Event
from domain.audit import AuditEntry
from domain.configuration import ConfigChange
from domain.documents import Document, DocumentVersion
from domain.escalation import Escalation
from domain.evaluation import Dataset, Evaluation
from domain.health import HealthState
from domain.idempotency import Replay
from domain.incoming import InboxEntry
from domain.index_tasks import IndexTask
from domain.jobs import Job, JobItem, JobType
from domain.keys import ApiKey, KeyDigest, Tenant
from domain.paging import Page, PageRequest, Where
from domain.qa_pairs import PairStatistics, QAPair
from domain.queries import QueryRecord
from domain.sessions import Message, Session, UserProfile
from domain.staging import Draft, StagedPair, StoredFile
from domain.taxonomy import Category, ExampleVectors, Intent
from domain.tokens import SigningKey
from domain.tracing import Trace
from domain.webhooks import Webhook

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class Table(Generic[A]):
    """A kind of aggregate. `indexed` are the dotted paths that lists filter and sort by, besides `id` and
    `created_at`; a condition on any other path is a programming error."""

    name: str
    type: type[A]
    noun: str
    indexed: tuple[str, ...] = ()


DOCUMENTS = Table("documents", Document, "document", ("status", "category", "language", "title", "updated_at"))
PAIRS = Table("qa_pairs", QAPair, "Q&A pair", ("document_id", "status", "metadata.category", "metadata.intent"))
VERSIONS = Table("document_versions", DocumentVersion, "version", ("document_id", "number"))
DRAFTS = Table("drafts", Draft, "draft", ("status", "job_id", "expires_at"))
STAGED_PAIRS = Table("staged_pairs", StagedPair, "staged pair", ("draft_id", "file_id", "job_id", "position", "review"))
FILES = Table("files", StoredFile, "file")
JOBS = Table("jobs", Job, "job", ("status", "type", "updated_at", "lease_until"))
JOB_ITEMS = Table("job_items", JobItem, "item", ("job_id", "position", "status"))
QUERIES = Table(
    "queries",
    QueryRecord,
    "query",
    ("user_id", "session_id", "action", "category", "intent", "outcome", "language", "feedback.rating"),
)
TRACES = Table("traces", Trace, "trace", ("trace_id",))
SESSIONS = Table("sessions", Session, "session", ("user_id", "state", "expires_at"))
MESSAGES = Table("messages", Message, "message", ("session_id", "user_id", "role", "position", "hidden"))
USERS = Table("users", UserProfile, "user")
EXAMPLE_VECTORS = Table("example_vectors", ExampleVectors, "set of examples")
INTENTS = Table("intents", Intent, "intent", ("name", "category"))
CATEGORIES = Table("categories", Category, "category", ("parent_category", "name"))
ESCALATIONS = Table(
    "escalations",
    Escalation,
    "escalation",
    ("status", "session_id", "user_id", "category", "priority", "operator_id", "rank", "team", "reason_code"),
)
CONFIG_CHANGES = Table("config_changes", ConfigChange, "configuration change", ("number",))
WEBHOOKS = Table("webhooks", Webhook, "webhook", ("active", "purpose", "job_id", "events"))
INBOX = Table("webhook_inbox", InboxEntry, "incoming event")
INDEX_TASKS = Table("index_tasks", IndexTask, "index task")
API_KEYS = Table("api_keys", ApiKey, "API key")
KEY_DIGESTS = Table("key_digests", KeyDigest, "digest")
TENANTS = Table("tenants", Tenant, "tenant")
SIGNING_KEYS = Table("signing_keys", SigningKey, "signing key")
REPLAYS = Table("replays", Replay, "kept answer", ("expires_at",))
EVALUATIONS = Table("evaluations", Evaluation, "evaluation", ("status", "dataset_id"))
DATASETS = Table("datasets", Dataset, "dataset")
HEALTH_STATES = Table("health_states", HealthState, "state of health")
AUDIT = Table("audit_entries", AuditEntry, "audit entry", ("action", "key_id"))

TABLES: tuple[Table[Any], ...] = (
    DOCUMENTS,
    PAIRS,
    VERSIONS,
    DRAFTS,
    STAGED_PAIRS,
    FILES,
    JOBS,
    JOB_ITEMS,
    QUERIES,
    TRACES,
    SESSIONS,
    MESSAGES,
    USERS,
    INTENTS,
    EXAMPLE_VECTORS,
    CATEGORIES,
    ESCALATIONS,
    CONFIG_CHANGES,
    INDEX_TASKS,
    WEBHOOKS,
    INBOX,
    API_KEYS,
    KEY_DIGESTS,
    TENANTS,
    SIGNING_KEYS,
    REPLAYS,
    AUDIT,
    EVALUATIONS,
    DATASETS,
    HEALTH_STATES,
)


class Collection(Protocol[A]):
    """All aggregates of one kind that the tenant has, seen from inside one transaction.

    What `get` returns is a copy: changing it changes nothing until it is saved. `save` inserts an
    aggregate of version 0 and otherwise replaces the one whose version it has, raising `StaleVersion`
    when somebody else was faster; it raises the version, and puts the aggregate's events into the outbox.
    """

    async def get(self, id: str) -> A:  # noqa: A002 - the field's own word
        """Raises `NotFound`, in words that don't tell whether another tenant has it."""
        ...

    async def find(self, id: str) -> A | None: ...  # noqa: A002

    async def get_many(self, ids: Sequence[str]) -> list[A]:
        """In the order of `ids`; missing ones are left out."""
        ...

    async def save(self, item: A) -> None: ...

    async def save_all(self, items: Sequence[A]) -> None: ...

    async def remove(self, id: str) -> bool: ...  # noqa: A002

    async def remove_where(self, where: Where) -> int: ...

    async def page(self, where: Where, request: PageRequest) -> Page[A]:
        """Ties in the sort field are broken by id, in the same direction; `None` sorts lowest.
        With a cursor the page starts after the last item seen, however many were inserted since;
        a cursor that is not ours or was made for another sort raises `InvalidInput`."""
        ...

    async def list(self, where: Where, sort: str = "created_at", limit: int | None = None) -> list[A]: ...

    async def count(self, where: Where = ()) -> int: ...


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as the outbox holds it."""

    id: str
    tenant_id: str
    event: Event
    occurred_at: datetime
    trace_id: str | None


class UnitOfWork(Protocol):
    """One transaction of one tenant. Leaving it without `commit` undoes everything."""

    tenant_id: str

    def __getitem__(self, table: Table[A]) -> Collection[A]:
        """`uow[PAIRS]`: the tenant's aggregates of that kind."""
        ...

    @property
    def statistics(self) -> "Statistics": ...

    async def knowledge_version(self) -> int:
        """Counts the tenant's committed changes of knowledge and configuration: what was computed from an
        older one is stale."""
        ...

    async def touch_knowledge(self) -> None:
        """Raises the knowledge version when this transaction commits; never conflicts."""
        ...

    def announce(self, event: Event) -> None:
        """Puts an event that belongs to no aggregate into the outbox of this transaction."""
        ...

    async def commit(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Statistics(Protocol):
    """Counters of pairs, kept beside them so that counting never conflicts with editing."""

    async def add(self, pair_id: str, delta: PairStatistics) -> None:
        """Adds every member of `delta`, which may be negative, to the pair's."""
        ...

    async def of(self, pair_ids: Sequence[str]) -> dict[str, PairStatistics]: ...


class Store(Protocol):
    """Opens transactions. `begin(tenant)` touches nothing until its first verb."""

    def begin(self, tenant_id: str) -> UnitOfWork: ...

    async def tenants(self) -> list[str]:
        """Every tenant that owns anything."""
        ...

    async def tenants_with(self, table: Table[Any]) -> list[str]:
        """Every tenant that has at least one of these."""
        ...

    async def count_all(self, table: Table[Any]) -> int:
        """How many of these there are, over all tenants."""
        ...

    async def ping(self) -> None:
        """Raises `ServiceUnavailable` when the store cannot be reached."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    tenant_id: str
    job_id: str
    type: JobType


class JobClaims(Protocol):
    """Which job to take up next, over all tenants; safe between any number of processes."""

    async def claim(self, now: datetime, claim_id: str) -> ClaimedJob | None:
        """Claims the oldest job that is pending, or processing with a lease that ran out. Each job goes
        to exactly one claimant."""
        ...

    async def renew(self, tenant_id: str, job_id: str, claim_id: str, now: datetime) -> bool:
        """Prolongs the lease; False when the claim is lost or the job was cancelled. Leaves the version
        alone, so that the claimant's own saves are never stale because of it."""
        ...
