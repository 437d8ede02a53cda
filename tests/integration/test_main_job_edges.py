"""What a careful reader of the contract tries next: orders, no-ops, odd metadata, exports that come back whole."""

import json
from typing import Any

import pytest
from tests.support.system import SystemUnderTest

SHIPPING = ("How much does shipping cost?", "Standard shipping is $5.99; orders over $50 ship free.")
RETURNS = ("What is your return policy?", "We accept returns within 30 days of purchase, with the receipt.")
PARCEL = ("Where is my parcel?", "Look it up with the number in our mail.")
DELIVERY = ("Wie lange dauert die Lieferung?", "Drei bis fünf Werktage.")
GERMAN_RETURNS = ("Kann ich Ware zurückgeben?", "Ja, binnen 30 Tagen.")


def scores(results: list[dict[str, Any]]) -> list[float]:
    return [result["relevance_score"] for result in results]


async def test_search_finds_in_the_order_that_answers_are_chosen_by(system: SystemUnderTest) -> None:
    await system.learn(SHIPPING, RETURNS, PARCEL, DELIVERY, GERMAN_RETURNS)
    for question in ("How long does delivery take?", "Can I return goods?", "What does shipping cost?"):
        asked = await system.ask(question)
        page = await system.data("GET", "/api/v1/search", params={"q": question})
        trace = await system.data("GET", f"/api/v1/traces/{asked['trace_id']}")
        [docs] = [n["outputs"]["docs"] for n in trace["nodes"] if n["node_name"] == "retrieval"]
        assert [result["qa_id"] for result in page["results"]][: len(docs)] == docs
        assert scores(page["results"]) == sorted(scores(page["results"]), reverse=True)
        assert scores(asked["sources"]) == sorted(scores(asked["sources"]), reverse=True)


async def test_search_follows_the_weights_of_the_configuration(system: SystemUnderTest) -> None:
    await system.learn(
        ("Do you deliver to islands?", "The ferry takes our parcels on Mondays."),
        ("How long do orders travel?", "Three days. The word zweihander is here for no good reason."),
    )
    question = {"q": "zweihander deliver islands ferry"}
    await system.data("PUT", "/api/v1/config", json={"retrieval": {"vector_weight": 0.0, "bm25_weight": 1.0}})
    by_words = await system.data("GET", "/api/v1/search", params={"q": "zweihander"})
    assert by_words["results"][0]["question"] == "How long do orders travel?"
    assert scores((await system.data("GET", "/api/v1/search", params=question))["results"])


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/search/advanced"])
async def test_both_searches_sort(system: SystemUnderTest, path: str) -> None:
    await system.learn(SHIPPING, RETURNS, PARCEL)
    best_first = await system.data("GET", path, params={"q": "shipping"})
    turned = await system.data("GET", path, params={"q": "shipping", "sort": "relevance_score"})
    ids = [result["qa_id"] for result in best_first["results"]]
    assert [result["qa_id"] for result in turned["results"]] == ids[::-1]
    await system.call("GET", path, params={"q": "shipping", "sort": "colour"}, expect=400)


