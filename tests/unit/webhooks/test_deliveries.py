"""One event on its way to one webhook."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.delivery import (
    MAX_BODY_BYTES,
    STATUS_WORDS,
    Attempt,
    Delivery,
    Kind,
    PublicEvent,
    State,
    render_body,
    settled_lane,
    shown_status,
    state_of_word,
)
from domain.errors import Conflict, PayloadTooLarge
from domain.lanes import Lane
from domain.retries import GiveUp, Outcome, Reason, RetrySettings, Succeed, TryAgain, decide

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)


def a_delivery() -> Delivery:
    return Delivery(
        id="del_1", tenant_id="t", webhook_id="whk_1", event_id="evt_1", event_type="query.completed",
        policy=RetrySettings().policy, created_at=NOW, updated_at=NOW, due_at=NOW,
    )  # fmt: skip


def an_attempt(number: int, status: int, at: datetime = NOW) -> Attempt:
    return Attempt(number=number, started_at=at, duration_ms=12, outcome=Outcome(status))


class Life(RuleBasedStateMachine):
    """Whatever happens to a delivery, it is finished once, and only then without a claim for good."""

    def __init__(self) -> None:
        super().__init__()
        self.delivery, self.now, self.ends = a_delivery(), NOW, 0

    @precondition(lambda self: self.delivery.state is State.PENDING)
    @rule()
    def claim(self) -> None:
        self.now = max(self.now, self.delivery.due_at)
        self.delivery.claim("claim", self.now)
        assert self.delivery.lease_until == self.now + timedelta(seconds=30)

    @precondition(lambda self: self.delivery.state is State.IN_FLIGHT)
    @rule(status=st.sampled_from([200, 400, 404, 410, 429, 500]))
    def answer(self, status: int) -> None:
        attempts = self.delivery.attempts + 1
        decision = decide(
            self.delivery.policy, attempts, Outcome(status), now=self.now, expires_at=self.delivery.expires_at
        )
        self.delivery.settle(an_attempt(attempts, status, self.now), decision, self.now)

    @precondition(lambda self: self.delivery.state is State.IN_FLIGHT)
    @rule()
    def lose(self) -> None:
        before = self.delivery.attempts
        self.delivery.lose_lease(self.now)
        assert self.delivery.attempts == before

    @rule()
    def cancel(self) -> None:
        finished = self.delivery.is_finished
        before = self.delivery.state
        self.delivery.cancel(self.now)
        assert self.delivery.state is (before if finished else State.CANCELLED)

    @invariant()
    def claimed_exactly_while_in_flight(self) -> None:
        assert (self.delivery.claim_id is not None) == (self.delivery.state is State.IN_FLIGHT)
        assert (self.delivery.finished_at is not None) == self.delivery.is_finished
        assert self.delivery.attempts <= 5 and self.delivery.lost_leases <= 5


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
TestLife = Life.TestCase


def test_five_lost_leases_end_it() -> None:
    delivery = a_delivery()
    for _ in range(5):
        assert delivery.state is State.PENDING
        delivery.claim("c", NOW)
        delivery.lose_lease(NOW)
    assert (delivery.state, delivery.reason, delivery.attempts) == (State.FAILED, Reason.WORKER_LOST, 0)


def test_the_words_for_its_states() -> None:
    delivery = a_delivery()
    assert shown_status(delivery, NOW) == "queued"
    assert shown_status(delivery, NOW - timedelta(seconds=1)) == "pending"
    delivery.claim("c", NOW)
    assert shown_status(delivery, NOW) == "sent"
    delivery.settle(an_attempt(1, 400), GiveUp(Reason.NON_RETRYABLE), NOW)
    assert shown_status(delivery, NOW) == "delivery_failed"
    assert state_of_word("failed") is state_of_word("delivery_failed") is State.FAILED
    assert all(state_of_word(word) in State for word in STATUS_WORDS)


def test_a_retry_by_hand_is_a_new_delivery_that_names_the_original() -> None:
    delivery = a_delivery()
    with pytest.raises(Conflict, match="queued"):
        delivery.again("del_2", NOW)
    delivery.cancel(NOW)
    again = delivery.again("del_2", NOW + timedelta(days=9))
    assert (again.original_id, again.kind, again.event_id, again.attempts) == ("del_1", Kind.MANUAL, "evt_1", 0)
    assert again.expires_at > NOW + timedelta(days=9)


def an_event(**data: object) -> PublicEvent:
    return PublicEvent(id="evt_1", tenant_id="t", type="query.completed", data=data, occurred_at=NOW, trace_id="0" * 32)


def test_the_body_has_everything_the_contract_names() -> None:
    body = json.loads(render_body("whk_1", an_event(query_id="q_1"), 3, b"k" * 32))
    assert body["retry_count"] == 2 and body["delivery_attempt"] == 3
    assert body["timestamp"] == "2026-01-07T10:00:00Z"
    assert set(body) == {
        "webhook_id", "event_id", "event_type", "timestamp", "retry_count", "delivery_attempt", "data", "metadata",
    }  # fmt: skip
    assert set(body["metadata"]) == {"webhook_id", "delivery_attempt", "signature", "trace_id", "correlation_id"}


def test_data_that_is_too_large_is_replaced_by_where_to_read_it() -> None:
    body = render_body("whk_1", an_event(query_id="q_1", answer="x" * MAX_BODY_BYTES), 1, b"k" * 32)
    assert json.loads(body)["data"] == {"truncated": True, "resource_url": "/api/v1/queries/q_1"}


def test_what_is_too_large_even_so_is_not_sent() -> None:
    event = replace(an_event(), correlation_id="x" * MAX_BODY_BYTES)
    with pytest.raises(PayloadTooLarge):
        render_body("whk_1", event, 1, b"k" * 32)


def test_what_an_attempt_leaves_in_the_lane() -> None:
    lane = Lane(webhook_id="whk_1", tenant_id="t", since=NOW)
    done = settled_lane(lane, a_delivery(), Outcome(200), Succeed(), NOW)
    assert (done.succeeded, done.failed, done.last_status) == (1, 0, "success")
    busy = settled_lane(lane, a_delivery(), Outcome(429), TryAgain(NOW + timedelta(minutes=1), True), NOW)
    assert not busy.open_at(NOW) and (busy.succeeded, busy.failed) == (0, 0)
    spent = settled_lane(lane, a_delivery(), Outcome(500), GiveUp(Reason.EXHAUSTED), NOW)
    assert (spent.failed, spent.exhausted) == (1, 1)
    tested = settled_lane(lane, replace(a_delivery(), kind=Kind.TEST), Outcome(200), Succeed(), NOW)
    assert tested.succeeded == 0
