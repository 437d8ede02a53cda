"""The calls of seed 000, each by the curl line that a developer would type, against a server on a port."""

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.messengers import TOKENS, FakeMessengers
from tests.support.server import in_own_loop, served
from tests.support.system import KEY

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")

POST, PATCH, DELETE = "curl -X POST", "curl -X PATCH", "curl -X DELETE"
QUESTION = "What is your return policy?"
ANSWER = "You can return everything within 30 days of purchase."
LINES: dict[str, tuple[str, str]] = {
    "chat": (
        POST + ' $API/chat/completions -d \'{"question": "$QUESTION", "session_id": "s-1", "user_id": "u-1", '
        '"conversation_history": [{"role": "user", "content": "Hello!"}], "user_metadata": {"plan": "gold"}}\'',
        "answer, sources[].document_id, sources[].title, sources[].excerpt, confidence, session_id, query_id, action",
    ),
    "chat escalate": (
        POST
        + ' $API/chat/escalate -d \'{"session_id": "$session_id", "reason": "I want a person", "priority": "high"}\'',
        "escalation_id, session_id, status",
    ),
    "session escalate": (
        POST + ' $API/chat/sessions/$session_id/escalate -d \'{"reason": "I want a person"}\'',
        "escalation_id, session_id, status",
    ),
    "knowledge contract": (
        "curl $API/knowledge/contract",
        "supported_formats[], max_pairs, max_question_length, max_answer_length, max_file_mb, json_schema",
    ),
    "knowledge upload": (
        POST + " $API/knowledge/upload -F file=@$FILE",
        "file_id, draft_id, extracted_pairs[].chunk_id, extracted_pairs[].question, extracted_pairs[].answer, "
        "extracted_pairs[].metadata, total_pairs, warnings",
    ),
    "add chunks": (
        POST + ' $API/knowledge/chunks -d \'{"draft_id": "$draft_id", "chunks": '
        '[{"question": "Do you ship abroad?", "answer": "Yes, to all of Europe."}]}\'',
        "draft_id, chunks[].chunk_id, total_pairs",
    ),
    "change chunks": (
        PATCH + ' $API/knowledge/chunks -d \'{"draft_id": "$draft_id", "updates": '
        '[{"chunk_id": "$chunk_id", "answer": "On weekdays from nine to six."}]}\'',
        "draft_id, updated",
    ),
    "delete a chunk": (DELETE + " $API/knowledge/chunks/$spare_chunk_id", "chunk_id"),
    "delete a file": (DELETE + " $API/knowledge/files/$spare_file_id", "file_id"),
    "commit": (
        POST + ' $API/knowledge/commit -d \'{"draft_id": "$draft_id", "action": "commit"}\'',
        "draft_id, status, document_ids[], pairs_committed",
    ),
    "classify": (
        POST + " $API/analysis/classify/$document_id",
        "document_id, classifications[].intent, classifications[].category, classifications[].confidence",
    ),
    "document metadata": (
        POST + ' $API/analysis/metadata -d \'{"document_id": "$document_id", "metadata": '
        '{"intent": "return_policy", "category": "returns", "tags": ["faq"]}}\'',
        "document_id, updated",
    ),
    "chunk metadata": (
        PATCH + ' $API/analysis/chunks/metadata -d \'{"updates": [{"chunk_id": "$qa_id", "category": "returns", '
        '"intent": "return_policy", "requires_handoff": false, "tags": ["faq"]}]}\'',
        "updated",
    ),
    "taxonomy tree": ("curl $API/taxonomy/tree", "categories.*.name, categories.*.intents, categories.*.subcategories"),
    "taxonomy rename": (
        PATCH + ' $API/taxonomy/rename -d \'{"old_name": "$category", "new_name": "Going back", "kind": "category"}\'',
        "old_name, new_name, updated.pairs, updated.documents, updated.intents",
    ),
    "taxonomy sync": (POST + " $API/taxonomy/sync", "added, orphans"),
    "history": (
        "curl '$API/history?user_id=u-0&role=user&limit=5'",
        "[].message_id, [].role, [].content, [].timestamp, [].session_id",
    ),
    "forget history": (
        DELETE + ' $API/history -d \'{"user_id": "u-9", "method": "soft"}\'',
        "user_id, method, deleted",
    ),
    "cached messages": (
        "curl '$API/cache/messages?user_id=u-0&limit=5'",
        "[].message_id, [].role, [].content, [].timestamp, [].session_id",
    ),
    "clear the cache": (DELETE + ' $API/cache -d \'{"user_id": "all"}\'', "cleared"),
    "cache status": ("curl $API/cache/status", "memory_usage_mb, total_keys, hit_rate, connected"),
    "whole configuration": ("curl $API/config/full", "configuration.escalation, configuration.retrieval"),
    "phrases": ("curl $API/config/phrases", "phrases.en, phrases.ru, phrases.es, phrases.fr, phrases.de"),
    "health": ("curl $API/health", "status, database, redis, llm_api, service, dependencies"),
    "send to a channel": (
        POST + ' $API/channels/messages -d \'{"channel": "telegram", "user_id": "77", "message": "Hello!"}\'',
        "message_id, status",
    ),
    "change in a channel": (
        PATCH + ' $API/channels/messages/$message_id -d \'{"message": "Hi!"}\'',
        "message_id, status",
    ),
    "delete in a channel": (DELETE + " $API/channels/messages/$message_id", "message_id, status"),
    "register a webhook": (
        POST + ' $API/webhooks/register -d \'{"name": "shop", "description": "orders", "events": ["query.completed"], '
        '"url": "https://shop.example/hook", "secret": "a-secret-of-thirty-two-letters-xx", "active": true, '
        '"metadata": {"team": "web"}, "ip_whitelist": ["203.0.113.0/24"]}\'',
        "webhook_id, name, url, events, active, secret_hash",
    ),
}


