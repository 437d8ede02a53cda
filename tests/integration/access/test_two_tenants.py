"""Noninterference: whatever one tenant does, another sees what it would see if it were alone."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import strategies as st
from tests.support.access import Visitor, visitor
from tests.support.aggregates import examples_of
from tests.support.matrix import Operation, operations, told
from tests.support.system import running

from adapters.system.fixed import ManualClock

YEARS = {"acme": "two", "globex": "five"}
ASKED = ("How long is the warranty?", "Where is my parcel right now?")
SEARCHED = ("warranty", "two years", "five years")
EXAMPLES = min(50, int(os.environ.get("SUPPORTRAG_TEST_FUZZ_EXAMPLES", "5")))
"""The suite is long by `make fuzz`."""

Action = Callable[[Visitor], Awaitable[Any]]
Course = list[tuple[str, Action]]


async def learn(who: Visitor) -> None:
    years = YEARS[who.tenant_id]
    rows = [{"question": ASKED[0], "answer": f"It is {years} years at {who.tenant_id}.", "category": "legal"}]
    file = ("faq.json", json.dumps(rows).encode(), "application/json")
    await who.request("POST", "/api/v1/documents/upload", files=[("files", file)])
    await who.system.run_due()


async def stage(who: Visitor) -> None:
    chunk = {"question": f"What is {who.tenant_id}?", "answer": f"{YEARS[who.tenant_id]} of a kind."}
    await who.post("/api/v1/knowledge/chunks", {"chunks": [chunk]})


async def ask(who: Visitor) -> None:
    """Both tenants ask the same, so that a cache that mixed them up would show."""
    await who.post("/api/v1/queries", {"question": ASKED[0], "user_id": "ann", "session_id": "sess_shared"})


async def ask_in_vain(who: Visitor) -> None:
    await who.post("/api/v1/chat/completions", {"question": ASKED[1], "user_id": "ann", "session_id": "sess_chat"})


async def hand_over(who: Visitor) -> None:
    await who.post("/api/v1/chat/escalate", {"session_id": "sess_chat", "reason": f"{who.tenant_id} wants a person"})


async def batch(who: Visitor) -> None:
    await who.post("/api/v1/queries/batch", {"queries": [{"id": "1", "question": ASKED[0]}]})
    await who.system.run_due()


async def configure(who: Visitor) -> None:
    """Whole seconds by tenant; none of the two is the default."""
    ttl = {"acme": 601, "globex": 602}[who.tenant_id]
    await who.request("PUT", "/api/v1/config", json={"cache": {"ttl_seconds": ttl}})


async def subscribe(who: Visitor) -> None:
    url = f"https://{who.tenant_id}.example/hook"
    await who.post("/api/v1/webhooks", {"name": who.tenant_id, "url": url, "events": ["*"]})


async def categorise(who: Visitor) -> None:
    await who.post("/api/v1/categories", {"name": f"of {who.tenant_id}"})


async def make_a_key(who: Visitor) -> None:
    await who.post("/api/v1/api-keys", {"name": f"of {who.tenant_id}", "scopes": ["read"]})


async def repeat_itself(who: Visitor) -> None:
    """The same idempotency key in both tenants."""
    await who.post("/api/v1/sessions", {"user_id": who.tenant_id}, headers={"Idempotency-Key": "same"})


async def forget(who: Visitor) -> None:
    await who.request("DELETE", "/api/v1/cache", json={"user_id": "all"})


async def archive(who: Visitor) -> None:
    for document in (await who.get("/api/v1/documents")).json()["data"]["documents"][:1]:
        await who.request("DELETE", f"/api/v1/documents/{document['document_id']}")


ACTIONS: tuple[Action, ...] = (
    learn, stage, ask, ask_in_vain, hand_over, batch, configure, subscribe, categorise, make_a_key, repeat_itself,
    forget, archive,
)  # fmt: skip
doings = st.lists(st.sampled_from(ACTIONS), min_size=4, max_size=8, unique=True)


@st.composite
def courses(draw: st.DrawFn) -> Course:
    """Both tenants do several things, in any order of taking turns."""
    left = {name: iter(draw(doings)) for name in YEARS}
    turns = draw(st.lists(st.sampled_from(sorted(YEARS)), min_size=16, max_size=16))
    turns += [name for name in YEARS for _ in range(8)]
    return [(name, action) for name in turns if (action := next(left[name], None)) is not None]


async def views(course: Course) -> dict[str, list[tuple[str, str]]]:
    """What each tenant is shown of everything after the course, by a system of its own."""
    async with running(clock=ManualClock()) as desk:
        keys = {name: await visitor(desk, "admin", "write", tenant=name) for name in YEARS}
        for name, action in course:
            await action(keys[name])
        await desk.container.webhooks.service().run_due()
        return {name: await everything_shown_to(key) for name, key in keys.items()}


def listings() -> list[tuple[Operation, str]]:
    """Everything that can be asked for without an id; a search once for each of the words."""
    open_to_keys = [o for o in operations() if o.method == "GET" and o.scopes and "{" not in o.path]
    return [(o, words) for o in open_to_keys for words in (SEARCHED if "q" in o.query() else ("",))]


async def everything_shown_to(key: Visitor) -> list[tuple[str, str]]:
    shown = []
    for operation, words in listings():
        request = operation.request({})
        request["params"] = {**request["params"], "q": words} if words else request["params"]
        answer = await key.request(**request)
        shown.append((f"{operation.label} {words}", told(answer.text, {})))
    return shown


async def test_a_tenant_sees_what_it_would_see_if_it_were_alone() -> None:
    drawn = examples_of(courses(), EXAMPLES)
    for course in drawn:
        together = await views(course)
        for name in YEARS:
            alone = await views([step for step in course if step[0] == name])
            assert len(together[name]) == len(alone[name]) == len(listings())
            for (label, seen), (_, expected) in zip(together[name], alone[name], strict=True):
                assert seen == expected, f"{name} sees another's doings at {label} after {_said(course)}"
            others = YEARS.keys() - {name}
            assert not [label for label, seen in together[name] for other in others if other in seen]
            assert [label for label, seen in together[name] if name in seen], "it does see its own doings"
    assert len(drawn) == EXAMPLES


def test_every_list_and_search_of_the_document_is_among_what_is_compared() -> None:
    compared = {operation.path for operation, _ in listings()}
    expected = {
        "/api/v1/queries", "/api/v1/search", "/api/v1/search/advanced", "/api/v1/jobs", "/api/v1/documents",
        "/api/v1/documents/pending-review", "/api/v1/knowledge/drafts", "/api/v1/knowledge/export",
        "/api/v1/qa-pairs/search", "/api/v1/config", "/api/v1/config/history", "/api/v1/intents", "/api/v1/categories",
        "/api/v1/guardrails", "/api/v1/analytics/metrics", "/api/v1/analytics/queries", "/api/v1/analytics/documents",
        "/api/v1/logs",
        "/api/v1/audit", "/api/v1/webhooks", "/api/v1/webhooks/deliveries", "/api/v1/webhooks/failures",
        "/api/v1/events", "/api/v1/api-keys", "/api/v1/escalations", "/api/v1/taxonomy/tree", "/api/v1/history",
        "/api/v1/cache/messages", "/api/v1/cache/status", "/api/v1/me", "/api/v1/usage",
    }  # fmt: skip
    assert expected <= compared


def _said(course: Course) -> str:
    return ", ".join(f"{name} {action.__name__}" for name, action in course)
