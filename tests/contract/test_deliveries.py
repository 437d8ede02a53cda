"""Events reach the webhooks that want them, when the policy says, and nobody else: on every queue there is."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.support.webhooks import SECRET, URL, MakeWorld, WebhookWorld, a_failure, caller, type_of

from application.ports.delivery import Answer, Posting, Room
from application.use_cases.delivery import ForgetDeliveries
from domain.delivery import Kind, State
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import JobCompleted, JobProgressed, QuestionAnswered
from domain.footprints import Footprint
from domain.incoming import Channel, Envelope, Notice
from domain.lanes import LaneLimits
from domain.retries import Failure, Outcome, Preset, Reason, RetrySettings
from domain.signing import body_signature, key_bytes, standard_signature, timed_signature
from domain.webhooks import Direction


@pytest.fixture
def world(make_webhook_world: MakeWorld) -> WebhookWorld:
    return make_webhook_world()


def answered() -> QuestionAnswered:
    return QuestionAnswered(
        query_id="q_1", question="Why?", answer="Because.", confidence=0.9, sources=(), user_id="u", session_id="s",
        processing_time_ms=5, source_metadata={"source": "crm"}, correlation_id="corr-1",
    )  # fmt: skip


def verifies(posting: Posting, secret: str = SECRET) -> bool:
    stamp, event_id = posting.headers["webhook-timestamp"], posting.headers["webhook-id"]
    expected = standard_signature(key_bytes(secret), event_id, stamp, posting.body)
    return expected in posting.headers["webhook-signature"].split()


async def test_what_is_committed_is_delivered_signed(world: WebhookWorld) -> None:
    webhook = (await world.webhook(headers={"Authorization": "Bearer x"})).webhook
    await world.fail_questions()
    await world.run_due()
    [posting] = world.sender.posted
    body = json.loads(posting.body)
    assert (posting.url, body["data"]["query_id"], posting.timeout) == (URL, "q_0", 10)
    assert posting.headers["Authorization"] == "Bearer x"
    assert posting.headers["X-Webhook-ID"] == body["webhook_id"] == webhook.id
    assert posting.headers["X-Event-ID"] == posting.headers["webhook-id"] == body["event_id"]
    assert verifies(posting)
    [delivery] = await world.deliveries()
    assert delivery.state is State.SUCCEEDED


async def test_what_is_rolled_back_is_not_announced(world: WebhookWorld) -> None:
    await world.webhook()
    async with world.store.begin("acme") as uow:
        uow.announce(a_failure())
    assert await world.run_due() == 0


async def test_one_happening_has_two_names_and_each_its_own_event_id(world: WebhookWorld) -> None:
    await world.webhook("*")
    await world.announce(answered())
    await world.run_due()
    assert sorted(world.types()) == ["chat.response.generated", "query.completed"]
    bodies = {type_of(posting): json.loads(posting.body) for posting in world.sender.posted}
    chat = bodies["chat.response.generated"]
    assert chat["metadata"]["correlation_id"] == "corr-1" and chat["data"]["source_metadata"] == {"source": "crm"}
    assert len({body["event_id"] for body in bodies.values()}) == 2


async def test_another_tenants_events_go_nowhere(world: WebhookWorld) -> None:
    await world.webhook(tenant="other")
    await world.fail_questions()
    await world.run_due()
    assert world.sender.posted == []


@pytest.mark.parametrize(
    ("preset", "delays"), [(Preset.STANDARD, (5, 30, 300, 1800)), (Preset.EXTENDED, (5, 30, 180, 900, 3600, 10800))]
)
@pytest.mark.parametrize("chance", [0.0, 1.0])
async def test_a_dead_receiver_is_tried_as_the_table_says(
    make_webhook_world: MakeWorld, preset: Preset, delays: tuple[int, ...], chance: float
) -> None:
    world = make_webhook_world(chance=lambda: chance)
    await world.webhook(retry_policy=RetrySettings(preset=preset))
    world.sender.answer(*[500] * (len(delays) + 1))
    await world.fail_questions()
    times = await world.run_until_quiet()
    waits = [(after - before).total_seconds() for before, after in pairwise(times)]
    assert waits == pytest.approx([delay * (1 + 0.1 * chance) for delay in delays])
    [delivery] = await world.deliveries()
    assert (delivery.state, delivery.reason, delivery.attempts) == (State.FAILED, Reason.EXHAUSTED, len(delays) + 1)
    ids = {json.loads(posting.body)["event_id"] for posting in world.sender.posted}
    assert len(ids) == 1
    assert [json.loads(p.body)["delivery_attempt"] for p in world.sender.posted] == list(range(1, len(delays) + 2))


async def test_a_delivery_given_up_is_announced_and_its_announcement_never_is(world: WebhookWorld) -> None:
    await world.webhook("query.failed", "webhook.delivery_failed")
    world.sender.answer(400, 400)
    await world.fail_questions()
    await world.run_until_quiet()
    assert world.types() == ["query.failed", "webhook.delivery_failed"]
    told = json.loads(world.sender.posted[1].body)["data"]
    assert told["last_error"] == "HTTP 400" and told["event_id"] == json.loads(world.sender.posted[0].body)["event_id"]


async def test_gone_is_final_deactivates_and_cancels_what_waits(world: WebhookWorld) -> None:
    hook = (await world.webhook(limits=LaneLimits(1, 1000))).webhook
    await world.webhook("webhook.disabled", url="https://other.example/x")
    world.sender.answer(410)
    await world.fail_questions(3)
    await world.run_until_quiet()
    states = [d.state for d in await world.deliveries(webhook_id=hook.id)]
    assert states == [State.FAILED, State.CANCELLED, State.CANCELLED]
    stored = await world.stored(hook.id)
    assert not stored.active and stored.disabled_reason
    assert world.types() == ["query.failed", "webhook.disabled"]


async def test_at_most_ten_are_in_flight_and_the_eleventh_waits(world: WebhookWorld) -> None:
    await world.webhook()
    await world.fail_questions(15)
    await world.relay()
    room = Room(64, 64)
    assert len(await world.queue.claim(world.clock.now(), "c1", room)) == 10
    assert await world.queue.claim(world.clock.now(), "c2", room) == []


async def test_a_thousand_an_hour_and_not_one_more(world: WebhookWorld) -> None:
    await world.webhook(limits=LaneLimits(10, 1000))
    await world.fail_questions(1200)
    await world.run_due()
    assert len(world.sender.posted) == 1000
    world.clock.advance(minutes=59)
    await world.run_due()
    assert len(world.sender.posted) == 1000
    world.clock.advance(minutes=2)
    await world.run_due()
    assert len(world.sender.posted) == 1200


async def test_a_429_pauses_the_whole_webhook(world: WebhookWorld) -> None:
    await world.webhook(limits=LaneLimits(1, 1000))
    world.sender.answer(429, retry_after=120)
    await world.fail_questions(2)
    await world.run_due()
    world.clock.advance(seconds=119)
    await world.run_due()
    assert len(world.sender.posted) == 1
    world.clock.advance(seconds=1)
    await world.run_due()
    assert len(world.sender.posted) == 3


async def test_a_429_to_the_last_attempt_pauses_the_whole_webhook_too(world: WebhookWorld) -> None:
    await world.webhook(limits=LaneLimits(1, 1000), retry_policy=RetrySettings(max_retries=0))
    world.sender.answer(429, retry_after=120)
    await world.fail_questions(2)
    await world.run_due()
    world.clock.advance(seconds=119)
    await world.run_due()
    assert len(world.sender.posted) == 1 and (await world.deliveries(state=State.FAILED))
    world.clock.advance(seconds=1)
    await world.run_due()
    assert len(world.sender.posted) == 2


async def test_a_quarter_of_a_worker_is_the_most_one_webhook_holds(make_webhook_world: MakeWorld) -> None:
    world = make_webhook_world(capacity=8)
    await world.webhook()
    await world.fail_questions(10)
    await world.service.start_due()
    assert len(await world.deliveries(state=State.IN_FLIGHT)) == 2
    await world.service.settle_all()


async def test_a_lost_lease_costs_no_attempt_and_the_latecomer_changes_nothing(world: WebhookWorld) -> None:
    await world.webhook()
    await world.fail_questions()
    await world.relay()
    [claimed] = await world.queue.claim(world.clock.now(), "dead", Room(1, 1))
    world.clock.advance(seconds=31)
    await world.run_due()
    [delivery] = await world.deliveries()
    assert (delivery.state, delivery.attempts, delivery.lost_leases) == (State.SUCCEEDED, 1, 1)
    await world.deliver(claimed, await world.stored(delivery.webhook_id))
    attempts = await world.queue.attempts("acme", delivery.id)
    assert [attempt.stale for attempt in attempts] == [False, True]


async def test_a_day_in_the_queue_ends_a_delivery(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    await world.change(caller(), hook.id, {"paused_until": world.clock.now() + timedelta(days=2)})
    await world.fail_questions()
    await world.run_due()
    world.clock.advance(hours=25)
    await world.run_due()
    [delivery] = await world.deliveries()
    assert (delivery.state, delivery.reason) == (State.FAILED, Reason.EXPIRED)
    assert world.sender.posted == []


async def test_a_webhook_that_never_answers_is_disabled_after_five_days(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    world.sender.default = Answer(Outcome(failure=Failure.CONNECTION), 1, error="refused")
    for _ in range(12):
        await world.fail_questions()
        await world.run_until_quiet()
        world.clock.advance(hours=12)
    assert not (await world.stored(hook.id)).active


async def test_a_busy_webhook_that_never_answers_is_disabled_too(world: WebhookWorld) -> None:
    """Behind a broken receiver most deliveries expire before their last attempt comes."""
    hook = (await world.webhook()).webhook
    world.sender.default = Answer(Outcome(failure=Failure.CONNECTION), 1, error="refused")
    await world.fail_questions(60)
    for _ in range(6 * 6):
        await world.run_due()
        await world.fail_questions(4)
        world.clock.advance(hours=4)
    assert not (await world.stored(hook.id)).active


async def test_a_pause_of_the_owners_is_no_silence_of_the_receivers(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    await world.change(caller(), hook.id, {"paused_until": world.clock.now() + timedelta(days=7)})
    for _ in range(12):
        await world.fail_questions()
        await world.run_due()
        world.clock.advance(hours=12)
    world.clock.advance(days=2)
    world.sender.answer(500)
    await world.fail_questions()
    await world.run_due()
    assert (await world.stored(hook.id)).active


async def test_what_cannot_be_made_small_enough_is_given_up_unsent(world: WebhookWorld) -> None:
    await world.webhook("chat.response.generated")
    await world.announce(replace(answered(), correlation_id="x" * 300_000))
    await world.run_due()
    [delivery] = await world.deliveries()
    assert (delivery.state, delivery.reason) == (State.FAILED, Reason.PAYLOAD_TOO_LARGE)
    assert world.sender.posted == []


async def test_progress_of_a_job_is_told_once_a_second(world: WebhookWorld) -> None:
    await world.webhook("job.progress")
    for _ in range(25):
        progress = JobProgressed(job_id="job_1", job_type="batch_query", progress=0.5, eta_seconds=None)
        await world.announce(progress, JobProgressed(job_id="job_2", job_type="x", progress=0.1, eta_seconds=1.0))
        await world.run_due()
        world.clock.advance(milliseconds=100)
    assert len(world.sender.posted) == 6


async def test_a_callback_gets_its_jobs_events_signed_with_its_own_secret(world: WebhookWorld) -> None:
    async with world.store.begin("acme") as uow:
        await world.register.for_job(uow, "job_1", "https://caller.example/done", ("job.completed",), "callback-secret")
        await uow.commit()
    await world.announce(*(JobCompleted(job_id=f"job_{n}", job_type="batch_query", result={}) for n in (1, 2)))
    await world.run_due()
    [posting] = world.sender.posted
    assert posting.url == "https://caller.example/done" and json.loads(posting.body)["data"]["job_id"] == "job_1"
    assert posting.headers["X-Signature"] == body_signature(b"callback-secret", posting.body)


async def test_a_callback_url_that_may_not_be_reached_is_refused_by_its_own_name(world: WebhookWorld) -> None:
    async with world.store.begin("acme") as uow:
        with pytest.raises(InvalidInput) as refused:
            await world.register.for_job(uow, "job_1", "http://127.0.0.1/x", ("job.completed",), None)
    assert refused.value.problems[0].field == "callback_url"


async def test_a_test_goes_out_at_once_and_counts_for_nothing(world: WebhookWorld) -> None:
    hook = (await world.webhook(active=False)).webhook
    world.sender.answer(503)
    tested = await world.test(caller(), hook.id)
    assert tested.attempt is not None and tested.attempt.outcome.status == 503
    assert world.types() == ["webhook.test"]
    [delivery] = await world.deliveries()
    assert (delivery.kind, delivery.state, delivery.event_id) == (Kind.TEST, State.FAILED, tested.event_id)
    assert await world.deliveries(with_tests=False) == []
    assert await world.run_due() == 0


async def test_a_failure_is_retried_by_hand_once(world: WebhookWorld) -> None:
    await world.webhook()
    world.sender.answer(400)
    await world.fail_questions()
    await world.run_due()
    [failed] = await world.deliveries(state=State.FAILED)
    again = await world.retry(caller(), failed.id)
    assert again.original_id == failed.id
    with pytest.raises(Conflict, match="retried already"):
        await world.retry(caller(), failed.id)
    await world.run_due()
    assert (await world.queue.get("acme", again.id)).state is State.SUCCEEDED
    assert await world.retry.failures(caller()) == []


async def test_all_failures_are_retried_at_once_of_one_webhook_and_since_a_time(world: WebhookWorld) -> None:
    first = (await world.webhook()).webhook
    await world.webhook(url="https://second.example/x")
    world.sender.answer(*[400] * 4)
    await world.fail_questions(1)
    await world.run_due()
    world.clock.advance(hours=1)
    since = world.clock.now()
    await world.fail_questions(1)
    await world.run_due()
    assert len(await world.retry.failures(caller(), first.id, since)) == 1
    assert len(await world.retry.failures(caller())) == 3


async def test_a_deleted_webhook_gets_nothing_more(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    await world.fail_questions()
    await world.relay()
    await world.delete(caller(), hook.id)
    await world.run_due()
    assert world.sender.posted == []
    assert [d.state for d in await world.deliveries()] == [State.CANCELLED]
    with pytest.raises(NotFound):
        await world.delete(caller(), hook.id)


async def test_headers_stay_sealed_masked_values_keep_what_they_hide(world: WebhookWorld) -> None:
    hook = (await world.webhook(headers={"X-Key": "secret-value", "X-Old": "1"})).webhook
    stored = await world.stored(hook.id)
    assert "secret-value" not in repr(stored) and SECRET not in repr(stored)
    await world.change(caller(), hook.id, {}, headers={"X-Key": "********", "X-New": "2"})
    await world.fail_questions()
    await world.run_due()
    sent = world.sender.posted[0].headers
    assert (sent["X-Key"], sent["X-New"]) == ("secret-value", "2") and "X-Old" not in sent
    [attempt] = await world.queue.attempts("acme", (await world.deliveries())[0].id)
    assert attempt.request_headers["X-Key"] == "********"


async def test_a_part_of_the_policy_changes_without_the_rest(world: WebhookWorld) -> None:
    hook = (await world.webhook(retry_policy=RetrySettings(max_retries=2, timeout_seconds=3))).webhook
    changed = await world.change(caller(), hook.id, {"retry_policy": {"max_retries": 1}, "metadata": {"a": 1}})
    assert changed.retry_policy == RetrySettings(max_retries=1, timeout_seconds=3)
    with pytest.raises(InvalidInput):
        await world.change(caller(), hook.id, {"events": ("nonsense",)})


async def test_rotation_under_load_never_breaks_a_receiver_of_either_key(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    rotated = await world.rotate(caller(), hook.id)
    await world.fail_questions(20)
    await world.run_due()
    for posting in world.sender.posted:
        assert len(posting.headers["webhook-signature"].split()) == 2
        assert verifies(posting, SECRET) and verifies(posting, rotated.secret)
    world.clock.advance(hours=24)
    await world.fail_questions()
    await world.run_due()
    assert " " not in world.sender.posted[-1].headers["webhook-signature"]


class SwitchingReceiver:
    """Verifies with the one secret that it has, and refuses what that did not sign. In the midst of what comes to it,
    the webhook's secret is rotated; so many posts later it has the new one."""

    def __init__(self, switches_after: int) -> None:
        self.secret, self._switches_after = SECRET, switches_after
        self.posts = self.refused = 0
        self.fresh: str | None = None

    async def send(self, posting: Posting) -> Answer:
        self.posts += 1
        if self.posts == 5:
            self.fresh = (await self.world.rotate(caller(), posting.headers["X-Webhook-ID"])).secret
        if self.fresh is not None and self.posts >= 5 + self._switches_after:
            self.secret = self.fresh
        good = verifies(posting, self.secret)
        self.refused += not good
        return Answer(Outcome(200 if good else 401), 1)

    async def close(self) -> None:
        """Nothing is open."""

    world: WebhookWorld


