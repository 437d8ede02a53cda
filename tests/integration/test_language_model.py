"""With a language model behind the service: what it may say, and what happens when it fails."""

from collections.abc import AsyncIterator

import pytest
from tests.support.llm import Reply, ScriptedLLM, small_llm
from tests.support.system import SystemUnderTest, running

RETURNS = ("What is your return policy?", "We accept returns within 30 days of purchase, with the receipt.")
SHIPPING = ("How much does shipping cost?", "Standard shipping is $5.99; orders over $50 ship free.")


@pytest.fixture
async def llm() -> AsyncIterator[ScriptedLLM]:
    async with ScriptedLLM() as server:
        yield server


@pytest.fixture
async def taught(llm: ScriptedLLM) -> AsyncIterator[SystemUnderTest]:
    settings = {"llm": "openai:scripted", "llm_base_url": llm.base_url, "llm_api_key": "sk-not-a-key"}
    async with running(**settings) as system:
        await system.learn(RETURNS, SHIPPING)
        yield system


async def test_the_model_words_the_answer_from_the_sources(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    llm.reply = Reply("You can return items within 30 days of purchase with the receipt.")
    answered = await taught.ask(RETURNS[0])
    assert answered["answer"] == llm.reply.text
    assert answered["metadata"]["generation_mode"] == "llm"
    told = llm.requests[-1]["messages"][0]["content"]
    assert RETURNS[1] in told
    assert answered["metadata"]["degraded"] == []


async def test_an_unsupported_claim_is_never_sent(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    llm.reply = Reply("You can return items within 90 days, and we refund twice the price.")
    answered = await taught.ask(RETURNS[0])
    assert answered["answer"] == RETURNS[1]
    assert answered["metadata"]["generation_mode"] == "extractive"
    assert answered["metadata"]["degraded"] == ["support_check"]


SYMPTOMS = (
    "What are the symptoms?",
    "The most common symptoms are fever, tiredness and dry cough. Some people do not even show symptoms.",
)
REWORDED = "Typical signs are a temperature, feeling tired and a dry cough."
DENIED = "Typical signs are not a temperature, feeling tired and a dry cough."
FOREIGN = "Losing one's hair is a common sign."


@pytest.mark.parametrize(("written", "mode"), [(REWORDED, "llm"), (DENIED, "extractive"), (FOREIGN, "extractive")])
async def test_a_faithful_rewording_is_sent_and_no_other(
    taught: SystemUnderTest, llm: ScriptedLLM, written: str, mode: str
) -> None:
    await taught.learn(SYMPTOMS, title="symptoms")
    llm.reply = Reply(written)
    answered = await taught.ask(SYMPTOMS[0])
    assert answered["metadata"]["generation_mode"] == mode
    assert answered["answer"] == (written if mode == "llm" else SYMPTOMS[1])


async def test_a_model_that_does_not_know_hands_over(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    llm.reply = Reply("I do not know the answer to that.")
    handed = await taught.ask(RETURNS[0])
    assert (handed["action"], handed["answer"]) == ("escalate", None)


@pytest.mark.parametrize(
    "reply",
    [Reply(status=500), Reply(status=429), Reply(raw="not json"), Reply(finish_reason=None, text="")],
    ids=["fault", "busy", "nonsense", "empty"],
)
async def test_a_failing_model_leaves_the_approved_answer(
    taught: SystemUnderTest, llm: ScriptedLLM, reply: Reply
) -> None:
    llm.reply = reply
    answered = await taught.ask(RETURNS[0], options={"use_cache": False})
    assert answered["answer"] == RETURNS[1]
    assert set(answered["metadata"]["degraded"]) & {"llm", "support_check"}


async def test_a_model_that_hangs_leaves_the_approved_answer_in_time(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    llm.reply = Reply(hang=True)
    answered = await taught.ask(RETURNS[0], options={"timeout_seconds": 3})
    assert answered["answer"] == RETURNS[1]
    assert answered["metadata"]["degraded"] == ["llm"]
    assert answered["metadata"]["processing_time_ms"] < 3000


async def test_a_model_that_is_gone_is_not_waited_for_again(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    await llm.stop()
    for number in range(8):
        answered = await taught.ask(f"{RETURNS[0]} {number}", options={"use_cache": False})
        assert answered["answer"] == RETURNS[1]
    health = await taught.call("GET", "/health", expect=503)
    assert health["data"]["dependencies"]["openai"] == "unhealthy"
    assert health["status"] == "degraded"


async def test_no_key_of_the_model_shows_anywhere(taught: SystemUnderTest, llm: ScriptedLLM) -> None:
    llm.reply = Reply(status=401, raw='{"error": {"message": "Incorrect API key provided: sk-not-a-key"}}')
    answered = await taught.http.post("/api/v1/queries", json={"question": RETURNS[0]})
    assert "sk-not-a-key" not in answered.text
    trace = await taught.http.get(f"/api/v1/traces/{answered.json()['data']['trace_id']}")
    assert "sk-not-a-key" not in trace.text


async def test_a_real_small_model_is_answered_through_and_kept_to_its_sources() -> None:
    """It is too small to be right: what it invents is what the support check is there to catch."""
    async with small_llm() as model:
        settings = {"llm": "openai:smollm2", "llm_base_url": model.base_url, "llm_api_key": "none"}
        async with running(**settings) as system:
            await system.learn(RETURNS, SHIPPING)
            answered = await system.ask(RETURNS[0], options={"max_tokens": 48, "timeout_seconds": 30})
            assert answered["action"] in ("auto_reply", "escalate")
            if answered["metadata"].get("generation_mode") == "extractive":
                assert answered["answer"] == RETURNS[1]
