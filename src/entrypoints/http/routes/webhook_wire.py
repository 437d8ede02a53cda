"""Webhooks and deliveries on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from application.use_cases.redelivery import Tested
from application.use_cases.webhook_reading import DeliveryDetail, WebhookView
from application.use_cases.webhooks import Disclosed
from domain.delivery import Attempt, Delivery, PublicEvent, shown_status
from domain.lanes import Lane, LaneLimits
from domain.paging import Page
from domain.retries import MAX_RETRIES, MAX_TIMEOUT, MIN_TIMEOUT, Preset, RetrySettings
from domain.signing import standard_spelling
from domain.webhook_rules import MASK
from domain.webhooks import Direction, SignatureMode, Webhook
from entrypoints.http.envelope import Pagination
from entrypoints.http.routes.wire import Url

Short = Annotated[str, Meta(max_length=1000)]
EventName = Annotated[str, Meta(min_length=1, max_length=128)]


class RetryPolicyIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is, or takes the preset's value."""

    preset: Preset | UnsetType = UNSET
    max_retries: Annotated[int, Meta(ge=0, le=MAX_RETRIES)] | UnsetType | None = UNSET
    timeout_seconds: Annotated[float, Meta(ge=MIN_TIMEOUT, le=MAX_TIMEOUT)] | UnsetType | None = UNSET


class LimitsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """10 at once and 1000 an hour unless it says otherwise, within the deployment's ceilings."""

    in_flight: Annotated[int, Meta(ge=1, le=100_000)] | UnsetType = UNSET
    per_hour: Annotated[int, Meta(ge=1, le=100_000_000)] | UnsetType = UNSET


class WebhookIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """The properties of a webhook; in a change, what is absent stays as it is."""

    url: Url | UnsetType | None = UNSET
    events: Annotated[list[EventName], Meta(max_length=100)] | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    description: Short | UnsetType | None = UNSET
    secret: Annotated[str, Meta(min_length=8, max_length=512)] | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET
    headers: Annotated[dict[str, str], Meta(max_length=20)] | UnsetType = UNSET
    retry_policy: RetryPolicyIn | UnsetType = UNSET
    direction: Direction | UnsetType = UNSET
    ip_whitelist: Annotated[list[str], Meta(max_length=100)] | UnsetType = UNSET
    incoming_signature_mode: SignatureMode | UnsetType = UNSET
    limits: LimitsIn | UnsetType = UNSET
    metadata: Annotated[dict[str, Any], Meta(max_length=50)] | UnsetType = UNSET
    paused_until: datetime | UnsetType | None = UNSET

    def changes(self) -> dict[str, Any]:
        """What was named, as the core's values; composed ones as a mapping of their named parts."""
        kept = _named(self)
        for apart in ("headers", "secret"):
            kept.pop(apart, None)
        for name in ("events", "ip_whitelist"):
            if name in kept:
                kept[name] = tuple(kept[name])
        for name in ("retry_policy", "limits"):
            if name in kept:
                kept[name] = _named(kept[name])
        return kept

    def properties(self) -> dict[str, Any]:
        """Of a new webhook."""
        given = self.changes()
        given["retry_policy"] = RetrySettings(**given.get("retry_policy", {}))
        given["limits"] = LaneLimits(**given.get("limits", {}))
        return given

    @property
    def given_secret(self) -> str | None:
        return None if self.secret is UNSET else self.secret

    @property
    def given_headers(self) -> dict[str, str] | None:
        return None if self.headers is UNSET else self.headers


def _named(struct: Struct) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(struct).items() if value is not UNSET}


class RetryPolicyOut(Struct, kw_only=True):
    preset: Preset
    max_retries: int
    timeout_seconds: float


class LimitsOut(Struct, kw_only=True):
    in_flight: int
    per_hour: int


class LastDelivery(Struct, kw_only=True):
    timestamp: datetime
    status: str