@pytest.mark.parametrize("switches_after", [0, 20])
async def test_a_secret_rotated_while_deliveries_are_under_way_fails_none_of_them(
    make_webhook_world: MakeWorld, switches_after: int
) -> None:
    receiver = SwitchingReceiver(switches_after)
    world = receiver.world = make_webhook_world(sender=receiver)
    await world.webhook()
    await world.fail_questions(40)
    await world.run_until_quiet()
    assert receiver.secret == receiver.fresh
    assert {delivery.state for delivery in await world.deliveries()} == {State.SUCCEEDED}
    # Those that were signed before the rotation reach a quick receiver that no longer knows their secret.
    assert (receiver.refused > 0) is (switches_after == 0)
    world.clock.advance(hours=25)
    before = receiver.refused
    await world.fail_questions(5)
    await world.run_until_quiet()
    assert receiver.refused == before


async def test_many_workers_together_never_exceed_the_cap(world: WebhookWorld) -> None:
    await world.webhook()
    await world.webhook(url="https://second.example/x", limits=LaneLimits(3, 1000))
    await world.fail_questions(30)
    await world.relay()
    claimed: list[str] = []
    for turn in range(6):
        claims = (world.queue.claim(world.clock.now(), f"c{turn}{n}", Room(64, 64)) for n in range(6))
        claimed += [one.delivery.id for found in await asyncio.gather(*claims) for one in found]
    assert len(claimed) == len(set(claimed)) == 13


