"""Texts get the labels whose examples they are like, or none; labels are given by hand, too."""

from typing import Any

from tests.support.system import SystemUnderTest

INTENTS = {
    "refund_status": ["Where is my refund?", "Has my refund been processed?", "When will I get my money back?"],
    "change_address": ["How do I change my address?", "I moved, update my address", "My street is wrong"],
    "cancel_order": ["Cancel my order", "I do not want the order any more", "Stop my order from being shipped"],
}
TEXTS = {
    "Is my refund on its way?": "refund_status",
    "I have a new address now": "change_address",
    "Please cancel the order I made": "cancel_order",
}


async def teach(system: SystemUnderTest) -> None:
    for name, examples in INTENTS.items():
        body = {"name": name, "examples": examples, "category": f"about_{name}"}
        await system.data("POST", "/api/v1/intents", json=body)


async def draft_of(system: SystemUnderTest, *questions: str) -> Any:
    chunks = [{"question": question, "answer": "…"} for question in questions]
    return await system.data("POST", "/api/v1/knowledge/chunks", json={"chunks": chunks})


async def classify(system: SystemUnderTest, document_id: str, **params: str) -> list[dict[str, Any]]:
    answer = await system.data("POST", f"/api/v1/analysis/classify/{document_id}", params=params)
    found: list[dict[str, Any]] = answer["classifications"]
    return found


async def test_the_pairs_of_a_draft_get_the_intent_they_are_like(system: SystemUnderTest) -> None:
    await teach(system)
    draft = await draft_of(system, *TEXTS)
    found = await classify(system, draft["draft_id"])
    assert [each["chunk_id"] for each in found] == [chunk["chunk_id"] for chunk in draft["chunks"]]
    assert [each["intent"] for each in found] == list(TEXTS.values())
    assert [each["category"] for each in found] == [f"about_{intent}" for intent in TEXTS.values()]
    assert all(0 < each["confidence"] <= 1 for each in found)


async def test_a_text_that_is_like_none_is_said_to_be_none(system: SystemUnderTest) -> None:
    await teach(system)
    draft = await draft_of(system, "The weather on Mars is dusty in spring")
    [found] = await classify(system, draft["draft_id"])
    assert found["intent"] == "none"
    assert found["confidence"] == found["none_confidence"] >= 0.5
    assert len(found["candidates"]) == 3


async def test_how_sure_none_must_be_can_be_said(system: SystemUnderTest) -> None:
    await teach(system)
    draft = await draft_of(system, *TEXTS, "The weather on Mars is dusty in spring")
    assert {each["intent"] for each in await classify(system, draft["draft_id"], none_above="0")} == {"none"}
    assert "none" not in {each["intent"] for each in await classify(system, draft["draft_id"], none_above="1")}


async def test_new_examples_count_at_once(system: SystemUnderTest) -> None:
    await teach(system)
    draft = await draft_of(system, "My parcel arrived broken")
    assert (await classify(system, draft["draft_id"]))[0]["intent"] != "damaged"
    examples = ["The parcel was broken", "It arrived damaged", "My item came in pieces"]
    await system.data("POST", "/api/v1/intents", json={"name": "damaged", "examples": examples})
    assert (await classify(system, draft["draft_id"]))[0]["intent"] == "damaged"
    await system.data("PUT", "/api/v1/intents/intent_damaged", json={"examples": ["Which colours are there?"]})
    assert (await classify(system, draft["draft_id"]))[0]["intent"] != "damaged"


async def test_texts_in_another_language_are_classified_too(system: SystemUnderTest) -> None:
    await teach(system)
    draft = await draft_of(system, "Wo bleibt meine Rückerstattung?", "Ich möchte meine Bestellung stornieren")
    assert [each["intent"] for each in await classify(system, draft["draft_id"])] == ["refund_status", "cancel_order"]


async def test_without_anything_to_learn_from_all_is_none(system: SystemUnderTest) -> None:
    draft = await draft_of(system, "Where is my refund?")
    [found] = await classify(system, draft["draft_id"])
    assert (found["intent"], found["category"], found["confidence"]) == ("none", "none", 0.0)


async def test_documents_are_classified_and_unknown_ones_are_not_found(system: SystemUnderTest) -> None:
    await teach(system)
    job = await system.learn(("Where is my money?", "On its way."))
    found = await classify(system, job["result"]["document_ids"][0])
    assert found[0]["intent"] == "refund_status"
    await system.call("POST", "/api/v1/analysis/classify/doc_unknown", expect=404)


async def test_a_classification_is_announced(system: SystemUnderTest) -> None:
    draft = await draft_of(system, "Where is my refund?")
    await classify(system, draft["draft_id"])
    recorded = await system.container.store().recorded_events("platform")
    [event] = [each.event for each in recorded if type(each.event).__name__ == "PairsClassified"]
    assert event.document_id == draft["draft_id"]


async def test_a_document_is_labelled_with_all_its_pairs(system: SystemUnderTest) -> None:
    job = await system.learn(("Where is my money?", "On its way."), ("When do you open?", "At nine."))
    document_id = job["result"]["document_ids"][0]
    labels = {"category": "money", "intent": "refund_status", "tags": ["faq"]}
    body = {"document_id": document_id, "metadata": labels}
    assert (await system.data("POST", "/api/v1/analysis/metadata", json=body))["updated"] == 2
    source = (await system.ask("When do you open?"))["sources"][0]
    assert (source["category"], source["intent"]) == ("money", "refund_status")
    document = await system.data("GET", f"/api/v1/documents/{document_id}")
    assert document["category"] == "money"
    listed = await system.data("GET", "/api/v1/categories")
    assert [category["category_id"] for category in listed["categories"]] == ["money"]


async def test_chunks_are_labelled_all_or_none(system: SystemUnderTest) -> None:
    await system.learn(("Where is my money?", "On its way."))
    live = (await system.ask("Where is my money?"))["sources"][0]["qa_id"]
    draft = await draft_of(system, "When do you open?")
    staged = draft["chunks"][0]["chunk_id"]
    updates = [{"chunk_id": live, "category": "money"}, {"chunk_id": staged, "requires_handoff": True}]
    wrong = [*updates, {"chunk_id": "qa_unknown", "category": "x"}]
    path = "/api/v1/analysis/chunks/metadata"
    refused = await system.call("PATCH", path, json={"updates": wrong}, expect=404)
    assert refused["errors"][0]["field"] == "updates.2.chunk_id"
    assert (await system.data("GET", f"/api/v1/qa-pairs/{live}"))["metadata"]["category"] == "uncategorized"
    assert (await system.data("PATCH", path, json={"updates": updates}))["updated"] == 2
    assert (await system.data("GET", f"/api/v1/qa-pairs/{live}"))["metadata"]["category"] == "money"
    kept = await system.data("GET", f"/api/v1/knowledge/drafts/{draft['draft_id']}")
    assert kept["chunks"][0]["metadata"]["requires_handoff"] is True
