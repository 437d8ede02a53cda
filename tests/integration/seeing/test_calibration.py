"""Confidence that learns from what people say of answers: fitted, in force at once, and taken back."""

from typing import Any

import pytest
from tests.support.system import SystemUnderTest

from domain.confidence import MIN_LABELS

QUESTION = "How do I reset my password?"
FAQ = (
    (QUESTION, "Open Settings, choose Security and press Reset password."),
    ("Where can I park my bicycle?", "There is a bicycle stand behind the building."),
)
UNSURE = "Can I get into the building with my password?"
ROUTE = "/api/v1/evaluation/calibrate"


@pytest.fixture
async def desk(system: SystemUnderTest) -> SystemUnderTest:
    await system.learn(*FAQ)
    return system


async def confidence(system: SystemUnderTest, question: str = UNSURE) -> float:
    asked = await system.ask(question, options={"use_cache": False})
    return float(asked["confidence"])


async def rated(system: SystemUnderTest, count: int, **feedback: Any) -> None:
    """So many sure answers to the same question, all of them judged so."""
    for _ in range(count):
        asked = await system.ask(QUESTION)
        await system.data("POST", f"/api/v1/queries/{asked['query_id']}/feedback", json=feedback)


async def test_too_few_labels_are_refused_in_numbers(desk: SystemUnderTest) -> None:
    await rated(desk, 3, rating=1)
    await rated(desk, 1, rating=3)
    refused = await desk.call("POST", ROUTE, expect=409)
    assert refused["errors"][0]["details"] == {"labels": 3, "needed": MIN_LABELS, "by_feedback": 3, "by_resolution": 0}
    assert "needs at least 20" in refused["errors"][0]["message"]


async def test_answers_that_people_call_wrong_are_given_less_surely_from_the_next_question_on(
    desk: SystemUnderTest,
) -> None:
    before = await confidence(desk, QUESTION)
    await rated(desk, 10, rating=5, correct=False)
    await rated(desk, 10, rating=5, helpful=True)
    tried = await desk.data("POST", ROUTE, json={"dry_run": True})
    assert (tried["applied"], tried["number"]) == (False, 0)
    assert await confidence(desk, QUESTION) == before
    done = await desk.data("POST", ROUTE)
    assert (done["labels"], done["by_feedback"], done["right"], done["applied"]) == (20, 20, 10, True)
    assert done["after"]["log_loss"] < done["before"]["log_loss"]
    assert done["after"]["ece"] < done["before"]["ece"]
    assert await confidence(desk, QUESTION) < before - 0.1
    config = await desk.data("GET", "/api/v1/config")
    assert (config["calibration"]["labels"], config["calibration"]["slope"]) == (20, done["slope"])
    history = await desk.data("GET", "/api/v1/config/history")
    assert "Calibrated on 20 labels" in history["changes"][0]["comment"]
    again = await desk.data("POST", ROUTE)
    assert (again["applied"], again["number"]) == (False, 0), "it foretells the labels no better than itself"


async def test_a_fit_is_taken_back_and_other_settings_stay(desk: SystemUnderTest) -> None:
    await desk.call("POST", f"{ROUTE}/rollback", expect=409)
    before = await confidence(desk)
    await desk.data("PUT", "/api/v1/config", json={"calibration": {"shift": -0.5}})
    by_hand = await confidence(desk)
    assert by_hand < before
    await rated(desk, 20, rating=1)
    assert (await desk.data("POST", ROUTE))["applied"]
    assert await confidence(desk) != by_hand
    await desk.data("PUT", "/api/v1/config", json={"retrieval": {"top_k": 3}})
    back = await desk.data("POST", f"{ROUTE}/rollback")
    assert all(name.startswith("calibration.") for name in back["updated_fields"])
    assert await confidence(desk) == by_hand
    assert (await desk.data("GET", "/api/v1/config"))["retrieval"]["top_k"] == 3


async def test_a_fit_for_other_constants_rests(desk: SystemUnderTest) -> None:
    before = await confidence(desk)
    fit = {"slope": 0.5, "shift": -2.0, "fitted_for": "another model"}
    await desk.data("PUT", "/api/v1/config", json={"calibration": fit})
    assert await confidence(desk) == before


async def test_what_operators_answer_tells_whether_the_candidate_was_right(desk: SystemUnderTest) -> None:
    """Right answers that were withheld: the operators say the same in most cases, something else in some."""
    await desk.data("PUT", "/api/v1/config", json={"calibration": {"shift": -15}})
    answers = [FAQ[0][1]] * 14 + ["You have to write to the data protection officer of your country."] * 6
    for n, answer in enumerate([*answers, None]):
        asked = await desk.ask(f"{QUESTION} {n}")
        body = {"answer": answer} if answer else {}
        await desk.data("POST", f"/api/v1/escalations/{asked['escalation_id']}/resolve", json=body)
    done = await desk.data("POST", ROUTE, json={"dry_run": True})
    assert (done["by_feedback"], done["by_resolution"], done["right"]) == (0, 20, 14)