class StatsOut(Struct, kw_only=True):
    """Of deliveries that ended; tests don't count. The rate is 1 as long as none has."""

    total_deliveries: int = 0
    successful: int = 0
    failed: int = 0
    success_rate: float = 1.0

    @staticmethod
    def of(lane: Lane | None) -> "StatsOut":
        if lane is None or not (total := lane.succeeded + lane.failed):
            return StatsOut()
        rate = round(lane.succeeded / total, 4)
        return StatsOut(total_deliveries=total, successful=lane.succeeded, failed=lane.failed, success_rate=rate)


class WebhookOut(Struct, kw_only=True):
    webhook_id: str
    name: str | None
    description: str | None
    url: str | None
    events: list[str]
    active: bool
    direction: Direction
    headers: dict[str, str]
    """Values are masked; a masked value sent back keeps what it hides."""
    retry_policy: RetryPolicyOut
    limits: LimitsOut
    ip_whitelist: list[str]
    incoming_signature_mode: SignatureMode
    metadata: Mapping[str, Any]
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    paused_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    test_url: str
    last_delivery: LastDelivery | None
    stats: StatsOut
    deliveries_count: int
    failures_count: int

    @staticmethod
    def of(view: WebhookView) -> "WebhookOut":
        return WebhookOut(**_shown(view))


def _shown(view: WebhookView) -> dict[str, Any]:
    webhook, stats = view.webhook, StatsOut.of(view.lane)
    plain = ("name", "description", "url", "active", "direction", "incoming_signature_mode", "metadata", "created_by",
             "created_at", "updated_at", "disabled_at", "disabled_reason")  # fmt: skip
    return {
        **{name: getattr(webhook, name) for name in plain},
        "webhook_id": webhook.id,
        "events": list(webhook.events),
        "headers": dict.fromkeys(webhook.header_names, MASK),
        "retry_policy": _policy(webhook),
        "limits": LimitsOut(in_flight=webhook.limits.in_flight, per_hour=webhook.limits.per_hour),
        "ip_whitelist": list(webhook.ip_whitelist),
        "paused_until": view.paused_until,
        "test_url": f"/api/v1/webhooks/{webhook.id}/test",
        "last_delivery": _last(view.lane),
        "stats": stats,
        "deliveries_count": stats.total_deliveries,
        "failures_count": stats.failed,
    }


def _policy(webhook: Webhook) -> RetryPolicyOut:
    settings, policy = webhook.retry_policy, webhook.retry_policy.policy
    retries, timeout = len(policy.delays), policy.timeout_seconds
    return RetryPolicyOut(preset=settings.preset, max_retries=retries, timeout_seconds=timeout)


def _last(lane: Lane | None) -> LastDelivery | None:
    if lane is None or lane.last_attempt_at is None:
        return None
    return LastDelivery(timestamp=lane.last_attempt_at, status=lane.last_status or "failed")


class DisclosedOut(WebhookOut, kw_only=True):
    """`secret` and `whsec` are two spellings of one key, shown this once."""

    secret: str
    whsec: str
    secret_hash: str
    """A keyed fingerprint: the secret itself is stored encrypted, or it could not sign."""
    incoming_secret: str | None
    """Of `direction: both`: what you sign with when you post to us. `secret` signs what we post to you."""
    incoming_whsec: str | None
    warnings: list[str]

    @staticmethod
    def disclosed(made: Disclosed) -> "DisclosedOut":
        shown = _shown(WebhookView(made.webhook, None))
        return DisclosedOut(
            **shown,
            secret=made.secret,
            whsec=standard_spelling(made.secret),
            secret_hash=made.fingerprint,
            incoming_secret=made.incoming_secret,
            incoming_whsec=_spelt(made.incoming_secret),
            warnings=list(made.warnings),
        )


def _spelt(secret: str | None) -> str | None:
    return standard_spelling(secret) if secret else None


