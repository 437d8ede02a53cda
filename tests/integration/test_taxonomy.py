"""Intents and categories: made, changed, hung into a tree, renamed everywhere."""

import asyncio

from tests.support.system import SystemUnderTest

REFUNDS = {
    "name": "Refund Status",
    "description": "Questions about refund status and processing",
    "examples": ["Where is my refund?", "How long do refunds take?", "Has my refund been processed?"],
    "category": "status",
    "escalation_weight": 0.3,
}
PAIR = {
    "question": "What is your return policy?",
    "answer": "Our return policy allows returns within 30 days of purchase.",
    "category": "returns",
    "intent": "policy_info",
}


async def test_an_intent_is_added_changed_and_deleted(system: SystemUnderTest) -> None:
    made = await system.data("POST", "/api/v1/intents", json=REFUNDS)
    assert made["intent_id"] == "intent_refund_status"
    await system.call("POST", "/api/v1/intents", json=REFUNDS, expect=409)
    changed = await system.data("PUT", "/api/v1/intents/intent_refund_status", json={"examples": ["Refund tracking"]})
    assert changed["embeddings_updated"] is True
    renamed = await system.data("PUT", "/api/v1/intents/intent_refund_status", json={"name": "Refunds"})
    assert renamed["embeddings_updated"] is False
    [listed] = (await system.data("GET", "/api/v1/intents"))["intents"]
    assert (listed["name"], listed["examples"], listed["category"]) == ("Refunds", ["Refund tracking"], "status")
    await system.data("DELETE", "/api/v1/intents/intent_refund_status")
    await system.call("GET", "/api/v1/intents/intent_refund_status", expect=404)


