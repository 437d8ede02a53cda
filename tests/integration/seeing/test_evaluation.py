"""Judging answers through the API: recorded ones and datasets, by a job that survives and can be stopped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from application.ports.judges import CannotJudge, Judges
from domain.errors import ServiceUnavailable
from domain.evaluation import Sample, Scores

FAQ = (
    ("How long is my warranty?", "Your warranty lasts for two years. It starts on the day of the delivery."),
    ("How do I reset my password?", "Open Settings, choose Security and press Reset password."),
    ("Where can I park my bicycle?", "There is a bicycle stand behind the building."),
)
ROUTE = "/api/v1/evaluation"


@pytest.fixture
async def shop(system: SystemUnderTest) -> SystemUnderTest:
    await system.learn(*FAQ)
    return system


async def evaluated(system: SystemUnderTest, **body: Any) -> dict[str, Any]:
    started = await system.data("POST", f"{ROUTE}/ragas", json=body, expect=202)
    await system.run_due()
    found: dict[str, Any] = await system.data("GET", f"{ROUTE}/results/{started['eval_id']}")
    return found


async def kept(system: SystemUnderTest, *rows: dict[str, Any], name: str = "mine", **more: Any) -> str:
    body = {"dataset_id": name, "rows": list(rows), **more}
    made = await system.data("POST", f"{ROUTE}/datasets", json=body, expect=201)
    assert made["rows_count"] == len(rows)
    return name


async def test_recorded_answers_are_judged_against_what_they_rest_on(shop: SystemUnderTest) -> None:
    ids = [(await shop.ask(question))["query_id"] for question, _ in FAQ]
    found = await evaluated(shop, query_ids=[*ids, ids[0]], dataset_id="only a label")
    assert (found["status"], found["judge"], found["judge_note"]) == ("completed", "built-in", None)
    assert (found["dataset_id"], found["total"], found["judged"], found["failed"]) == ("only a label", 3, 3, 0)
    assert [each["query_id"] for each in found["per_query"]] == ids
    assert all(each["question"] is None for each in found["per_query"]), "a person's words stay with the query"
    assert found["metrics"]["faithfulness"] == {"mean": 1.0, "std": 0.0, "min": 1.0, "max": 1.0, "count": 3}
    job = await shop.data("GET", f"/api/v1/jobs/{found['job_id']}")
    assert (job["type"], job["status"], job["progress"], job["processed"]) == ("evaluation", "completed", 1.0, 3)
    assert job["result"]["eval_id"] == found["eval_id"]
    assert job["result"]["metrics"]["faithfulness"] == 1.0
    assert job["links"]["results"] == f"{ROUTE}/results/{found['eval_id']}"


async def test_a_question_that_a_person_was_to_answer_has_no_answer_to_judge(shop: SystemUnderTest) -> None:
    asked = await shop.ask("Who won the world cup in 1974?")
    assert asked["action"] == "escalate"
    found = await evaluated(shop, query_ids=[asked["query_id"]])
    assert found["handed_over"] == 1
    assert found["metrics"]["answer_relevancy"] == {"mean": None, "std": None, "min": None, "max": None, "count": 0}


async def test_what_a_dataset_leaves_open_is_asked_of_the_service_and_leaves_no_trace(shop: SystemUnderTest) -> None:
    rows = (
        {"question": "my password is gone, what now?", "reference": FAQ[1][1], "id": "gone"},
        {"question": "Who won the world cup in 1974?"},
    )
    found = await evaluated(shop, dataset_id=await kept(shop, *rows))
    first, second = found["per_query"]
    assert (first["query_id"], first["question"], first["action"]) == ("gone", rows[0]["question"], "auto_reply")
    assert (first["context_recall"], first["faithfulness"]) == (1.0, 1.0)
    assert (second["query_id"], second["action"], second["answer_relevancy"]) == ("row_0001", "escalate", None)
    assert found["handed_over"] == 1
    assert (await shop.data("GET", "/api/v1/queries"))["queries"] == []
    assert (await shop.data("GET", "/api/v1/escalations"))["escalations"] == []


async def test_planted_answers_come_out_in_their_order(shop: SystemUnderTest) -> None:
    question, right = FAQ[0]
    texts = {
        "right": right,
        "partial": "Your warranty lasts for two years.",
        "unsupported": f"{right} It covers theft in 40 countries.",
        "contradicting": "Your warranty does not last for two years. It starts on the day of the delivery.",
        "off_topic": FAQ[2][1],
        "declines": "I do not know.",
    }
    contexts = [f"{question}\n{right}"]
    rows = [
        {"id": name, "question": question, "answer": text, "contexts": contexts, "reference": right}
        for name, text in texts.items()
    ]
    found = await evaluated(shop, dataset_id=await kept(shop, *rows))
    score = {each["query_id"]: each for each in found["per_query"]}
    assert score["right"]["faithfulness"] == score["partial"]["faithfulness"] == 1.0
    assert score["unsupported"]["faithfulness"] < 0.75
    assert score["contradicting"]["faithfulness"] < 0.75
    assert score["off_topic"]["faithfulness"] < 0.3
    assert score["declines"]["answer_relevancy"] == 0.0
    relevancy = [score[name]["answer_relevancy"] for name in ("right", "partial", "off_topic")]
    assert relevancy == sorted(relevancy, reverse=True)
    assert len(set(relevancy)) == 3


async def test_contexts_are_judged_by_what_they_hold_and_by_their_order(shop: SystemUnderTest) -> None:
    good, bad = (f"{question}\n{answer}" for question, answer in (FAQ[0], FAQ[2]))
    row = {"question": FAQ[0][0], "answer": FAQ[0][1], "reference": FAQ[0][1]}
    ways = {"good first": [good, bad], "good last": [bad, good], "without": [bad]}
    rows = [{**row, "id": name, "contexts": contexts} for name, contexts in ways.items()]
    found = await evaluated(shop, dataset_id=await kept(shop, *rows))
    precision = [each["context_precision"] for each in found["per_query"]]
    recall = [each["context_recall"] for each in found["per_query"]]
    assert precision == sorted(precision, reverse=True)
    assert precision[0] > 0.8 > 0.6 > precision[1] > precision[2]
    assert recall[0] == recall[1] == 1.0
    assert recall[2] < 0.2


async def test_only_the_metrics_that_were_asked_for_are_given(shop: SystemUnderTest) -> None:
    row = {"question": FAQ[0][0], "answer": FAQ[0][1], "contexts": [FAQ[0][1]]}
    found = await evaluated(shop, dataset_id=await kept(shop, row), metrics=["faithfulness", "context_recall"])
    assert list(found["metrics"]) == ["faithfulness", "context_recall"]
    assert found["metrics"]["context_recall"]["count"] == 0, "there is no reference"
    assert found["per_query"][0]["answer_relevancy"] is None


async def test_what_is_not_there_is_refused(shop: SystemUnderTest) -> None:
    unknown = await shop.call("POST", f"{ROUTE}/ragas", json={"dataset_id": "nobody's"}, expect=404)
    assert "dataset" in unknown["errors"][0]["message"]
    lost = await shop.call("POST", f"{ROUTE}/ragas", json={"query_ids": ["q_1", "q_2"]}, expect=404)
    assert lost["errors"][0]["field"] == "query_ids"
    assert "q_1, q_2" in lost["errors"][0]["message"]
    for body in ({}, {"dataset_id": "x", "metrics": []}, {"dataset_id": "x", "metrics": ["beauty"]}):
        await shop.call("POST", f"{ROUTE}/ragas", json=body, expect=400)
    await kept(shop, {"question": "What?"}, name="x")
    refused = await shop.call("POST", f"{ROUTE}/ragas", json={"dataset_id": "x", "judge": "ragas"}, expect=400)
    assert refused["errors"][0]["details"]["allowed"] == ["built-in"]
    await shop.call("GET", f"{ROUTE}/results/eval_none", expect=404)


async def test_datasets_are_kept_shown_replaced_and_deleted(shop: SystemUnderTest) -> None:
    await kept(shop, {"question": "One?"}, {"question": "Two?", "id": "row_0001"}, description="Two questions")
    body = {"dataset_id": "mine", "rows": [{"question": "Three?", "contexts": ["It is."]}]}
    await shop.call("POST", f"{ROUTE}/datasets", json=body, expect=409)
    shown = await shop.data("GET", f"{ROUTE}/datasets/mine")
    assert [row["id"] for row in shown["rows"]] == ["row_0002", "row_0001"]
    await shop.data("POST", f"{ROUTE}/datasets", json={**body, "replace": True}, expect=201)
    listed = await shop.data("GET", f"{ROUTE}/datasets")
    assert [(each["dataset_id"], each["rows_count"], each["version"]) for each in listed["datasets"]] == [
        ("mine", 1, 2)
    ]
    twice = {"dataset_id": "twice", "rows": [{"question": "A?", "id": "a"}, {"question": "B?", "id": "a"}]}
    refused = await shop.call("POST", f"{ROUTE}/datasets", json=twice, expect=400)
    assert refused["errors"][0]["field"] == "rows.1.id"
    await shop.data("DELETE", f"{ROUTE}/datasets/mine")
    await shop.call("GET", f"{ROUTE}/datasets/mine", expect=404)


async def test_evaluations_are_listed_newest_first_and_by_their_dataset(shop: SystemUnderTest) -> None:
    row = {"question": FAQ[0][0], "answer": FAQ[0][1], "contexts": [FAQ[0][1]]}
    for name in ("first", "second"):
        await evaluated(shop, dataset_id=await kept(shop, row, name=name))
    listed = await shop.data("GET", f"{ROUTE}/results")
    assert [each["dataset_id"] for each in listed["evaluations"]] == ["second", "first"]
    assert "per_query" not in listed["evaluations"][0]
    only = await shop.data("GET", f"{ROUTE}/results", params={"dataset_id": "first"})
    assert [each["dataset_id"] for each in only["evaluations"]] == ["first"]


class Scripted:
    """A judge that notes whom it sees, and does with each what the test says."""

    name = "built-in"

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.begun = asyncio.Event()
        self.away = self.blind = ""
        self.slow = False

    async def open(self) -> None:
        """Nothing to load."""

    async def judge(self, sample: Sample, metrics: Sequence[str]) -> Scores:
        self.seen.append(sample.id)
        self.begun.set()
        if self.slow:
            await asyncio.sleep(3600)
        if sample.id == self.away:
            raise ServiceUnavailable("The model is away.")
        if sample.id == self.blind:
            raise CannotJudge("I cannot read this.")
        return dict.fromkeys(metrics, 0.5)


ROWS = [{"id": f"r{n}", "question": f"Question {n}?", "answer": "Yes.", "contexts": ["Yes."]} for n in range(10)]


@pytest.fixture
async def judged() -> AsyncIterator[tuple[SystemUnderTest, Scripted]]:
    judge = Scripted()
    async with running(overrides={"judges": Judges(judge)}) as system:
        await kept(system, *ROWS)
        yield system, judge


async def test_a_sample_that_cannot_be_judged_says_why_and_spoils_nothing(
    judged: tuple[SystemUnderTest, Scripted],
) -> None:
    system, judge = judged
    judge.blind = "r3"
    found = await evaluated(system, dataset_id="mine")
    assert (found["status"], found["judged"], found["failed"]) == ("completed", 9, 1)
    assert found["per_query"][3]["error"] == "I cannot read this."
    assert found["metrics"]["faithfulness"]["count"] == 9


async def test_a_job_that_is_taken_up_again_judges_nobody_twice(judged: tuple[SystemUnderTest, Scripted]) -> None:
    """The judge's model is away in the middle: what was judged by then stays, and the rest follows."""
    system, judge = judged
    judge.away = "r6"
    halfway = await evaluated(system, dataset_id="mine")
    assert (halfway["status"], len(halfway["per_query"])) == ("evaluating", 4)
    assert (await system.data("GET", f"/api/v1/jobs/{halfway['job_id']}"))["progress"] == 0.4
    judge.away, judge.seen = "", []
    await asyncio.sleep(1.1)
    await system.run_due()
    found = await system.data("GET", f"{ROUTE}/results/{halfway['eval_id']}")
    assert found["status"] == "completed"
    assert [each["query_id"] for each in found["per_query"]] == [row["id"] for row in ROWS]
    assert sorted(judge.seen) == [f"r{n}" for n in range(4, 10)]


async def test_a_dataset_that_changes_meanwhile_ends_its_evaluation(judged: tuple[SystemUnderTest, Scripted]) -> None:
    system, _ = judged
    started = await system.data("POST", f"{ROUTE}/ragas", json={"dataset_id": "mine"}, expect=202)
    await kept(system, *ROWS[:2], replace=True)
    await system.run_due()
    found = await system.data("GET", f"{ROUTE}/results/{started['eval_id']}")
    assert found["status"] == "failed"
    assert "changed" in found["judge_note"]


async def test_a_cancelled_evaluation_stops_at_once_and_says_so(judged: tuple[SystemUnderTest, Scripted]) -> None:
    system, judge = judged
    judge.slow = True
    started = await system.data("POST", f"{ROUTE}/ragas", json={"dataset_id": "mine"}, expect=202)
    doing = asyncio.create_task(system.run_due())
    await judge.begun.wait()
    await system.data("POST", f"/api/v1/jobs/{started['job_id']}/cancel")
    await doing
    found = await system.data("GET", f"{ROUTE}/results/{started['eval_id']}")
    assert (found["status"], found["per_query"]) == ("cancelled", [])
    assert len(judge.seen) <= 4