class WebhookList(Struct, kw_only=True):
    webhooks: list[WebhookOut]
    total: int
    pagination: Pagination

    @staticmethod
    def of(found: Page[WebhookView]) -> "WebhookList":
        shown = [WebhookOut.of(view) for view in found.items]
        return WebhookList(webhooks=shown, total=found.total, pagination=Pagination.of(found))


class WebhookDeleted(Struct, kw_only=True):
    webhook_id: str
    deleted_at: datetime
    status: Literal["deleted"] = "deleted"


class RotateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    secret: Annotated[str, Meta(min_length=8, max_length=512)] | None = None
    overlap_hours: Annotated[float, Meta(ge=0, le=168)] = 24.0


class SecretOut(Struct, kw_only=True):
    webhook_id: str
    secret: str
    whsec: str
    secret_hash: str
    incoming_secret: str | None
    """Of `direction: both`: what you sign with when you post to us."""
    incoming_whsec: str | None
    previous_valid_until: datetime | None
    warnings: list[str]

    @staticmethod
    def of(made: Disclosed) -> "SecretOut":
        held = (*made.webhook.secrets, *made.webhook.incoming_secrets)
        return SecretOut(
            webhook_id=made.webhook.id,
            secret=made.secret,
            whsec=standard_spelling(made.secret),
            secret_hash=made.fingerprint,
            incoming_secret=made.incoming_secret,
            incoming_whsec=_spelt(made.incoming_secret),
            previous_valid_until=max((each.until for each in held if each.until), default=None),
            warnings=list(made.warnings),
        )


class TestDelivery(Struct, kw_only=True):
    delivery_id: str
    status: Literal["success", "failed"]
    response_code: int | None
    response_time_ms: int
    error: str | None


class TestedOut(Struct, kw_only=True):
    webhook_id: str
    test_event_id: str
    delivery: TestDelivery

    @staticmethod
    def of(tested: Tested) -> "TestedOut":
        attempt, delivery = tested.attempt, tested.delivery
        outcome = attempt.outcome if attempt else None
        shown = TestDelivery(
            delivery_id=delivery.id,
            status="success" if outcome and outcome.succeeded else "failed",
            response_code=outcome.status if outcome else None,
            response_time_ms=attempt.duration_ms if attempt else 0,
            error=attempt.error if attempt else delivery.last_error,
        )
        return TestedOut(webhook_id=delivery.webhook_id, test_event_id=tested.event_id, delivery=shown)


class DeliveryOut(Struct, kw_only=True):
    delivery_id: str
    webhook_id: str
    event_id: str
    event_type: str
    status: str
    http_status: int | None
    response_code: int | None
    response_time_ms: int
    attempt: int
    timestamp: datetime
    error: str | None
    reason: str | None
    next_retry: datetime | None
    kind: str
    original_delivery_id: str | None
    retried_as: str | None
    created_at: datetime

    @staticmethod
    def of(delivery: Delivery, now: datetime) -> "DeliveryOut":
        return DeliveryOut(**_delivered(delivery, now))


def _delivered(delivery: Delivery, now: datetime) -> dict[str, Any]:
    waits = not delivery.is_finished and delivery.attempts > 0
    return {
        "delivery_id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "status": shown_status(delivery, now),
        "http_status": delivery.last_status,
        "response_code": delivery.last_status,
        "response_time_ms": delivery.last_duration_ms or 0,
        "attempt": delivery.attempts,
        "timestamp": delivery.last_attempt_at or delivery.created_at,
        "error": delivery.last_error,
        "reason": delivery.reason,
        "next_retry": delivery.due_at if waits else None,
        "kind": delivery.kind,
        "original_delivery_id": delivery.original_id,
        "retried_as": delivery.retried_as,
        "created_at": delivery.created_at,
    }


class DeliveryList(Struct, kw_only=True):
    deliveries: list[DeliveryOut]
    total: int
    pagination: Pagination

    @staticmethod
    def of(found: Page[Delivery], now: datetime) -> "DeliveryList":
        shown = [DeliveryOut.of(delivery, now) for delivery in found.items]
        return DeliveryList(deliveries=shown, total=found.total, pagination=Pagination.of(found))


