"""The store on PostgreSQL 14 and later."""

from adapters.storage.postgres.migrations import migrate, pending_migrations
from adapters.storage.postgres.store import PostgresStore

__all__ = ["PostgresStore", "migrate", "pending_migrations"]