class Desk:
    """A server that knows a little already; `known` is what the lines name with a `$`."""

    def __init__(self, url: str, file: Path) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {KEY}"}, timeout=60)
        self.known = {"API": f"{url}/api/v1", "QUESTION": QUESTION, "FILE": str(file)}
        self._learn()
        self._stage()
        self._talk()

    def post(self, path: str, **options: Any) -> Any:
        answer = self._http.post(path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def _learn(self) -> None:
        pair = {"question": QUESTION, "answer": ANSWER, "category": "Returns", "intent": "return_policy"}
        file = ("faq.json", json.dumps([pair]), "application/json")
        job = self.post("/documents/upload", files={"files": file}, data={"auto_classify": "false"})
        while (seen := self._http.get(f"/jobs/{job['job_id']}").json()["data"])["status"] != "completed":
            assert seen["status"] != "failed", seen
            time.sleep(0.05)
        self.known["document_id"] = seen["result"]["document_ids"][0]

    def _stage(self) -> None:
        hours = {"question": "When are you open?", "answer": "On weekdays from nine to five."}
        for prefix in ("", "spare_"):
            staged = self.post(
                "/knowledge/upload",
                files={"file": ("hours.json", json.dumps([hours, hours | {"question": "Opening hours?"}]))},
            )
            self.known[f"{prefix}draft_id"], self.known[f"{prefix}file_id"] = staged["draft_id"], staged["file_id"]
            self.known[f"{prefix}chunk_id"] = staged["extracted_pairs"][0]["chunk_id"]

    def _talk(self) -> None:
        asked = self.post("/chat/completions", json={"question": QUESTION, "user_id": "u-0"})
        self.known |= {"session_id": asked["session_id"], "qa_id": asked["sources"][0]["qa_id"], "category": "Returns"}
        sent = self.post("/channels/messages", json={"channel": "telegram", "user_id": "77", "message": "Welcome!"})
        self.known["message_id"] = sent["message_id"]

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """What curl prints, and at its end the status."""
        filled = re.sub(r"\$(\w+)", lambda found: self.known[found[1]], line)
        body = [] if "-F" in line else ["-H", "Content-Type: application/json"]
        more = ["-sS", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {KEY}", *body]
        return subprocess.run([*shlex.split(filled), *more], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    file = tmp_path_factory.mktemp("typed") / "faq.csv"
    file.write_text("question,answer\nDo you take cards?,Yes; all of the usual ones.\n")
    with in_own_loop(FakeMessengers()) as messengers:
        telegram = {"telegram_bot_token": TOKENS["telegram"], "telegram_api_base": messengers.base}
        with served(**telegram) as url:
            yield Desk(url, file)


def found(path: str, data: Any) -> bool:
    """Whether there is something at `a.b`, `a[].b` (in every item, and there is one) or `a.*.b`."""
    step, _, rest = path.partition(".")
    if step == "*":
        return bool(data) and all(found(rest, each) for each in data.values())
    name, listed, _ = step.partition("[]")
    if name and (not isinstance(data, dict) or name not in data):
        return False
    value = data[name] if name else data
    if listed:
        return isinstance(value, list) and bool(value) and all(not rest or found(rest, each) for each in value)
    return not rest or found(rest, value)


@pytest.mark.parametrize("call", LINES)
def test_the_line_gets_what_the_contract_shows(desk: Desk, call: str) -> None:
    line, expected = LINES[call]
    printed = desk.type(line)
    body, _, status = printed.stdout.rpartition("\n")
    assert status in ("200", "201", "202"), (printed.stderr, printed.stdout)
    missing = [path for path in expected.split(", ") if not found(path, json.loads(body)["data"])]
    assert missing == [], body


def test_a_ping_is_answered(desk: Desk) -> None:
    assert json.loads(desk.type("curl $API/ping").stdout.rpartition("\n")[0])["data"] == "pong"


def test_a_stream_is_lines_of_tokens_until_done(desk: Desk) -> None:
    printed = desk.type(f'{POST} -N $API/chat/stream -d \'{{"question": "$QUESTION"}}\'').stdout
    events = [json.loads(line.removeprefix("data: ")) for line in printed.splitlines() if line.startswith("data: ")]
    assert all({"token", "trace_id"} <= event.keys() for event in events)
    assert events.pop()["token"] == "[DONE]"
    assert "".join(event["token"] for event in events) == ANSWER


def test_an_error_has_its_words_in_the_order_of_the_contract(desk: Desk) -> None:
    printed = desk.type(f"{POST} $API/chat/completions -d '{{}}'").stdout
    body, _, status = printed.rpartition("\n")
    assert status == "400"
    assert {"code", "message", "details", "trace_id"} <= json.loads(body)["error"].keys()
