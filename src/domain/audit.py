"""What administrators did: written before it is done, completed with how it ended."""

from dataclasses import dataclass

from domain.aggregates import Aggregate


@dataclass(slots=True, kw_only=True)
class AuditEntry(Aggregate):
    action: str
    """The operation's id."""
    method: str
    path: str
    """With the ids in it, without its query."""
    key_id: str
    home_tenant_id: str
    """The tenant of the key that did it; another one than the entry's when the platform acted for it."""
    request_id: str
    trace_id: str
    client: str | None = None
    """The caller's address."""
    status: int = 0
    """The answer's HTTP status; 0 while it is under way, and for good when the process died on it."""
