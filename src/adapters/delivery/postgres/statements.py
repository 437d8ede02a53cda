"""SQL of the queue. Lanes are locked before deliveries, everywhere, so that nobody waits in a circle."""
# ruff: noqa: S608 - names come from constants, and every value is an argument

from adapters.advisory_locks import AdvisoryLock
from adapters.delivery.postgres.rows import CHANGING_COLUMNS, DELIVERY_COLUMNS, EVENT_COLUMNS

_D = ", ".join(f"d.{name}" for name in DELIVERY_COLUMNS)
_E = ", ".join(f"e.{name} AS event_{name}" for name in EVENT_COLUMNS)


_TYPES = {
    "timeout_seconds": "float8", "created_at": "timestamptz", "updated_at": "timestamptz", "due_at": "timestamptz",
    "attempts": "int", "lost_leases": "int", "lease_until": "timestamptz", "last_attempt_at": "timestamptz",
    "last_status": "int", "last_duration_ms": "int", "finished_at": "timestamptz", "occurred_at": "timestamptz",
    "logged": "bool", "started_at": "timestamptz", "free_slots": "int", "per_hour": "int", "held_until": "timestamptz",
}  # fmt: skip
"""Of the columns that are not text."""
_CAST = {"delays": "delays::float8[]", "data": "data::json", "body": "body::json"}
"""What cannot come as a column of a list, or is no text in its table."""
LANE_COLUMNS = ("tenant_id", "webhook_id", "free_slots", "per_hour", "held_until", "body")


def _given(*columns: str) -> str:
    """Rows that come as one list a column, numbered from 1: one statement for many, however many there are."""
    lists = ", ".join(f"${place}::{_TYPES.get(name, 'text')}[]" for place, name in enumerate(columns, 1))
    return f"unnest({lists}) WITH ORDINALITY AS given ({', '.join(columns)}, number)"


def _put(table: str, columns: tuple[str, ...], conflict: str = "") -> str:
    values = ", ".join(_CAST.get(name, name) for name in columns)
    return f"""
    INSERT INTO {table} ({", ".join(columns)}) SELECT {values} FROM {_given(*columns)} ORDER BY number
    ON CONFLICT {conflict} DO NOTHING
    """


TO_RELAY = f"""
SELECT id, tenant_id, name, payload, occurred_at, trace_id, seq FROM events
WHERE (SELECT pg_try_advisory_xact_lock({AdvisoryLock.RELAYING:d})) AND relayed_at IS NULL
ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED
"""
"""Nothing, too, while somebody else relays. What he took is no longer there to be locked, though the snapshot is of
before the lock."""
RELAYED = "UPDATE events SET relayed_at = now() WHERE seq = ANY($1) AND relayed_at IS NULL"

PUT_EVENT = _put("public_events", (*EVENT_COLUMNS, "logged"), "(tenant_id, id)")
PUT_DELIVERY = _put("webhook_deliveries", DELIVERY_COLUMNS)
OPEN_LANE = _put("webhook_lanes", LANE_COLUMNS, "(webhook_id)")
LOCK_LANE = "SELECT body FROM webhook_lanes WHERE webhook_id = $1 FOR UPDATE"
LOCK_LANES = "SELECT body FROM webhook_lanes WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR UPDATE"
KEEP_LANE = f"""
UPDATE webhook_lanes l
SET free_slots = given.free_slots, per_hour = given.per_hour, held_until = given.held_until, body = given.body::json
FROM {_given(*LANE_COLUMNS)} WHERE l.tenant_id = given.tenant_id AND l.webhook_id = given.webhook_id
"""
LANES = "SELECT body FROM webhook_lanes WHERE tenant_id = $1 AND webhook_id = ANY($2)"

DUE_LANES = """
SELECT l.webhook_id, l.free_slots, l.per_hour
FROM webhook_lanes l
CROSS JOIN LATERAL (
    SELECT due_at FROM webhook_deliveries d
    WHERE d.webhook_id = l.webhook_id AND d.state = 'pending' AND d.due_at <= $1
    ORDER BY due_at LIMIT 1) head
WHERE (l.held_until IS NULL OR l.held_until <= $1)
  AND l.webhook_id <> ALL($2)
  AND l.free_slots > (SELECT count(*) FROM webhook_deliveries f
                      WHERE f.webhook_id = l.webhook_id AND f.state = 'in_flight' AND f.kind <> 'test')
  AND l.per_hour > (SELECT coalesce(sum(sent), 0) FROM webhook_minutes m
                    WHERE m.webhook_id = l.webhook_id AND m.minute >= $3)
ORDER BY head.due_at LIMIT $4
FOR UPDATE OF l SKIP LOCKED
"""
"""First statement of a claim: lanes with work and room, locked. The counts are of before the lock: a hint."""

