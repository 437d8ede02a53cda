"""Every event of the catalogue is told by the happening that it is named after, in the form that it promises."""

import json
from typing import Any

from jsonschema import Draft202012Validator
from tests.support.system import SystemUnderTest, running
from tests.support.webhooks import signed_now

from adapters.delivery.recording import RecordingSender
from application.ports.delivery import Posting
from application.use_cases.health import Part
from application.use_cases.queries import BrowseQueries
from domain.catalogue import CATALOGUE, TYPES
from domain.errors import ServiceUnavailable

PAIRS = [
    {"question": "What is your return policy?", "answer": "You may return goods within 30 days."},
    {"question": "How long does shipping take?", "answer": "Shipping takes three days."},
]
RETURNS = PAIRS[0]["question"]


class Answering(RecordingSender):
    """Answers 410 or 400 where the URL says so."""

    async def send(self, posting: Posting) -> Any:
        ending = posting.url.rsplit("/", 1)[1]
        if ending.isdigit():
            self.answer(int(ending))
        return await super().send(posting)


class Broken(BrowseQueries):
    async def one(self, *_: Any) -> Any:
        raise ZeroDivisionError


async def upload(system: SystemUnderTest, name: str, content: bytes) -> str:
    form = {"auto_classify": "false", "callback_url": "https://you.example/uploads"}
    files = [("files", (name, content, "application/json"))]
    job = await system.data("POST", "/api/v1/documents/upload", files=files, data=form)
    await system.run_due()
    return str(job["job_id"])


async def conversations(system: SystemUnderTest) -> None:
    await system.ask(RETURNS, user_id="u1", session_id="s1")
    await system.ask("I want to talk to a human please", user_id="u1", session_id="s1")
    body = {"question": "'; DROP TABLE users; -- UNION SELECT password FROM users"}
    await system.call("POST", "/api/v1/queries", json=body, expect=400)
    [escalation] = (await system.data("GET", "/api/v1/escalations"))["escalations"]
    own = f"/api/v1/escalations/{escalation['escalation_id']}"
    await system.call("POST", f"{own}/assign", json={"operator_id": "op1"})
    await system.call("POST", f"{own}/resolve", json={"answer": "Here you are."})
    await system.call("DELETE", "/api/v1/sessions/s1")


async def documents(system: SystemUnderTest) -> None:
    await upload(system, "faq.json", json.dumps(PAIRS).encode())
    await upload(system, "bad.json", b"{nothing")
    [document] = (await system.data("GET", "/api/v1/documents"))["documents"]
    await system.call("POST", f"/api/v1/analysis/classify/{document['document_id']}", json={})
    await conversations(system)
    await system.call("DELETE", f"/api/v1/documents/{document['document_id']}")


async def jobs(system: SystemUnderTest) -> None:
    for callback in ("https://you.example/batch", "https://you.example/cancelled"):
        body = {"queries": [{"id": "one", "question": RETURNS}], "callback_url": callback}
        job = await system.data("POST", "/api/v1/queries/batch", json=body)
    await system.call("POST", f"/api/v1/jobs/{job['job_id']}/cancel")
    await system.run_due()


async def the_service_itself(system: SystemUnderTest) -> None:
    await system.call("PUT", "/api/v1/config", json={"retrieval": {"top_k": 7}})
    await system.call("GET", "/api/v1/queries/q_1", expect=500)
    key = await system.data("POST", "/api/v1/api-keys", json={"name": "f", "scopes": ["write"], "tier": "free"})
    for _ in range(11):
        headers = {"Authorization": f"Bearer {key['api_key']}"}
        await system.call("POST", "/api/v1/queries", json={"question": RETURNS}, headers=headers)
    watch = system.container.seeing.watch_health()
    await watch()
    system.container.check_health()._parts["langfuse"] = Part("langfuse", _away)
    await watch()


async def _away() -> None:
    raise ServiceUnavailable


async def other_systems(system: SystemUnderTest) -> None:
    for status, events in ((400, ["session.*"]), (410, ["session.created"])):
        body = {"url": f"https://you.example/{status}", "events": events}
        await system.call("POST", "/api/v1/webhooks", json=body)
    hook = await system.data("POST", "/api/v1/webhooks", json={"direction": "incoming"})
    body = {"event_type": "order.shipped", "source": "shop", "data": {"event_name": "shipped"}}
    await system.call("POST", "/api/v1/webhooks/incoming/event", **signed_now(hook, body))


async def test_every_event_is_told_by_what_it_is_named_after(world_settings: dict[str, Any]) -> None:
    sender = Answering()
    overrides = {"sender": sender, "browse_queries": Broken(None)}  # type: ignore[arg-type]
    async with running(**world_settings, overrides=overrides) as system:
        await system.call("POST", "/api/v1/webhooks", json={"url": "https://you.example/all", "events": ["*"]})
        for story in (other_systems, documents, jobs, the_service_itself):
            await story(system)
            await system.container.webhooks.service().run_due()
    told = [json.loads(each.body) for each in sender.posted if each.url.endswith("/all")]
    for body in told:
        Draft202012Validator(TYPES[body["event_type"]].schema).validate(body["data"])
    assert {kind.name for kind in CATALOGUE} - {body["event_type"] for body in told} == set()
    callbacks = {(each.url.rsplit("/", 1)[1], each.headers["X-Event-Type"]) for each in sender.posted}
    assert {("uploads", "job.completed"), ("uploads", "job.failed"), ("batch", "job.completed")} <= callbacks
    assert not [url for url, _ in callbacks if url == "cancelled"]
    requested = [body for body in told if not body["event_type"].startswith(("webhook.", "system.health"))]
    assert [body["event_type"] for body in requested if not body["metadata"]["trace_id"]] == []
    [indexed] = [body["data"] for body in told if body["event_type"] == "knowledge.document.indexed"]
    kept_in = "qdrant" if "vector_url" in world_settings else "faiss"
    assert (indexed["embeddings_model"], indexed["vector_store"]) == ("all-MiniLM-L6-v2", kept_in)
