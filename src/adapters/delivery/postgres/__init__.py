"""The delivery queue on PostgreSQL 14 and later."""

from adapters.delivery.postgres.queue import PostgresDeliveries

__all__ = ["PostgresDeliveries"]
