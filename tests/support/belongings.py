"""A tenant that has one of everything."""

from typing import Any

from tests.support.access import Visitor
from tests.support.matrix import document


async def everything_of(key: Visitor) -> dict[str, str]:
    """One of each kind of thing that a tenant can have, by the name of its parameter."""
    rows = b'[{"question": "How long is the warranty?", "answer": "It is two years.", "category": "legal"}]'
    system = key.system

    async def post(path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        answer = await key.post(path, body, **options)
        assert answer.status_code in (200, 201, 202), f"{path}: {answer.text[:500]}"
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def get(path: str) -> Any:
        return (await key.get(path)).json()["data"]

    upload = [("files", ("warranty.json", rows, "application/json"))]
    job = (await key.request("POST", "/api/v1/documents/upload", files=upload)).json()["data"]["job_id"]
    await system.run_due()
    done = (await get(f"/api/v1/jobs/{job}"))["result"]
    ids = {"job_id": job, "document_id": done["document_ids"][0], "user_id": "user_of_acme"}
    ids["version_id"] = (await get(f"/api/v1/documents/{ids['document_id']}/versions"))["versions"][0]["version_id"]
    asked = await post("/api/v1/chat/completions", {"question": "How long is the warranty?", "user_id": ids["user_id"]})
    ids |= {"query_id": asked["query_id"], "session_id": asked["session_id"], "trace_id": asked["trace_id"]}
    ids["qa_id"] = asked["sources"][0]["qa_id"]
    ids["escalation_id"] = (await post("/api/v1/chat/escalate", {"session_id": ids["session_id"], "reason": "Help"}))[
        "escalation_id"
    ]
    file = [("file", ("draft.json", rows.replace(b"warranty", b"guarantee"), "application/json"))]
    staged = (await key.request("POST", "/api/v1/knowledge/upload", files=file)).json()["data"]
    ids |= {"draft_id": staged["draft_id"], "file_id": staged["file_id"]}
    ids["chunk_id"] = staged["extracted_pairs"][0]["chunk_id"]
    hook = {"name": "hook", "url": "https://hooks.example/in", "events": ["*"]}
    ids["webhook_id"] = (await post("/api/v1/webhooks", hook))["webhook_id"]
    await post(f"/api/v1/webhooks/{ids['webhook_id']}/test")
    ids["delivery_id"] = (await get("/api/v1/webhooks/deliveries"))["deliveries"][0]["delivery_id"]
    ids["key_id"] = key.key_id
    intent = {"label": "warranty_question", "name": "warranty_question", "examples": ["Is it broken?", "Two years?"]}
    ids["intent_id"] = await _created(key, "/api/v1/intents", intent, "intent_id")
    ids["category_id"] = await _created(key, "/api/v1/categories", {"name": "Guarantees"}, "category_id")
    return ids


async def _created(key: Visitor, path: str, body: dict[str, Any], name: str) -> str:
    schema = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    known = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    answer = await key.post(path, {field: value for field, value in body.items() if field in known})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"][name])
