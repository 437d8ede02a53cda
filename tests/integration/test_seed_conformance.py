"""Every example of the seed, key for key, against the running application, in one story."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.shapes import differences
from tests.support.system import SystemUnderTest

from adapters.delivery.recording import RecordingSender

EXAMPLES = json.loads(Path(__file__).with_name("seed_examples.json").read_text())

Step = Callable[["Story"], Awaitable[Any]]


class Story:
    """A day at the support desk: what each route answers when it is its turn."""

    def __init__(self, system: SystemUnderTest) -> None:
        self.system = system
        self.sender: RecordingSender = system.container.sender()
        self.known: dict[str, str] = {}

    async def prepare(self) -> None:
        """A knowledge base, a question that was answered and rated, pairs that wait for a review."""
        faq = {
            "question": "What is your return policy?",
            "answer": "Our return policy allows returns within 30 days of purchase.",
            "category": "returns",
            "intent": "policy_info",
            "url": "https://docs.example.com/returns",
        }
        upload = {"source": "customer_service", "tags": ["policy", "faq"]}
        shipping = {**faq, "question": "How much is shipping?", "answer": "Shipping is $5.99.", "category": "shipping"}
        job = await self.system.learn(faq, shipping, title="Return Policy FAQ", metadata=upload)
        self.known["document_id"] = job["result"]["document_ids"][0]
        self.known["job_id"] = job["job_id"]
        asked = await self.system.ask("What's your return policy?", session_id="sess_xyz789", user_id="user_123")
        self.known["query_id"], self.known["trace_id"] = asked["query_id"], asked["trace_id"]
        self.known["qa_id"] = asked["sources"][0]["qa_id"]
        self.known["session_id"], self.known["user_id"] = asked["session_id"], "user_123"
        await self.post(f"/api/v1/queries/{asked['query_id']}/feedback", _example("POST", "/feedback")["request"])

    async def get(self, path: str, **options: Any) -> Any:
        return await self.system.call("GET", path, **options)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.system.call("POST", path, json=body)

    async def put(self, path: str, body: Any) -> Any:
        return await self.system.call("PUT", path, json=body)

    async def delete(self, path: str) -> Any:
        return await self.system.call("DELETE", path)

    def path(self, template: str) -> str:
        return template.format(**self.known)

    async def pending_upload(self) -> Any:
        """An upload whose pairs wait for a reviewer."""
        page = b"# Opening hours\n\nWe are open from nine to five on all working days of the week.\n"
        options = {"files": [("files", ("hours.md", page, "text/markdown"))]}
        answer = await self.system.call("POST", "/api/v1/documents/upload", **options)
        self.known["waiting_job"] = answer["data"]["job_id"]
        await self.system.run_due()
        return answer

    async def upload_job(self) -> Any:
        """A finished upload that has something to say."""
        job = await self.system.learn(*[("When do you open?", "We open at nine.")] * 2, title="Hours")
        return await self.get(f"/api/v1/jobs/{job['job_id']}")

    async def pending_review(self) -> Any:
        await self.pending_upload()
        found = await self.get("/api/v1/documents/pending-review", params={"job_id": self.known["waiting_job"]})
        self.known["staged_qa_id"] = found["data"]["qa_pairs"][0]["qa_id"]
        return found

    async def review(self) -> Any:
        await self.pending_review()
        body = _example("POST", "batch-update")["request"]
        update = {**body["updates"][0], "qa_id": self.known["staged_qa_id"]}
        answer = await self.post("/api/v1/documents/qa-pairs/batch-update", {**body, "updates": [update]})
        await self.system.run_due()
        return answer

    async def webhook(self) -> Any:
        answer = await self.post("/api/v1/webhooks", _example("POST", "/webhooks")["request"])
        self.known["webhook_id"] = answer["data"]["webhook_id"]
        return answer

    async def delivered(self, *statuses: int) -> None:
        """A webhook that is told of an answered question, and answers so."""
        await self.webhook()
        self.sender.answer(*statuses)
        await self.system.ask("What's your return policy?")
        await self.system.container.webhooks.service().run_due()

    async def webhooks(self) -> Any:
        await self.delivered(200)
        return await self.get("/api/v1/webhooks")

    async def with_webhook(self, method: str, path: str, body: Any = None) -> Any:
        await self.webhook()
        return await self.system.call(method, self.path(path), json=body)

    async def deliveries(self) -> Any:
        await self.delivered(200)
        query = {"webhook_id": self.known["webhook_id"], "status": "success", "limit": "20"}
        return await self.get("/api/v1/webhooks/deliveries", params=query)

    async def failures(self) -> Any:
        await self.delivered(400)
        return await self.get("/api/v1/webhooks/failures")

    async def split(self) -> Any:
        body = _example("POST", "/split")["request"]
        return await self.post(self.path("/api/v1/documents/qa-pairs/{qa_id}/split"), body)

    async def cancelled_job(self) -> Any:
        body = _example("POST", "/queries/batch")["request"]
        batch = await self.post("/api/v1/queries/batch", {"queries": body["queries"]})
        return await self.post(f"/api/v1/jobs/{batch['data']['job_id']}/cancel")

    async def user(self) -> Any:
        """Somebody whose contact is known."""
        contact = {"contact_email": "user@example.com", "phone": "+1234567890"}
        await self.put(self.path("/api/v1/users/{user_id}"), {"metadata": contact})
        return await self.get(self.path("/api/v1/users/{user_id}"))

    async def logs(self) -> Any:
        await self.get("/api/v1/ping")
        return await self.get("/api/v1/logs", params={"level": "INFO", "source": "http", "limit": "50", "offset": "0"})

    async def metrics(self) -> Any:
        """With the bucket first in which something was asked: the others have no rates to show."""
        found = await self.get("/api/v1/analytics/metrics", params={"period": "24h", "resolution": "1h"})
        found["data"]["data_points"].sort(key=lambda point: -point["queries_total"])
        return found

    async def intents(self) -> Any:
        """The newest intent, which has examples; those that a file named have none yet."""
        await self.post("/api/v1/intents", _example("POST", "/intents")["request"])
        return await self.get("/api/v1/intents", params={"limit": "1"})

    async def changed_intent(self) -> Any:
        made = await self.post("/api/v1/intents", _example("POST", "/intents")["request"])
        body = _example("PUT", "/intents/{intent_id}")["request"]
        return await self.put(f"/api/v1/intents/{made['data']['intent_id']}", body)

    async def categories(self) -> Any:
        """The oldest category, at the top of the tree, with one below it."""
        await self.post("/api/v1/categories", {"name": "Return policy", "parent_category": "returns"})
        return await self.get("/api/v1/categories", params={"sort": "created_at", "limit": "1"})

    async def changed_config(self) -> Any:
        """With a warning, as in the example: its temperature has no effect on answers given word for word."""
        return await self.put("/api/v1/config", _example("PUT", "/config")["request"])

    async def evaluation(self) -> Any:
        body = {**_example("POST", "/evaluation/ragas")["request"], "query_ids": [self.known["query_id"]]}
        answer = await self.post("/api/v1/evaluation/ragas", body)
        self.known["eval_id"] = answer["data"]["eval_id"]
        return answer

    async def evaluated(self) -> Any:
        await self.evaluation()
        await self.system.run_due()
        return await self.get(self.path("/api/v1/evaluation/results/{eval_id}"))

    async def escalated(self) -> Any:
        return await self.post("/api/v1/queries", {"question": "I dispute the last bill, what now?"})


def _example(method: str, ending: str) -> dict[str, Any]:
    return next(e for e in EXAMPLES if e["method"] == method and e["path"].endswith(ending))


def _search(path: str, query: str) -> Step:
    params = [tuple(part.split("=", 1)) for part in query.split("&")]
    return lambda story: story.get(path, params=params)


STEPS: dict[tuple[str, str], Step] = {
    ("GET", "/health"): lambda s: s.get("/health"),
    ("POST", "/api/v1/queries"): lambda s: s.post("/api/v1/queries", _example("POST", "/queries")["request"]),
    ("GET", "/api/v1/queries/{query_id}"): lambda s: s.get(s.path("/api/v1/queries/{query_id}")),
    ("POST", "/api/v1/queries/{query_id}/feedback"): lambda s: s.post(
        s.path("/api/v1/queries/{query_id}/feedback"), _example("POST", "/feedback")["request"]
    ),
    ("GET", "/api/v1/search"): _search(
        "/api/v1/search", "q=return policy&limit=10&filter=category:returns&sort=-relevance_score"
    ),
    ("GET", "/api/v1/search/advanced"): _search(
        "/api/v1/search/advanced", "q=shipping time&expand_synonyms=true&use_multihop=true&max_hops=3"
    ),
    ("POST", "/api/v1/queries/batch"): lambda s: s.post(
        "/api/v1/queries/batch", _example("POST", "/queries/batch")["request"]
    ),
    ("POST", "/api/v1/documents/upload"): lambda s: s.pending_upload(),
    ("GET", "/api/v1/jobs/{job_id}"): lambda s: s.upload_job(),
    ("POST", "/api/v1/jobs/{job_id}/cancel"): lambda s: s.cancelled_job(),
    ("GET", "/api/v1/documents/pending-review"): lambda s: s.pending_review(),
    ("POST", "/api/v1/documents/qa-pairs/batch-update"): lambda s: s.review(),
    ("POST", "/api/v1/documents/qa-pairs/{qa_id}/split"): lambda s: s.split(),
    ("GET", "/api/v1/documents"): _search("/api/v1/documents", "limit=20&offset=0&category=returns&sort=-created_at"),
    ("GET", "/api/v1/documents/{document_id}"): lambda s: s.get(s.path("/api/v1/documents/{document_id}")),
    ("PUT", "/api/v1/documents/{document_id}"): lambda s: s.put(
        s.path("/api/v1/documents/{document_id}"), _example("PUT", "/documents/{document_id}")["request"]
    ),
    ("DELETE", "/api/v1/documents/{document_id}"): lambda s: s.delete(
        s.path("/api/v1/documents/{document_id}?cascade=true")
    ),
    ("GET", "/api/v1/documents/{document_id}/versions"): lambda s: s.get(
        s.path("/api/v1/documents/{document_id}/versions")
    ),
    ("GET", "/api/v1/qa-pairs/{qa_id}"): lambda s: s.get(s.path("/api/v1/qa-pairs/{qa_id}")),
    ("PUT", "/api/v1/qa-pairs/{qa_id}"): lambda s: s.put(
        s.path("/api/v1/qa-pairs/{qa_id}"), _example("PUT", "/qa-pairs/{qa_id}")["request"]
    ),
    ("DELETE", "/api/v1/qa-pairs/{qa_id}"): lambda s: s.delete(s.path("/api/v1/qa-pairs/{qa_id}")),
    ("GET", "/api/v1/qa-pairs/search"): _search("/api/v1/qa-pairs/search", "q=return&fields=question,answer&limit=50"),
    ("GET", "/api/v1/traces/{trace_id}"): lambda s: s.get(s.path("/api/v1/traces/{trace_id}")),
    ("GET", "/api/v1/logs"): lambda s: s.logs(),
    ("GET", "/api/v1/analytics/metrics"): lambda s: s.metrics(),
    ("GET", "/api/v1/analytics/queries"): _search("/api/v1/analytics/queries", "group_by=category&period=7d"),
    ("GET", "/api/v1/analytics/documents"): _search("/api/v1/analytics/documents", "sort=-retrieval_count&limit=20"),
    ("POST", "/api/v1/evaluation/ragas"): lambda s: s.evaluation(),
    ("GET", "/api/v1/evaluation/results/{eval_id}"): lambda s: s.evaluated(),
    ("POST", "/api/v1/webhooks"): lambda s: s.webhook(),
    ("GET", "/api/v1/webhooks"): lambda s: s.webhooks(),
    ("PUT", "/api/v1/webhooks/{webhook_id}"): lambda s: s.with_webhook(
        "PUT", "/api/v1/webhooks/{webhook_id}", _example("PUT", "/webhooks/{webhook_id}")["request"]
    ),
    ("DELETE", "/api/v1/webhooks/{webhook_id}"): lambda s: s.with_webhook("DELETE", "/api/v1/webhooks/{webhook_id}"),
    ("POST", "/api/v1/webhooks/{webhook_id}/test"): lambda s: s.with_webhook(
        "POST", "/api/v1/webhooks/{webhook_id}/test"
    ),
    ("GET", "/api/v1/webhooks/deliveries"): lambda s: s.deliveries(),
    ("GET", "/api/v1/webhooks/failures"): lambda s: s.failures(),
    ("GET", "/api/v1/config"): lambda s: s.get("/api/v1/config"),
    ("PUT", "/api/v1/config"): lambda s: s.changed_config(),
    ("GET", "/api/v1/intents"): lambda s: s.intents(),
    ("POST", "/api/v1/intents"): lambda s: s.post("/api/v1/intents", _example("POST", "/intents")["request"]),
    ("PUT", "/api/v1/intents/{intent_id}"): lambda s: s.changed_intent(),
    ("GET", "/api/v1/categories"): lambda s: s.categories(),
    ("GET", "/api/v1/guardrails"): lambda s: s.get("/api/v1/guardrails"),
    ("PUT", "/api/v1/guardrails/{rule_id}"): lambda s: s.put(
        "/api/v1/guardrails/gr_profanity", _example("PUT", "/guardrails/{rule_id}")["request"]
    ),
    ("POST", "/api/v1/sessions"): lambda s: s.post("/api/v1/sessions", _example("POST", "/sessions")["request"]),
    ("GET", "/api/v1/sessions/{session_id}"): lambda s: s.get(s.path("/api/v1/sessions/{session_id}")),
    ("DELETE", "/api/v1/sessions/{session_id}"): lambda s: s.delete(s.path("/api/v1/sessions/{session_id}")),
    ("GET", "/api/v1/users/{user_id}"): lambda s: s.user(),
    ("PUT", "/api/v1/users/{user_id}"): lambda s: s.put(
        s.path("/api/v1/users/{user_id}"), _example("PUT", "/users/{user_id}")["request"]
    ),
}
"""Routes whose example needs more than its own request and an id; extend it with each new resource."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e['method']} {e['path']}")
async def test_every_answer_has_each_key_of_its_example(example: dict[str, Any], system: SystemUnderTest) -> None:
    story = Story(system)
    await story.prepare()
    answer = await STEPS[example["method"], example["path"]](story)
    assert list(differences(example["response"], answer)) == []


async def test_an_escalation_has_each_key_of_its_example(system: SystemUnderTest) -> None:
    story = Story(system)
    await story.prepare()
    example = _example("POST", "/api/v1/queries")["response_escalation"]
    assert list(differences(example, await story.escalated())) == []