CLAIM = f"""
WITH lanes AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::int[]) AS t (webhook_id, slots, per_hour, room)
), free AS (
    SELECT webhook_id, least(
        room,
        slots - (SELECT count(*) FROM webhook_deliveries f
                 WHERE f.webhook_id = lanes.webhook_id AND f.state = 'in_flight' AND f.kind <> 'test'),
        per_hour - (SELECT coalesce(sum(sent), 0) FROM webhook_minutes m
                    WHERE m.webhook_id = lanes.webhook_id AND m.minute >= $5)) AS room
    FROM lanes
), due AS (
    SELECT next.id FROM free CROSS JOIN LATERAL (
        SELECT d.id, d.due_at FROM webhook_deliveries d
        WHERE d.webhook_id = free.webhook_id AND d.state = 'pending' AND d.due_at <= $6 AND d.created_at > $7
        ORDER BY d.due_at, d.id LIMIT greatest(free.room, 0)) next
    ORDER BY next.due_at, next.id LIMIT $8
), claimed AS (
    UPDATE webhook_deliveries d
    SET state = 'in_flight', claim_id = $9, updated_at = $6,
        lease_until = $6 + make_interval(secs => d.timeout_seconds) + $10
    FROM due WHERE d.id = due.id AND d.state = 'pending'
    RETURNING {_D}
), counted AS (
    INSERT INTO webhook_minutes AS kept (tenant_id, webhook_id, minute, sent)
    SELECT tenant_id, webhook_id, $11, count(*) FROM claimed GROUP BY tenant_id, webhook_id
    ON CONFLICT (webhook_id, minute) DO UPDATE SET sent = kept.sent + excluded.sent
), forgotten AS (
    DELETE FROM webhook_minutes m USING lanes WHERE m.webhook_id = lanes.webhook_id AND m.minute < $5
)
SELECT {_D}, {_E} FROM claimed d JOIN public_events e ON e.tenant_id = d.tenant_id AND e.id = d.event_id
"""
"""Second statement, with a snapshot from after the lock: counts what is in flight and what the hour has used,
and claims what is left. A single statement counts with the snapshot from before the lock, and was measured to
put 14 in flight where 10 was the cap."""

_SET = ", ".join(f"{name} = given.{name}" for name in CHANGING_COLUMNS)
_CHANGED = ("tenant_id", "id", *CHANGING_COLUMNS)
KEEP_DELIVERY = f"""
UPDATE webhook_deliveries d SET {_SET} FROM {_given(*_CHANGED)} WHERE d.tenant_id = given.tenant_id AND d.id = given.id
"""
SETTLE = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM {_given(*_CHANGED, "held_claim", "started_at", "attempt")}
), done AS (
    UPDATE webhook_deliveries d SET {_SET} FROM given
    WHERE d.tenant_id = given.tenant_id AND d.id = given.id AND d.claim_id = given.held_claim
    RETURNING given.number
), logged AS (
    INSERT INTO webhook_attempts (tenant_id, delivery_id, started_at, stale, body)
    SELECT tenant_id, id, started_at, NOT EXISTS (SELECT FROM done WHERE done.number = given.number), attempt::json
    FROM given
    WHERE EXISTS (SELECT FROM webhook_deliveries d WHERE d.tenant_id = given.tenant_id AND d.id = given.id)
)
SELECT number FROM done
"""
"""The new states and the attempts in one statement, fenced by the claims: of a claim that was lost the attempt is
only logged. Answers the numbers of those that held."""

HAND_BACK = """
WITH back AS (
    UPDATE webhook_deliveries SET state = 'pending', claim_id = NULL, lease_until = NULL, updated_at = $3
    WHERE id = $1 AND claim_id = $2 RETURNING webhook_id
)
UPDATE webhook_minutes m SET sent = greatest(0, sent - 1) FROM back
WHERE m.webhook_id = back.webhook_id AND m.minute = $4
"""

OVERDUE = """
SELECT id, webhook_id FROM webhook_deliveries WHERE state = 'in_flight' AND lease_until <= $1
UNION ALL
SELECT id, webhook_id FROM webhook_deliveries WHERE state = 'pending' AND created_at <= $2
LIMIT $3
"""
LOCK_OVERDUE = f"""
SELECT {_D} FROM webhook_deliveries d
WHERE d.id = ANY($1) AND ((state = 'in_flight' AND lease_until <= $2) OR (state = 'pending' AND created_at <= $3))
FOR UPDATE
"""
CANCEL = """
WITH gone AS (
    UPDATE webhook_deliveries SET state = 'cancelled', updated_at = $3, finished_at = $3
    WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'pending' RETURNING 1
)
SELECT count(*) FROM gone
"""
MARK_RETRIED = """
UPDATE webhook_deliveries SET retried_as = $3 WHERE tenant_id = $1 AND id = $2 AND retried_as IS NULL RETURNING id
"""
LAST_ANNOUNCED = """
SELECT max(occurred_at) FROM public_events WHERE tenant_id = $1 AND subject = $3 AND type = $2
"""
NEXT_DUE = """
SELECT min(greatest(head.due_at, l.held_until)) FROM webhook_lanes l CROSS JOIN LATERAL (
    SELECT due_at FROM webhook_deliveries d WHERE d.webhook_id = l.webhook_id AND d.state = 'pending'
    ORDER BY due_at LIMIT 1) head