async def test_many_workers_together_never_exceed_the_hour(world: WebhookWorld) -> None:
    await world.webhook(limits=LaneLimits(10, 25))
    await world.fail_questions(60)
    workers = [world.another_worker() for _ in range(4)]
    await world.relay()
    for _ in range(10):
        await asyncio.gather(*(worker.run_due() for worker in workers))
    assert len(world.sender.posted) == 25


async def test_relays_side_by_side_make_each_delivery_once(world: WebhookWorld) -> None:
    await world.webhook("*")
    await world.announce(*(a_failure(f"q_{number}") for number in range(40)))
    while sum(await asyncio.gather(*(world.relay(7) for _ in range(4)))):
        pass
    assert len(await world.deliveries()) == 40
    logged = await world.queue.events("acme", None, 100)
    assert [event.data["query_id"] for _, event in logged] == [f"q_{number}" for number in range(40)]


async def test_what_is_handed_back_is_due_at_once_and_costs_nothing(world: WebhookWorld) -> None:
    await world.webhook(limits=LaneLimits(10, 5))
    await world.fail_questions(5)
    await world.relay()
    claimed = await world.queue.claim(world.clock.now(), "c", Room(64, 64))
    await world.queue.hand_back([one.delivery for one in claimed], world.clock.now())
    await world.run_due()
    assert [d.attempts for d in await world.deliveries(state=State.SUCCEEDED)] == [1] * 5