class RequestOut(Struct, kw_only=True):
    headers: Mapping[str, str]
    """Without secrets."""


class ResponseOut(Struct, kw_only=True):
    status: int | None
    headers: Mapping[str, str]
    body: str | None
    """The first 4 KiB."""


class AttemptOut(Struct, kw_only=True):
    attempt: int
    timestamp: datetime
    response_code: int | None
    response_time_ms: int
    error: str | None
    stale: bool
    request: RequestOut
    response: ResponseOut

    @staticmethod
    def of(attempt: Attempt) -> "AttemptOut":
        status = attempt.outcome.status
        response = ResponseOut(status=status, headers=attempt.response_headers, body=attempt.response_body)
        return AttemptOut(
            attempt=attempt.number,
            timestamp=attempt.started_at,
            response_code=status,
            response_time_ms=attempt.duration_ms,
            error=attempt.error,
            stale=attempt.stale,
            request=RequestOut(headers=attempt.request_headers),
            response=response,
        )


class EventOut(Struct, kw_only=True):
    event_id: str
    event_type: str
    timestamp: datetime
    data: Mapping[str, Any]
    trace_id: str | None
    correlation_id: str | None

    @staticmethod
    def of(event: PublicEvent) -> "EventOut":
        return EventOut(
            event_id=event.id,
            event_type=event.type,
            timestamp=event.occurred_at,
            data=event.data,
            trace_id=event.trace_id,
            correlation_id=event.correlation_id,
        )


class DeliveryDetailOut(DeliveryOut, kw_only=True):
    """`event` is null when it is no longer kept, `request` and `response` are the last attempt's."""

    event: EventOut | None
    request: RequestOut | None
    response: ResponseOut | None
    attempts: list[AttemptOut]

    @staticmethod
    def detailed(detail: DeliveryDetail, now: datetime) -> "DeliveryDetailOut":
        attempts = [AttemptOut.of(attempt) for attempt in detail.attempts]
        return DeliveryDetailOut(
            **_delivered(detail.delivery, now),
            event=EventOut.of(detail.event) if detail.event else None,
            request=attempts[-1].request if attempts else None,
            response=attempts[-1].response if attempts else None,
            attempts=attempts,
        )


class FailureOut(Struct, kw_only=True):
    delivery_id: str
    webhook_id: str
    event_id: str
    event_type: str
    last_error: str
    reason: str | None
    retry_count: int
    failed_at: datetime
    action: Literal["manual_retry_required"] = "manual_retry_required"

    @staticmethod
    def of(delivery: Delivery) -> "FailureOut":
        return FailureOut(
            delivery_id=delivery.id,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            last_error=delivery.last_error or "",
            reason=delivery.reason,
            retry_count=max(0, delivery.attempts - 1),
            failed_at=delivery.finished_at or delivery.updated_at,
        )


class FailureList(Struct, kw_only=True):
    failures: list[FailureOut]
    total: int
    pagination: Pagination

    @staticmethod
    def of(found: Page[Delivery]) -> "FailureList":
        shown = [FailureOut.of(delivery) for delivery in found.items]
        return FailureList(failures=shown, total=found.total, pagination=Pagination.of(found))


class RetriedOut(Struct, kw_only=True):
    delivery_id: str
    original_delivery_id: str
    attempt: int
    scheduled_for: datetime
    status: Literal["queued"] = "queued"

    @staticmethod
    def of(again: Delivery) -> "RetriedOut":
        return RetriedOut(
            delivery_id=again.id,
            original_delivery_id=again.original_id or "",
            attempt=again.attempts + 1,
            scheduled_for=again.due_at,
        )


class RetryFailuresIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """All failures, or those of one webhook, or those since a time."""

    webhook_id: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    since: datetime | None = None


class RetriedList(Struct, kw_only=True):
    deliveries: list[RetriedOut]
    retried: int
    status: Literal["queued"] = "queued"