async def test_usage_counts_the_questions_that_were_of_the_intent(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    for question in ("What is your return policy?", "what's your return policy"):
        await system.ask(question)
    [intent] = (await system.data("GET", "/api/v1/intents"))["intents"]
    assert (intent["intent_id"], intent["usage_count"]) == ("intent_policy_info", 2)


async def test_an_intent_in_use_stays(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    refused = await system.call("DELETE", "/api/v1/intents/intent_policy_info", expect=409)
    assert refused["errors"][0]["details"] == {"qa_pairs": 1}


async def test_a_heavy_intent_hands_its_questions_to_a_person(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    assert (await system.ask(PAIR["question"]))["action"] == "auto_reply"
    await system.data("PUT", "/api/v1/intents/intent_policy_info", json={"escalation_weight": 1.0})
    assert (await system.ask(PAIR["question"]))["escalation_reason"]


async def test_categories_hang_in_a_tree(system: SystemUnderTest) -> None:
    await system.data("POST", "/api/v1/categories", json={"name": "Orders"})
    child = await system.data("POST", "/api/v1/categories", json={"name": "Order Status", "parent_category": "orders"})
    assert child["category_id"] == "order_status"
    listed = {each["category_id"]: each for each in (await system.data("GET", "/api/v1/categories"))["categories"]}
    assert listed["orders"]["subcategories"] == ["order_status"]
    assert listed["order_status"]["parent_category"] == "orders"


async def test_a_category_never_stands_below_itself(system: SystemUnderTest) -> None:
    for name, parent in (("a", None), ("b", "a"), ("c", "b")):
        await system.data("POST", "/api/v1/categories", json={"name": name, "parent_category": parent})
    for parent in ("a", "b", "c"):
        refused = await system.call("PUT", "/api/v1/categories/a", json={"parent_category": parent}, expect=400)
        assert refused["errors"][0]["field"] == "parent_category"
    moved = await system.data("PUT", "/api/v1/categories/c", json={"parent_category": None})
    assert moved["parent_category"] is None
    await system.call("PUT", "/api/v1/categories/c", json={"parent_category": "nowhere"}, expect=400)


async def test_two_moves_at_once_never_make_a_ring(system: SystemUnderTest) -> None:
    for name in ("a", "b"):
        await system.data("POST", "/api/v1/categories", json={"name": name})
    moves = [("a", "b"), ("b", "a")]
    calls = [system.http.put(f"/api/v1/categories/{one}", json={"parent_category": to}) for one, to in moves]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*calls))
    assert statuses == [200, 400]


async def test_a_category_in_use_stays_until_nothing_refers_to_it(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    await system.data("POST", "/api/v1/categories", json={"name": "Late", "parent_category": "returns"})
    refused = await system.call("DELETE", "/api/v1/categories/returns", expect=409)
    assert refused["errors"][0]["details"] == {"documents": 1, "qa_pairs": 1, "subcategories": 1}
    await system.data("DELETE", "/api/v1/categories/late")
    await system.call("DELETE", "/api/v1/categories/late", expect=404)


async def test_a_renamed_category_is_followed_by_everything_that_refers_to_it(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    staged = [{"question": "Can I return a gift?", "answer": "Yes.", "metadata": {"category": "returns"}}]
    draft = await system.data("POST", "/api/v1/knowledge/chunks", json={"chunks": staged})
    await system.data("POST", "/api/v1/intents", json={**REFUNDS, "category": "returns"})
    await system.data("POST", "/api/v1/categories", json={"name": "Late", "parent_category": "returns"})
    await system.data("PUT", "/api/v1/config", json={"escalation": {"teams": {"returns": "returns_desk"}}})
    rename = {"old_name": "returns", "new_name": "Returns & Refunds"}
    renamed = await system.data("PATCH", "/api/v1/taxonomy/rename", json=rename)
    assert renamed["updated"] == {"pairs": 2, "documents": 1, "intents": 1}
    new = "Returns & Refunds"
    answered = await system.ask(PAIR["question"])
    assert answered["sources"][0]["category"] == new
    found = await system.data("GET", "/api/v1/search", params={"q": "return policy", "filter": f"category:{new}"})
    assert found["results"][0]["question"] == PAIR["question"]
    kept = await system.data("GET", f"/api/v1/knowledge/drafts/{draft['draft_id']}")
    assert kept["chunks"][0]["metadata"]["category"] == new
    tree = (await system.data("GET", "/api/v1/taxonomy/tree"))["categories"]
    assert list(tree) == [new]
    assert list(tree[new]["subcategories"]) == ["late"]
    assert tree[new]["intents"] == ["refund_status"]
    assert (await system.data("GET", "/api/v1/config"))["escalation"]["teams"] == {new: "returns_desk"}
    assert (await system.data("GET", "/api/v1/documents"))["documents"][0]["category"] == new


async def test_a_renamed_intent_keeps_its_examples_and_its_pairs(system: SystemUnderTest) -> None:
    await system.learn(PAIR)
    await system.data("PUT", "/api/v1/intents/intent_policy_info", json={"examples": ["What are your rules?"]})
    body = {"old_name": "policy_info", "new_name": "rules", "kind": "intent"}
    renamed = await system.data("PATCH", "/api/v1/taxonomy/rename", json=body)
    assert renamed["updated"]["pairs"] == 1
    intent = await system.data("GET", "/api/v1/intents/intent_rules")
    assert intent["examples"] == ["What are your rules?"]
    assert (await system.ask(PAIR["question"]))["sources"][0]["intent"] == "rules"
    await system.call("GET", "/api/v1/intents/intent_policy_info", expect=404)


async def test_a_rename_to_a_name_that_is_taken_or_from_one_that_is_none_is_refused(system: SystemUnderTest) -> None:
    for name in ("a", "b"):
        await system.data("POST", "/api/v1/categories", json={"name": name})
    await system.data("POST", "/api/v1/intents", json={"name": "a"})
    rename = "/api/v1/taxonomy/rename"
    both = {"old_name": "a", "new_name": "c"}
    assert (await system.call("PATCH", rename, json=both, expect=400))["errors"][0]["field"] == "kind"
    await system.call("PATCH", rename, json={"old_name": "a", "new_name": "b", "kind": "category"}, expect=409)
    await system.call("PATCH", rename, json={"old_name": "z", "new_name": "y"}, expect=404)


async def test_sync_adds_what_is_mentioned_and_names_what_nothing_mentions(system: SystemUnderTest) -> None:
    await system.learn(PAIR, metadata={"category": "policies"})
    await system.data("POST", "/api/v1/categories", json={"name": "Forgotten"})
    synced = await system.data("POST", "/api/v1/taxonomy/sync")
    assert synced["added"] == [{"kind": "category", "name": "policies"}]
    assert synced["orphans"] == [{"kind": "category", "name": "forgotten"}]
    assert (await system.data("POST", "/api/v1/taxonomy/sync"))["added"] == []