async def test_a_worker_that_is_stopped_hands_back_what_it_holds(world: WebhookWorld) -> None:
    await world.webhook()
    await world.fail_questions(3)
    held = asyncio.Event()

    async def never(posting: Posting) -> Answer:
        held.set()
        await asyncio.sleep(3600)
        raise AssertionError

    world.sender.send = never  # type: ignore[method-assign]
    world.service.stop_seconds = 0.05
    running = asyncio.create_task(world.service.run_forever())
    await held.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert {(d.state, d.attempts) for d in await world.deliveries()} == {(State.PENDING, 0)}


async def test_a_worker_goes_on_by_itself(world: WebhookWorld) -> None:
    await world.webhook()
    running = asyncio.create_task(world.service.run_forever())
    for number in range(3):
        await world.fail_questions()
        async with asyncio.timeout(5):
            while len(world.sender.posted) <= number:  # noqa: ASYNC110 - the sender only remembers
                await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_fifty_that_send_the_same_at_once_have_one_effect(world: WebhookWorld) -> None:
    hook = (await world.webhook("external.event", direction=Direction.INCOMING)).webhook
    body, stamp = b"{}", str(int(world.clock.now().timestamp()))
    signature = timed_signature(key_bytes(SECRET), stamp, body)
    headers = {"x-webhook-id": hook.id, "x-webhook-timestamp": stamp, "x-webhook-signature": signature}
    notice = Notice(
        channel=Channel.EVENT, event_type="x", timestamp=world.clock.now(), source="crm", data={"event_name": "x"},
        metadata={}, event_id="e1",
    )  # fmt: skip

    async def send() -> str:
        answer = await world.accept(Channel.EVENT, Envelope(headers, body, None), lambda raw: notice)
        return str(answer["webhook_event_id"])

    assert len(set(await asyncio.gather(*(send() for _ in range(50))))) == 1
    assert await world.relay() == 1


