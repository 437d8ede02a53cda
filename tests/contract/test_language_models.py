"""What every language model promises; then how the OpenAI-compatible one bears what upstreams do."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.support.llm import Reply, ScriptedLLM, small_llm

from adapters.models.breaker import CircuitBreaker
from adapters.models.openai import OpenAILanguageModel
from application.ports.models import ChatMessage, GenerationOptions, LanguageModel
from domain.errors import DeadlineExceeded, ServiceUnavailable

ASK = [ChatMessage("system", "You answer briefly."), ChatMessage("user", "What is a refund?")]
SHORT = GenerationOptions(max_tokens=16, timeout_seconds=120)
IMPATIENT = GenerationOptions(timeout_seconds=0.3)
KEY = "sk-very-secret-key"


async def written(model: LanguageModel, options: GenerationOptions = SHORT) -> list[str]:
    return [piece async for piece in model.stream(ASK, options)]


# --- every language model


@asynccontextmanager
async def scripted() -> AsyncIterator[LanguageModel]:
    async with ScriptedLLM() as llm:
        llm.reply = Reply(text="Money that you get back. " * 8, pause=0.02)
        model = OpenAILanguageModel("scripted", llm.base_url, KEY)
        yield model
        await model.close()


@asynccontextmanager
async def small() -> AsyncIterator[LanguageModel]:
    async with small_llm() as llm:
        model = OpenAILanguageModel("smollm2", llm.base_url)
        yield model
        await model.close()


@pytest.fixture(params=[scripted, small], ids=["scripted", "small real model"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    async with request.param() as ready:
        yield ready


async def test_a_completion_has_a_text_a_model_and_counts_its_tokens(model: LanguageModel) -> None:
    completion = await model.complete(ASK, SHORT)
    assert completion.text.strip()
    assert completion.model
    assert completion.prompt_tokens
    assert completion.completion_tokens


async def test_a_stream_comes_in_pieces(model: LanguageModel) -> None:
    pieces = await written(model)
    assert len(pieces) > 5
    assert all(pieces)


async def test_a_stream_is_over_when_its_reader_closes_it(model: LanguageModel) -> None:
    stream = model.stream(ASK, SHORT)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert await written(model)


async def test_an_answer_that_takes_too_long_is_a_missed_deadline(model: LanguageModel) -> None:
    started = time.monotonic()
    impatient = GenerationOptions(max_tokens=2000, timeout_seconds=0.4)
    with pytest.raises(DeadlineExceeded):
        await written(model, impatient)
    assert time.monotonic() - started < 2


async def test_a_reachable_model_answers_a_ping(model: LanguageModel) -> None:
    await model.ping()


async def test_several_can_write_at_once(model: LanguageModel) -> None:
    texts = await asyncio.gather(*(written(model) for _ in range(3)))
    assert all("".join(pieces).strip() for pieces in texts)


# --- a real model that dies


async def test_a_model_that_dies_while_it_writes_is_unavailable() -> None:
    async with small_llm() as llm:
        model = OpenAILanguageModel("smollm2", llm.base_url)
        stream = model.stream(ASK, GenerationOptions(max_tokens=2000, timeout_seconds=30))
        await anext(stream)
        await llm.die()
        with pytest.raises(ServiceUnavailable):
            async for _ in stream:
                pass
        with pytest.raises(ServiceUnavailable, match="cannot be reached"):
            await model.complete(ASK, SHORT)
        with pytest.raises(ServiceUnavailable):
            await model.ping()
        await model.close()


# --- what upstreams do


class World:
    def __init__(self, llm: ScriptedLLM) -> None:
        self.llm = llm
        self.now = 0.0
        self.breaker = CircuitBreaker(threshold=3, ttl=30, clock=lambda: self.now)
        self.model = OpenAILanguageModel("gpt-x", llm.base_url, KEY, self.breaker)

    async def fails(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(ServiceUnavailable):
                await self.model.complete(ASK, SHORT)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with ScriptedLLM() as llm:
        world = World(llm)
        yield world
        await world.model.close()


async def test_messages_and_options_reach_the_upstream(world: World) -> None:
    await world.model.complete(ASK, GenerationOptions(temperature=0.7, max_tokens=42))
    [request] = world.llm.requests
    assert request["model"] == "gpt-x"
    assert request["messages"] == [{"role": m.role, "content": m.content} for m in ASK]
    assert (request["temperature"], request["max_tokens"]) == (0.7, 42)
    assert world.llm.authorizations == [f"Bearer {KEY}"]


async def test_the_pieces_of_a_stream_make_up_the_text(world: World) -> None:
    world.llm.reply = Reply(text="You get  your money back.")
    assert "".join(await written(world.model)) == "You get  your money back."


@pytest.mark.parametrize("refused", [["max_tokens"], ["temperature"], ["max_tokens", "temperature"]])
async def test_a_parameter_the_model_refuses_by_name_is_left_out_from_then_on(
    world: World, refused: Sequence[str]
) -> None:
    world.llm.queue.extend(Reply(refuse_parameter=name) for name in refused)
    assert (await world.model.complete(ASK, SHORT)).text == "Yes."
    calls = world.llm.calls
    await world.model.complete(ASK, SHORT)
    assert world.llm.calls == calls + 1
    assert not set(refused) & world.llm.requests[-1].keys()


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_a_refusal_is_unavailability_and_says_no_word_of_the_key(world: World, status: int) -> None:
    world.llm.reply = Reply(status=status)
    with pytest.raises(ServiceUnavailable, match=str(status)) as caught:
        await world.model.complete(ASK, SHORT)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert world.llm.calls == 1


async def test_a_busy_upstream_says_when_to_try_again(world: World) -> None:
    world.llm.reply = Reply(status=429, headers={"Retry-After": "17"})
    with pytest.raises(ServiceUnavailable) as caught:
        await world.model.complete(ASK, SHORT)
    assert caught.value.retry_after == 17


@pytest.mark.parametrize("raw", ["<html>Welcome</html>", "{}", '{"choices": []}', "null", '"x"', "[1]", "{"])
async def test_what_is_not_the_protocol_is_unavailability(world: World, raw: str) -> None:
    world.llm.reply = Reply(raw=raw)
    with pytest.raises(ServiceUnavailable):
        await world.model.complete(ASK, SHORT)
    with pytest.raises(ServiceUnavailable):
        await written(world.model)


async def test_an_empty_answer_is_no_answer(world: World) -> None:
    world.llm.reply = Reply(text="  ")
    await world.fails()


async def test_a_stream_that_breaks_in_the_middle_is_unavailable_after_what_it_said(world: World) -> None:
    world.llm.reply = Reply(text="one two three four", break_after=2)
    heard: list[str] = []
    with pytest.raises(ServiceUnavailable):
        async for piece in world.model.stream(ASK, SHORT):
            heard.append(piece)  # noqa: PERF401 — what came before the break must be kept
    assert heard == ["one", " two"]


async def test_a_stream_without_a_finish_reason_is_not_taken_for_complete(world: World) -> None:
    world.llm.reply = Reply(finish_reason=None)
    with pytest.raises(ServiceUnavailable, match="broke off"):
        await written(world.model)


async def test_closing_a_stream_frees_the_generation_upstream_at_once(world: World) -> None:
    world.llm.reply = Reply(text="word " * 1000, pause=0.01)
    stream = world.model.stream(ASK, SHORT)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await asyncio.wait_for(world.llm.gave_up.wait(), 1)


async def test_a_cancelled_reader_frees_the_generation_upstream_at_once(world: World) -> None:
    world.llm.reply = Reply(text="word " * 1000, pause=0.01)
    reader = asyncio.create_task(written(world.model))
    await asyncio.sleep(0.2)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await asyncio.wait_for(world.llm.gave_up.wait(), 1)


async def test_an_upstream_that_hangs_misses_the_deadline(world: World) -> None:
    world.llm.reply = Reply(hang=True)
    with pytest.raises(DeadlineExceeded):
        await world.model.complete(ASK, IMPATIENT)
    with pytest.raises(DeadlineExceeded):
        await written(world.model, IMPATIENT)


async def test_a_stream_that_trickles_does_not_escape_its_deadline(world: World) -> None:
    world.llm.reply = Reply(text="word " * 1000, pause=0.05)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await written(world.model, IMPATIENT)
    assert time.monotonic() - started < 1.5


async def test_an_unreachable_upstream_is_named_without_its_credentials() -> None:
    model = OpenAILanguageModel("gpt-x", "http://user:hush@127.0.0.1:9/v1", KEY)
    with pytest.raises(ServiceUnavailable, match=r"gpt-x at 127\.0\.0\.1 cannot be reached") as caught:
        await model.complete(ASK, SHORT)
    assert "hush" not in "".join(traceback.format_exception(caught.value))
    await model.close()


async def test_a_ping_fails_when_the_upstream_refuses_and_not_when_it_has_no_list(world: World) -> None:
    world.llm.reply = Reply(status=404)
    await world.model.ping()
    world.llm.reply = Reply(status=401)
    with pytest.raises(ServiceUnavailable, match="401"):
        await world.model.ping()


# --- the circuit


async def test_after_repeated_failures_callers_are_refused_without_asking_the_upstream(world: World) -> None:
    world.llm.reply = Reply(status=500)
    await world.fails(3)
    with pytest.raises(ServiceUnavailable, match="in a row") as caught:
        await world.model.complete(ASK, SHORT)
    assert caught.value.retry_after == 30
    with pytest.raises(ServiceUnavailable, match="in a row"):
        await written(world.model)
    assert world.llm.calls == 3


async def test_when_the_time_is_up_one_caller_tries_and_its_success_lets_everybody_in(world: World) -> None:
    world.llm.reply = Reply(status=500)
    await world.fails(3)
    world.llm.reply = Reply(pause=0.1)
    world.now = 31
    results = await asyncio.gather(*(world.model.complete(ASK, SHORT) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(result, ServiceUnavailable) for result in results) == 3
    assert world.llm.calls == 4
    await world.model.complete(ASK, SHORT)


async def test_a_failed_try_keeps_the_circuit_open_for_another_while(world: World) -> None:
    world.llm.reply = Reply(status=500)
    await world.fails(3)
    world.now = 31
    await world.fails(2)
    assert world.llm.calls == 4


async def test_a_try_whose_reader_went_away_does_not_keep_the_circuit_open_for_good(world: World) -> None:
    world.llm.reply = Reply(status=500)
    await world.fails(3)
    world.now = 31
    world.llm.reply = Reply(text="word " * 100, pause=0.01)
    stream = world.model.stream(ASK, SHORT)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert world.breaker.is_open
    world.now = 62
    await written(world.model)
    assert not world.breaker.is_open


async def test_streams_given_up_by_their_readers_are_not_failures(world: World) -> None:
    world.llm.reply = Reply(text="word " * 100, pause=0.01)
    for _ in range(5):
        stream = world.model.stream(ASK, SHORT)
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]
    assert not world.breaker.is_open


async def test_bad_requests_do_not_open_the_circuit(world: World) -> None:
    world.llm.reply = Reply(status=400)
    await world.fails(5)
    assert not world.breaker.is_open


async def test_broken_streams_and_missed_deadlines_open_the_circuit(world: World) -> None:
    world.llm.queue.extend([Reply(finish_reason=None), Reply(break_after=1, text="a b"), Reply(hang=True)])
    for _ in range(3):
        with pytest.raises((ServiceUnavailable, DeadlineExceeded)):
            await written(world.model, IMPATIENT)
    assert world.breaker.is_open