"""
TENANT_OF = "SELECT tenant_id FROM webhooks WHERE id = $1"
COUNTS = """
SELECT count(*) FILTER (WHERE state = 'pending') AS queued,
       count(*) FILTER (WHERE state = 'in_flight') AS in_flight,
       (SELECT count(*) FROM webhook_deliveries
        WHERE state = 'failed' AND retried_as IS NULL AND kind <> 'test') AS failed,
       coalesce(extract(epoch FROM $1 - min(due_at) FILTER (WHERE state = 'pending' AND due_at <= $1)), 0)::float8
           AS oldest_due_seconds
FROM webhook_deliveries WHERE state IN ('pending', 'in_flight')
"""


def _forget(table: str, key: str, condition: str) -> str:
    """Takes a moment and how many at most; answers how many went."""
    return f"""
    WITH gone AS (
        DELETE FROM {table} WHERE {key} = ANY(ARRAY(SELECT {key} FROM {table} WHERE {condition} LIMIT $2)) RETURNING 1)
    SELECT count(*) FROM gone
    """


def _erase(table: str, data: str, also: str = "") -> str:
    """Looks at the next events after an id, and removes those about a person; the last id it looked at, and how many
    went. `also` is what goes with them."""
    return f"""
    WITH looked AS (
        SELECT id, {data}->>'user_id' = $4 OR {data}->>'session_id' = ANY($5) OR {data}->>'query_id' = ANY($6)
            OR {data}->>'escalation_id' = ANY($7) OR {data}->>'job_id' = ANY($8) AS theirs
        FROM {table} WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3
    ), gone AS (
        DELETE FROM {table} e USING looked l WHERE l.theirs AND e.tenant_id = $1 AND e.id = l.id RETURNING e.id
    ){also}
    SELECT (SELECT max(id) FROM looked) AS last, (SELECT count(*) FROM gone) AS gone
    """


ERASE_OUTBOX = _erase("events", "payload")
ERASE_EVENTS = _erase(
    "public_events",
    "data",
    """, stopped AS (
        DELETE FROM webhook_deliveries d USING gone g WHERE d.tenant_id = $1 AND d.event_id = g.id RETURNING d.id
    ), untold AS (
        DELETE FROM webhook_attempts a USING stopped s WHERE a.tenant_id = $1 AND a.delivery_id = s.id
    )""",
)
FORGET_FAILURES = _forget("webhook_deliveries", "id", "finished_at < $1 AND state = 'failed'")
FORGET_DELIVERIES = _forget("webhook_deliveries", "id", "finished_at < $1 AND state <> 'failed'")
FORGET_ATTEMPTS = _forget("webhook_attempts", "ctid", "started_at < $1")
FORGET_OUTBOX = _forget("events", "ctid", "relayed_at < $1")
FORGET_EVENTS = _forget(
    "public_events",
    "ctid",
    """occurred_at < $1 AND NOT EXISTS (
        SELECT FROM webhook_deliveries d WHERE d.tenant_id = public_events.tenant_id
        AND d.event_id = public_events.id AND d.finished_at IS NULL)""",
)