async def test_old_things_are_forgotten_and_young_ones_are_not(world: WebhookWorld) -> None:
    await world.webhook()
    world.sender.answer(200, 400)
    await world.fail_questions(2)
    await world.run_due()
    forget = ForgetDeliveries(world.queue, world.clock)
    world.clock.advance(days=29)
    assert await forget() == 0
    world.clock.advance(days=2)
    assert await forget() > 0
    assert [d.state for d in await world.deliveries()] == [State.FAILED]
    assert await world.queue.count_events("acme") == 0
    world.clock.advance(days=60)
    await forget()
    assert await world.deliveries() == []


async def test_the_log_counts_and_filters_types(world: WebhookWorld) -> None:
    await world.announce(a_failure(), JobCompleted(job_id="j", job_type="x", result={}))
    await world.relay()
    for types, count in (((), 2), (("*",), 2), (("job.*",), 1), (("query.failed", "job.*"), 2), (("job.failed",), 0)):
        assert await world.queue.count_events("acme", types) == count
        assert len(await world.queue.events("acme", None, 10, types)) == count
    assert await world.queue.count_events("other") == 0
    assert await world.queue.last_position("acme") == (await world.queue.events("acme", None, 10))[-1][0]


async def test_what_is_queued_is_counted(world: WebhookWorld) -> None:
    await world.webhook()
    await world.fail_questions(2)
    await world.relay()
    world.clock.advance(seconds=30)
    counts = await world.queue.counts(world.clock.now())
    assert (counts["queued"], counts["in_flight"], counts["oldest_due_seconds"]) == (2, 0, 30)