@pytest.mark.parametrize("path", ["/api/v1/search", "/api/v1/search/advanced", "/api/v1/qa-pairs/search"])
async def test_nothing_but_white_space_is_no_search(system: SystemUnderTest, path: str) -> None:
    refused = await system.call("GET", path, params={"q": "  "}, expect=400)
    assert refused["errors"][0]["field"] == "q"


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"category": 5}, "metadata.category"),
        ({"category": " "}, "metadata.category"),
        ({"title": ["a"]}, "metadata.title"),
        ({"intent": {"a": 1}}, "metadata.intent"),
        ({"language": "klingon"}, "metadata.language"),
        ({"tags": [1]}, "metadata.tags"),
        ({"tags": ["a", ""]}, "metadata.tags.1"),
        ({"source": "x" * 501}, "metadata.source"),
        ({f"key {n}": n for n in range(51)}, "metadata"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/documents/upload", "/api/v1/knowledge/upload"])
async def test_metadata_that_cannot_be_meant_is_refused_at_once(
    system: SystemUnderTest, path: str, metadata: dict[str, Any], field: str
) -> None:
    name = "files" if path.endswith("documents/upload") else "file"
    file = {name: ("faq.txt", b"Q: Is it open?\nA: Yes, it is.\n", "text/plain")}
    refused = await system.call("POST", path, files=file, data={"metadata": json.dumps(metadata)}, expect=400)
    assert [error["field"] for error in refused["errors"]] == [field]


async def test_tags_of_an_upload_may_be_one_text(system: SystemUnderTest) -> None:
    file = {"file": ("faq.txt", b"Q: Is it open?\nA: Yes, it is.\n", "text/plain")}
    said = {"metadata": json.dumps({"tags": "hours, shop", "language": "en-GB"})}
    staged = await system.data("POST", "/api/v1/knowledge/upload", files=file, data=said)
    assert staged["extracted_pairs"][0]["metadata"]["tags"] == ["hours", "shop"]
    assert staged["extracted_pairs"][0]["language"] == "en"


async def test_a_form_field_that_does_not_exist_is_named(system: SystemUnderTest) -> None:
    file = {"files": ("faq.txt", b"Q: Is it open?\nA: Yes.\n", "text/plain")}
    refused = await system.call("POST", "/api/v1/documents/upload", files=file, data={"colour": "red"}, expect=400)
    assert [error["field"] for error in refused["errors"]] == ["colour"]


async def test_an_edit_that_changes_nothing_makes_no_version(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    [found] = (await system.data("GET", "/api/v1/search", params={"q": RETURNS[0]}))["results"]
    path = f"/api/v1/qa-pairs/{found['qa_id']}"
    await system.data("PUT", path, json={})
    await system.data("PUT", path, json={"question": RETURNS[0], "answer": RETURNS[1]})
    versions = await system.data("GET", f"/api/v1/documents/{found['document_id']}/versions")
    assert [version["number"] for version in versions["versions"]] == [1]


async def test_a_pair_alone_is_named_without_a_path(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    [found] = (await system.data("GET", "/api/v1/search", params={"q": RETURNS[0]}))["results"]
    path = f"/api/v1/qa-pairs/{found['qa_id']}"
    refused = await system.call("PUT", path, json={"question": "x" * 501}, expect=400)
    assert refused["errors"][0]["field"] == "question"


async def test_an_export_brings_back_what_the_ranking_lives_on(system: SystemUnderTest) -> None:
    rows = [{"question": "Is there parking?", "answer": "Yes, behind the house.", "entity": "Hotel Rose"}]
    file = {"file": ("faq.json", json.dumps(rows), "application/json")}
    staged = await system.data("POST", "/api/v1/knowledge/upload", files=file)
    done = await system.data("POST", "/api/v1/knowledge/commit", json={"draft_id": staged["draft_id"]})
    path = f"/api/v1/documents/{done['document_ids'][0]}"
    for format_, media in (("json", "application/json"), ("csv", "text/csv")):
        exported = await system.http.get(f"{path}/export", params={"format": format_})
        await system.data("DELETE", path)
        again = {"file": (f"faq.{format_}", exported.content, media)}
        back = await system.data("POST", "/api/v1/knowledge/upload", files=again)
        assert back["extracted_pairs"][0]["metadata"]["extra"] == {"entity": "Hotel Rose"}
        await system.data("POST", f"{path}/restore")


async def test_a_passage_stays_one_when_it_is_exported(system: SystemUnderTest) -> None:
    rows = [{"question": "Opening", "answer": "We open at nine.", "auto_generated": True}]
    file = {"file": ("faq.json", json.dumps(rows), "application/json")}
    staged = await system.data("POST", "/api/v1/knowledge/upload", files=file)
    assert staged["extracted_pairs"][0]["auto_generated"] is True
    done = await system.data("POST", "/api/v1/knowledge/commit", json={"draft_id": staged["draft_id"]})
    exported = await system.http.get(f"/api/v1/documents/{done['document_ids'][0]}/export")
    assert exported.json()[0]["auto_generated"] is True


async def test_a_review_refuses_texts_that_no_upload_could_bring(system: SystemUnderTest) -> None:
    qa_id = await waiting(system)
    path = "/api/v1/documents/qa-pairs"
    for question in ("  ", "x" * 501):
        body = {"action": "approve", "updates": [{"qa_id": qa_id, "question": question}]}
        refused = await system.call("POST", f"{path}/batch-update", json=body, expect=400)
        assert refused["errors"][0]["field"] == "updates.0.question"
        splits = [{"question": "Is it open?", "answer": "Yes."}, {"question": question, "answer": "No."}]
        refused = await system.call("POST", f"{path}/{qa_id}/split", json={"splits": splits}, expect=400)
        assert refused["errors"][0]["field"] == "splits.1.question"


async def test_a_review_that_lets_nothing_in_says_so(system: SystemUnderTest) -> None:
    body = {"action": "save", "updates": [{"qa_id": await waiting(system), "answer": "Until ten."}]}
    saved = await system.data("POST", "/api/v1/documents/qa-pairs/batch-update", json=body)
    job = await finished(system, saved["job_id"])
    assert job["result"]["qa_pairs_ingested"] == 0


async def test_the_job_behind_a_review_counts_what_it_did(system: SystemUnderTest) -> None:
    body = {"action": "approve_and_ingest", "updates": [{"qa_id": await waiting(system)}]}
    let_in = await system.data("POST", "/api/v1/documents/qa-pairs/batch-update", json=body)
    job = await finished(system, let_in["job_id"])
    assert (job["processed"], job["succeeded"], job["total"]) == (1, 1, 1)


async def test_an_archived_pair_is_not_split(system: SystemUnderTest) -> None:
    await system.learn(RETURNS)
    [found] = (await system.data("GET", "/api/v1/search", params={"q": RETURNS[0]}))["results"]
    await system.data("DELETE", f"/api/v1/qa-pairs/{found['qa_id']}")
    splits = [{"question": "Is it open?", "answer": "Yes."}, {"question": "Is it shut?", "answer": "No."}]
    path = f"/api/v1/documents/qa-pairs/{found['qa_id']}/split"
    await system.call("POST", path, json={"splits": splits}, expect=409)


@pytest.mark.parametrize(("hint", "language"), [("de-AT", "de"), ("DE", "de"), (5, "en"), ("!", "en"), ("", "en")])
async def test_only_a_language_overrides_detection(system: SystemUnderTest, hint: object, language: str) -> None:
    await system.learn(RETURNS)
    answered = await system.ask(RETURNS[0], metadata={"language": hint})
    assert answered["metadata"]["language_detected"] == language


async def waiting(system: SystemUnderTest) -> str:
    """The id of a pair that waits for a reviewer."""
    await system.data("PUT", "/api/v1/config", json={"ingestion": {"review": "always"}})
    file = {"files": ("faq.txt", b"Q: How long is it open?\nA: Until nine.\n", "text/plain")}
    job = await system.data("POST", "/api/v1/documents/upload", files=file)
    await finished(system, job["job_id"])
    page = await system.data("GET", "/api/v1/documents/pending-review", params={"job_id": job["job_id"]})
    return str(page["qa_pairs"][0]["qa_id"])


async def finished(system: SystemUnderTest, job_id: str) -> dict[str, Any]:
    await system.run_due()
    job: dict[str, Any] = await system.data("GET", f"/api/v1/jobs/{job_id}")
    return job


async def test_many_small_versions_read_compare_and_restore_like_whole_ones(system: SystemUnderTest) -> None:
    """A version keeps what changed; what it shows is the whole document as it was."""
    count = 12
    job = await system.learn(*((f"What is thing number {n}?", f"Thing {n} as it was first.") for n in range(count)))
    document = f"/api/v1/documents/{job['result']['document_ids'][0]}"
    pairs = (await system.data("GET", f"{document}/qa-pairs", params={"limit": 100}))["qa_pairs"]
    pairs.sort(key=lambda pair: str(pair["question"]))
    seen = [{pair["question"]: pair["answer"] for pair in pairs}]
    for n in range(count * 2):
        pair = pairs[n % count]
        if n == 5:
            await system.data("DELETE", f"/api/v1/qa-pairs/{pair['qa_id']}")
            seen.append({key: text for key, text in seen[-1].items() if key != pair["question"]})
        elif n == count + 5:
            await system.data("POST", f"/api/v1/qa-pairs/{pair['qa_id']}/restore")
            seen.append({**seen[-1], pair["question"]: pair["answer"]})
        else:
            answer = f"Answer after change {n}."
            await system.data("PUT", f"/api/v1/qa-pairs/{pair['qa_id']}", json={"answer": answer})
            seen.append({**seen[-1], pair["question"]: answer})
    versions = (await system.data("GET", f"{document}/versions", params={"limit": 100}))["versions"][::-1]
    assert [version["qa_pairs_count"] for version in versions] == [len(as_it_was) for as_it_was in seen]
    for version, as_it_was in zip(versions, seen, strict=True):
        shown = await system.data("GET", f"{document}/versions/{version['version_id']}")
        assert {pair["question"]: pair["answer"] for pair in shown["qa_pairs"]} == as_it_was
    ends = {"compare": versions[0]["version_id"]}
    compared = (await system.data("GET", f"{document}/versions/{versions[-1]['version_id']}", params=ends))[
        "comparison"
    ]
    assert (len(compared["added"]), len(compared["removed"]), len(compared["changed"])) == (0, 0, count - 1)
    await system.data("POST", f"{document}/versions/{versions[7]['version_id']}/restore")
    back = await system.data("GET", document)
    assert {pair["question"]: pair["answer"] for pair in back["qa_pairs"]} == seen[7]


async def test_a_large_document_shows_its_first_hundred_pairs_and_where_the_others_are(system: SystemUnderTest) -> None:
    job = await system.learn(*((f"What is thing number {n}?", f"It is thing {n}.") for n in range(102)))
    path = f"/api/v1/documents/{job['result']['document_ids'][0]}"
    document = await system.data("GET", path)
    assert (document["qa_pairs_count"], document["qa_pairs_has_next"]) == (102, True)
    page = await system.data("GET", document["links"]["qa_pairs"], params={"limit": 100, "sort": "id"})
    assert document["qa_pairs"] == page["qa_pairs"]
    for pair in document["qa_pairs"][:2]:
        await system.data("DELETE", f"/api/v1/qa-pairs/{pair['qa_id']}")
    document = await system.data("GET", path)
    assert (len(document["qa_pairs"]), document["qa_pairs_has_next"]) == (100, False)
