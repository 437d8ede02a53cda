"""What has no category or intent is found by the words that it is shown with."""

from typing import Any

from tests.support.system import SystemUnderTest

BARE = {"question": "What is your return policy?", "answer": "Returns are accepted within 30 days."}
LABELLED = {
    "question": "What does returning a parcel cost?",
    "answer": "Returning a parcel within 30 days is free.",
    "category": "returns",
    "intent": "costs",
}


async def found(system: SystemUnderTest, *filters: str) -> set[str]:
    page = await system.data("GET", "/api/v1/search", params={"q": "returns within 30 days", "filter": filters})
    return {hit["question"] for hit in page["results"]}


async def test_a_search_takes_the_words_that_its_results_show(system: SystemUnderTest) -> None:
    await system.learn(BARE, LABELLED)
    bare, labelled = BARE["question"], LABELLED["question"]
    assert await found(system) == {bare, labelled}
    assert await found(system, "category:uncategorized") == {bare}
    assert await found(system, "intent:unknown") == {bare}
    assert await found(system, "category:returns") == {labelled}
    assert await found(system, "category:returns", "category:uncategorized") == {bare, labelled}


async def test_lists_take_the_word_for_no_category(system: SystemUnderTest) -> None:
    await system.ask("Do you sell gift cards to aliens?", session_id="s1")
    await system.learn(BARE, title="bare")
    await system.learn(LABELLED, title="labelled", metadata={"category": "returns"})
    for name in ("status", "other"):
        category = {"category": "returns"} if name == "other" else {}
        await system.data("POST", "/api/v1/intents", json={"name": name, **category})

    async def listed(resource: str, key: str, category: str) -> list[Any]:
        page = await system.data("GET", f"/api/v1/{resource}", params={"category": category})
        return [item[key] for item in page[resource]]

    assert await listed("documents", "title", "uncategorized") == ["bare"]
    assert await listed("documents", "title", "returns") == ["labelled"]
    assert set(await listed("intents", "name", "uncategorized")) == {"status", "costs"}
    assert await listed("intents", "name", "returns") == ["other"]
    assert await listed("queries", "session_id", "uncategorized") == ["s1"]
    assert await listed("queries", "session_id", "returns") == []
