"""The store on PostgreSQL 14 and later."""

from adapters.storage.postgres.migrations import migrate, pending_migrations
from adapters.storage.postgres.presence import Presence
from adapters.storage.postgres.store import PostgresStore

__all__ = ["PostgresStore", "Presence", "migrate", "pending_migrations"]
