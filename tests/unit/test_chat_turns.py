"""A turn on its way: pieces in order, room for few, an end in every case."""

import asyncio
from typing import Any

import msgspec
import pytest

from application.generation import Emit
from application.use_cases.answering import Asked
from application.use_cases.chat import PIECES_AHEAD, Turn
from domain.errors import Conflict, ServiceUnavailable
from domain.queries import Action, Answer
from entrypoints.http.routes.chat import token_objects

ASKED = Asked("q_1", Answer("Hello there.", 0.9, Action.AUTO_REPLY), "sess_1", 5, "0" * 32)


def turn_of(*pieces: str, failing: Exception | None = None) -> Turn:
    async def work(emit: Emit) -> Asked:
        for piece in pieces:
            await emit(piece)
        if failing is not None:
            raise failing
        return ASKED

    return Turn(work)


async def told(turn: Turn) -> list[dict[str, Any]]:
    return [event async for event in token_objects(turn, "t")]


@pytest.mark.parametrize("begun", [True, False])
async def test_every_piece_arrives_in_order_whether_or_not_the_first_was_waited_for(begun: bool) -> None:
    words = [f"{number} " for number in range(3 * PIECES_AHEAD)]
    turn = turn_of(*words)
    if begun:
        await turn.begin()
    else:
        await asyncio.sleep(0.01)
    events = await told(turn)
    assert [event["token"] for event in events] == [*words, "", "[DONE]"]


async def test_a_finished_answer_without_pieces_is_an_outcome_alone() -> None:
    turn = turn_of()
    await turn.begin()
    events = await told(turn)
    assert [sorted(event) for event in events] == [["final_data", "token", "trace_id"], ["token", "trace_id"]]


async def test_what_goes_wrong_before_the_first_piece_is_raised_by_begin() -> None:
    with pytest.raises(Conflict):
        await turn_of(failing=Conflict("closed")).begin()


async def test_an_error_after_the_first_token_is_a_line_of_its_own_before_the_end() -> None:
    turn = turn_of("Hello", failing=ServiceUnavailable("The store is away."))
    await turn.begin()
    first, error, done = await told(turn)
    assert (first["token"], done["token"]) == ("Hello", "[DONE]")
    assert (error["token"], error["trace_id"]) == ("", "t")
    assert msgspec.to_builtins(error["error"]) == {
        "code": "SERVICE_UNAVAILABLE",
        "message": "The store is away.",
        "details": [{"field": None, "reason": "The store is away."}],
        "trace_id": "t",
    }


async def test_a_mistake_of_ours_tells_nothing_of_itself() -> None:
    _, error, _ = await told(turn_of("Hello", failing=RuntimeError("secret words")))
    assert error["error"].code == "INTERNAL_ERROR" and "secret" not in error["error"].message


async def test_the_writer_waits_for_a_reader_who_is_far_behind() -> None:
    turn = turn_of(*["word "] * 1000)
    await turn.begin()
    await asyncio.sleep(0.01)
    assert turn.waiting < PIECES_AHEAD
    turn.close()


async def test_a_closed_turn_stops_its_work() -> None:
    stopped = asyncio.Event()

    async def work(emit: Emit) -> Asked:
        try:
            await emit("Hello")
            await asyncio.sleep(3600)
        finally:
            stopped.set()
        return ASKED

    turn = Turn(work)
    await turn.begin()
    turn.close()
    await asyncio.wait_for(stopped.wait(), 1)
