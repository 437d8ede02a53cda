"""What a webhook's owner may set."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.delivery import PublicEvent
from domain.errors import InvalidInput
from domain.events import WebhookDisabled
from domain.lanes import LaneLimits
from domain.retries import RetrySettings
from domain.webhook_rules import header_problems, problems_of, secret_problems
from domain.webhooks import Direction, Purpose, SealedSecret, Webhook

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)


def a_webhook(**changes: Any) -> Webhook:
    given: dict[str, Any] = {"url": "https://a.example/x", "events": ("query.completed",), **changes}
    return Webhook(id="whk_1", created_at=NOW, updated_at=NOW, **given)


def offences(**changes: Any) -> list[str | None]:
    with pytest.raises(InvalidInput) as refused:
        a_webhook(**changes).require_valid()
    return [problem.field for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": None}, "url"), ({"url": "https://a.example/" + "x" * 2048}, "url"), ({"events": ()}, "events"),
        ({"events": ("query.completed", "webhook.test")}, "events.1"), ({"events": ("nonsense",)}, "events.0"),
        ({"events": ("query.completed",) * 101}, "events"), ({"name": "n" * 129}, "name"),
        ({"description": "d" * 1001}, "description"), ({"metadata": {"k": "v" * 5000}}, "metadata"),
        ({"retry_policy": RetrySettings(max_retries=11)}, "retry_policy.max_retries"),
        ({"retry_policy": RetrySettings(timeout_seconds=0.5)}, "retry_policy.timeout_seconds"),
        ({"limits": LaneLimits(33, 1000)}, "limits.in_flight"), ({"limits": LaneLimits(1, 0)}, "limits.per_hour"),
        ({"ip_whitelist": ("10.0.0.0/8", "300.1.1.1")}, "ip_whitelist.1"),
    ],
)  # fmt: skip
def test_an_offence_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert offences(**changes) == [field]


def test_the_deployment_says_how_far_limits_may_be_raised() -> None:
    raised = a_webhook(limits=LaneLimits(20, 5000))
    assert problems_of(raised, LaneLimits(20, 5000)) == []
    fields = [problem.field for problem in problems_of(raised, LaneLimits(10, 1000))]
    assert fields == ["limits.in_flight", "limits.per_hour"]


def test_every_offence_is_named_at_once() -> None:
    assert set(offences(url=None, events=(), name="n" * 200)) == {"url", "events", "name"}


def test_a_webhook_that_only_receives_needs_neither_url_nor_events() -> None:
    webhook = a_webhook(url=None, events=(), direction=Direction.INCOMING)
    webhook.require_valid()
    assert webhook.receives and not webhook.sends


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "x"), ("content-LENGTH", "1"), ("X-Signature", "x"), ("webhook-signature", "x"), ("Bad Name", "x"),
        ("", "x"), ("X-Ok", "a\r\nX-Evil: 1"), ("X-Ok", "a\x00"), ("X-Ok", "ключ"), ("Transfer-Encoding", "chunked"),
    ],
)  # fmt: skip
def test_headers_that_would_break_a_delivery_are_refused(name: str, value: str) -> None:
    assert header_problems({name: value})


def test_headers_are_few_and_small() -> None:
    assert not header_problems({"Authorization": "Bearer webhook_secret_xyz", "X-Custom-Header": "value"})
    assert header_problems({f"X-{number}": "v" for number in range(21)})
    assert header_problems({"X-Big": "v" * 4096})


def test_secrets_are_neither_short_nor_endless_nor_broken() -> None:
    assert not secret_problems("12345678")
    assert all(secret_problems(bad) for bad in ("1234567", "s" * 513, "whsec_%%%"))


def secret(number: int, at: datetime = NOW) -> SealedSecret:
    return SealedSecret(f"s{number}", "sealed", at)


def test_a_rotation_keeps_the_old_secret_for_the_overlap() -> None:
    webhook = a_webhook(secrets=(secret(1),))
    webhook.rotate_secret(secret(2), timedelta(hours=24), NOW)
    assert [s.id for s in webhook.signing_secrets(NOW + timedelta(hours=23))] == ["s1", "s2"]
    assert webhook.key_overlaps(NOW) and not webhook.key_overlaps(NOW + timedelta(hours=24))
    assert [s.id for s in webhook.signing_secrets(NOW + timedelta(hours=24))] == ["s2"]


def test_a_rotation_without_overlap_ends_the_old_secret_at_once() -> None:
    webhook = a_webhook(secrets=(secret(1),))
    webhook.rotate_secret(secret(2), timedelta(0), NOW)
    assert [s.id for s in webhook.secrets] == ["s2"]


def test_rotating_again_and_again_keeps_three_secrets_at_most() -> None:
    webhook = a_webhook(secrets=(secret(1),))
    for number in range(2, 7):
        webhook.rotate_secret(secret(number), timedelta(hours=24), NOW)
    assert [s.id for s in webhook.signing_secrets(NOW)] == ["s4", "s5", "s6"]


def an_event(**changes: Any) -> PublicEvent:
    given: dict[str, Any] = {"type": "query.completed", **changes}
    return PublicEvent(id="evt_1", tenant_id="t", data={}, occurred_at=NOW, **given)


def test_what_a_webhook_wants() -> None:
    assert a_webhook().wants(an_event())
    assert not a_webhook().wants(an_event(type="query.failed"))
    assert not a_webhook(active=False).wants(an_event())
    assert not a_webhook(direction=Direction.INCOMING).wants(an_event())
    assert not a_webhook().wants(an_event(withheld_from="whk_1"))


def test_a_callback_wants_the_events_of_its_job_only() -> None:
    callback = a_webhook(events=("job.completed",), purpose=Purpose.CALLBACK, job_id="job_1")
    assert callback.wants(an_event(type="job.completed", subject="job_1"))
    assert not callback.wants(an_event(type="job.completed", subject="job_2"))


def test_being_disabled_is_announced_once_and_shown_until_reactivated() -> None:
    webhook = a_webhook()
    webhook.disable("the receiver answered 410", "evt_1", NOW)
    webhook.disable("again", None, NOW)
    assert webhook.take_events() == [
        WebhookDisabled(webhook_id="whk_1", event_id="evt_1", last_error="the receiver answered 410")
    ]
    webhook.change({"active": True}, NOW)
    assert webhook.disabled_at is None


def both_ways(**given: Any) -> Webhook:
    return a_webhook(direction=Direction.BOTH, secrets=(secret(1),), **given)


def ids(secrets: tuple[SealedSecret, ...]) -> list[str]:
    return [each.id for each in secrets]


def test_what_comes_in_is_proved_by_other_secrets_than_sign_what_goes_out() -> None:
    webhook = both_ways(incoming_secrets=(secret(2),))
    webhook.rotate_incoming_secret(secret(3), timedelta(hours=1), NOW)
    assert ids(webhook.signing_secrets(NOW)) == ["s1"]
    assert ids(webhook.verifying_secrets(NOW)) == ["s2", "s3"]
    assert ids(webhook.verifying_secrets(NOW + timedelta(hours=1))) == ["s3"]
    assert not webhook.key_overlaps(NOW)


def test_one_from_before_there_were_two_keeps_its_secret_for_both_until_that_is_rotated() -> None:
    webhook = both_ways()
    assert ids(webhook.verifying_secrets(NOW)) == ["s1"]
    webhook.rotate_incoming_secret(secret(2), timedelta(hours=1), NOW)
    webhook.rotate_secret(secret(3), timedelta(hours=1), NOW)
    assert ids(webhook.verifying_secrets(NOW)) == ["s1", "s2"] and ids(webhook.signing_secrets(NOW)) == ["s1", "s3"]
    assert ids(webhook.verifying_secrets(NOW + timedelta(hours=1))) == ["s2"]


@pytest.mark.parametrize(
    ("before", "after", "signing", "verifying"),
    [
        ("outgoing", "both", ["s1"], ["s9"]), ("incoming", "both", ["s9"], ["s1"]),
        ("both", "outgoing", ["s1"], ["s1"]), ("both", "incoming", ["s2"], ["s2"]), ("both", "both", ["s1"], ["s2"]),
        ("outgoing", "incoming", ["s1"], ["s1"]),
    ],
)  # fmt: skip
def test_a_direction_that_is_gained_has_a_secret_of_its_own(
    before: str, after: str, signing: list[str], verifying: list[str]
) -> None:
    apart = (secret(2),) if before == "both" else ()
    webhook = a_webhook(direction=Direction(after), secrets=(secret(1),), incoming_secrets=apart)
    webhook.turn(Direction(before), replace(secret(9), shown=False))
    assert (ids(webhook.signing_secrets(NOW)), ids(webhook.verifying_secrets(NOW))) == (signing, verifying)


def test_a_secret_that_nobody_was_shown_does_not_overlap_with_the_next() -> None:
    webhook = a_webhook(secrets=(replace(secret(1), shown=False),))
    webhook.rotate_secret(secret(2), timedelta(hours=1), NOW)
    assert ids(webhook.signing_secrets(NOW)) == ["s2"]
