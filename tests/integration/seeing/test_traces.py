"""A request can be followed: over the steps of its answer, its model's calls, its jobs, to whoever listens."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.llm import Reply, ScriptedLLM
from tests.support.otlp import Collector, collecting
from tests.support.system import SystemUnderTest, running

from application.use_cases.queries import BrowseQueries
from domain.tracing import Step

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
PAIR = ("How long does shipping to Canada take?", "Shipping to Canada takes five days.")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as started:
        yield started


async def ask(system: SystemUnderTest, question: str = PAIR[0], **headers: str) -> str:
    response = await system.http.post("/api/v1/queries", json={"question": question}, headers=headers)
    assert response.status_code == 200, response.text
    return str(response.json()["meta"]["trace_id"])


async def test_every_step_of_a_question_is_a_span_below_the_callers(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url) as system:
        await system.learn(PAIR)
        collector.spans.clear()
        seen = await ask(system, traceparent=f"00-{TRACE}-{PARENT}-01")
    mine = [span for span in collector.spans if span.trace_id == TRACE]
    request, question = collector.one("POST /api/v1/queries"), collector.one("question")
    assert seen == TRACE
    assert (request.parent_id, request.kind, request.service) == (PARENT, 2, "supportrag")
    assert question.parent_id == request.span_id
    assert collector.children(question) == [str(step) for step in Step]
    assert {span.trace_id for span in mine} == {TRACE}
    assert request.attributes["http.response.status_code"] == 200
    assert collector.one("routing").attributes["supportrag.action"] == "auto_reply"
    assert sum(span.seconds for span in mine if span.parent_id == question.span_id) <= question.seconds


async def test_without_a_caller_the_answer_names_the_trace_that_was_sent(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url) as system:
        await system.learn(PAIR)
        seen = await ask(system)
        stored = await system.data("GET", f"/api/v1/traces/{seen}")
    assert {span.name for span in collector.spans if span.trace_id == seen} >= {"question", "retrieval"}
    assert stored["trace_id"] == seen


async def test_a_batch_is_followed_into_the_job_that_answers_it(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url) as system:
        await system.learn(PAIR)
        body = {"queries": [{"id": "one", "question": PAIR[0]}, {"id": "two", "question": "And to Mexico?"}]}
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        await system.call("POST", "/api/v1/queries/batch", json=body, headers=headers)
        await system.run_due()
    request, job = collector.one("POST /api/v1/queries/batch"), collector.one("job batch_query")
    questions = [span for span in collector.spans if span.name == "question" and span.trace_id == TRACE]
    assert (job.trace_id, job.parent_id, job.kind) == (TRACE, request.span_id, 5)
    assert [span.parent_id for span in questions] == [job.span_id] * 2


async def test_two_questions_at_once_keep_their_spans_apart(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url) as system:
        await system.learn(PAIR)
        traces = await asyncio.gather(*(ask(system, f"{PAIR[0]} No. {n}") for n in range(8)))
    assert len(set(traces)) == 8
    for trace in traces:
        steps = [span for span in collector.spans if span.trace_id == trace and span.name == "retrieval"]
        questions = [span for span in collector.spans if span.trace_id == trace and span.name == "question"]
        assert [step.parent_id for step in steps] == [questions[0].span_id]


async def test_a_models_call_has_the_words_that_langfuse_and_others_know(collector: Collector) -> None:
    keys = {"langfuse_host": collector.url, "langfuse_public_key": "pk-lf-1", "langfuse_secret_key": "sk-lf-2"}
    async with (
        ScriptedLLM(Reply(PAIR[1])) as model,
        running(llm="openai:tiny", llm_base_url=model.base_url, llm_api_key="none", **keys) as system,
    ):
        await system.learn(PAIR)
        await ask(system, f"{PAIR[0]} Write to jane.doe@example.com")
    call, generation, question = (collector.one(name) for name in ("chat tiny", "generation", "question"))
    assert (call.parent_id, call.kind) == (generation.span_id, 3)
    assert call.attributes["gen_ai.operation.name"] == "chat"
    assert call.attributes["gen_ai.request.model"] == "tiny"
    assert call.attributes["gen_ai.usage.input_tokens"] > 0
    assert call.attributes["langfuse.observation.type"] == "generation"
    assert "Canada" in call.attributes["langfuse.observation.input"]
    assert call.attributes["langfuse.observation.output"] == PAIR[1]
    assert "Canada" in question.attributes["langfuse.observation.input"]
    assert "jane.doe@example.com" not in str([span.attributes for span in collector.spans])
    assert collector.paths[0] == "/api/public/otel/v1/traces"
    credentials = base64.b64decode(collector.headers[0]["authorization"].removeprefix("Basic ")).decode()
    assert credentials == "pk-lf-1:sk-lf-2"


async def test_a_streamed_models_call_is_a_span_as_well(collector: Collector) -> None:
    async with (
        ScriptedLLM(Reply(PAIR[1])) as model,
        running(
            llm="openai:tiny", llm_base_url=model.base_url, llm_api_key="none", otel_endpoint=collector.url
        ) as system,
    ):
        await system.learn(PAIR)
        streamed = await system.http.post("/api/v1/chat/stream", json={"question": PAIR[0]})
        assert "five" in streamed.text
    call, generation = collector.one("chat tiny"), collector.one("generation")
    assert call.parent_id == generation.span_id
    assert "langfuse.observation.output" not in call.attributes


async def test_a_collector_gets_no_words_that_were_not_meant_for_it(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url) as system:
        await ask(system, "Where is my unicorn saddle?")
    assert "unicorn" not in str([span.attributes for span in collector.spans])


async def test_a_collector_that_is_not_there_costs_nobody_an_answer() -> None:
    async with running(otel_endpoint="http://127.0.0.1:9") as system:
        await system.learn(PAIR)
        assert await ask(system)


class _Broken(BrowseQueries):
    async def one(self, *_: object) -> Any:
        raise ZeroDivisionError


async def test_a_request_is_a_failed_span_only_when_it_is_our_fault(collector: Collector) -> None:
    async with running(otel_endpoint=collector.url, overrides={"browse_queries": _Broken(None)}) as system:
        await system.call("GET", "/api/v1/jobs/job_none", expect=404)
        await system.call("GET", "/api/v1/queries/q_none", expect=500)
    assert not collector.one("GET /api/v1/jobs/{job_id}").failed
    assert collector.one("GET /api/v1/queries/{query_id}").failed