@pytest.mark.parametrize("key", ["del_unknown", "\x00", "\ud800", "'; --"])
async def test_ids_of_any_kind_are_simply_unknown(world: WebhookWorld, key: str) -> None:
    with pytest.raises(NotFound):
        await world.queue.get("acme", key)
    assert await world.queue.find_event("acme", key) is None
    assert await world.queue.tenant_of(key) is None
    assert await world.deliveries(webhook_id=key, event_type=key, event_id=key) == []


async def test_another_tenant_sees_nothing_of_it(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    await world.fail_questions()
    await world.run_due()
    [delivery] = await world.deliveries()
    assert await world.deliveries("other") == []
    assert await world.queue.lanes("other", [hook.id]) == {}
    assert await world.queue.find_event("other", delivery.event_id) is None
    with pytest.raises(NotFound):
        await world.queue.get("other", delivery.id)


async def test_a_pause_that_the_owner_ends_is_over_and_one_of_the_receiver_is_not(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    await world.change(caller(), hook.id, {"paused_until": world.clock.now() + timedelta(hours=1)})
    await world.fail_questions()
    await world.run_due()
    assert world.sender.posted == []
    world.sender.answer(429, retry_after=600)
    await world.change(caller(), hook.id, {"paused_until": None})
    await world.run_due()
    assert len(world.sender.posted) == 1
    await world.change(caller(), hook.id, {"name": "still waiting"})
    await world.fail_questions()
    await world.run_due()
    assert len(world.sender.posted) == 1


async def test_a_webhook_that_is_activated_again_gets_a_fresh_start(world: WebhookWorld) -> None:
    hook = (await world.webhook()).webhook
    world.sender.default = Answer(Outcome(failure=Failure.CONNECTION), 1, error="refused")
    for _ in range(12):
        await world.fail_questions()
        await world.run_until_quiet()
        world.clock.advance(hours=12)
    await world.change(caller(), hook.id, {"active": True})
    await world.fail_questions()
    await world.run_until_quiet()
    stored = await world.stored(hook.id)
    assert stored.active and stored.disabled_at is None
    [lane] = (await world.queue.lanes("acme", [hook.id])).values()
    assert lane.failed > 10


async def test_what_is_about_a_person_goes_with_its_deliveries_wherever_these_are(world: WebhookWorld) -> None:
    """Delivered, under way, waiting, and not yet relayed; the lane is free afterwards for what is about others."""
    await world.webhook("query.completed", limits=LaneLimits(1, 1000))
    await world.announce(answered())
    await world.run_due()
    await world.announce(answered(), answered())
    await world.relay()
    [claimed] = await world.queue.claim(world.clock.now(), "claim_1", Room(10, 10))
    await world.announce(answered(), replace(answered(), user_id="v", session_id="t", query_id="q_2"))
    gone = await world.queue.erase("acme", Footprint("u"))
    assert gone > 0 and await world.queue.find_event("acme", claimed.event.id) is None
    assert await world.deliveries() == []
    assert await world.queue.erase("other", Footprint("v")) == 0
    await world.run_due()
    [left] = await world.deliveries()
    assert left.state is State.SUCCEEDED
    assert [event.data["user_id"] for _, event in await world.queue.events("acme", None, 100)] == ["v", "v"]
