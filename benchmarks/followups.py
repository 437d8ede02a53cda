"""Follow-up questions through the HTTP API: what history and filters are worth, and what is left alone.

python -m benchmarks.followups            # the shop (below), and whether questions that stand alone are left alone
python -m benchmarks.followups --dstc11   # besides: 184 multi-turn questions over 2 869 FAQs of 143 places
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from benchmarks.shop import ANSWERS, FOLLOW_UPS
from tests.support.system import SystemUnderTest, running

from domain.queries import Turn
from domain.rewriting import leans_on_history, stand_alone

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
Body = dict[str, Any]


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / path).read_text().splitlines()]


async def answer_anything(system: SystemUnderTest) -> None:
    """So that what was found shows even when the service would rather ask a person."""
    policy = {"confidence_threshold": 0.0, "intent_weight_threshold": 1.0}
    await system.call("PUT", "/api/v1/config", json={"escalation": policy})


async def found(system: SystemUnderTest, body: Body) -> str:
    """The id of the pair that was answered from; empty when a person was asked for."""
    answer = await system.data("POST", "/api/v1/queries", json={**body, "options": {"use_cache": False}})
    return answer["sources"][0]["qa_id"] if answer["sources"] else ""


async def shop() -> None:
    async with running(log_level="ERROR") as system:
        await system.learn(*ANSWERS)
        await answer_anything(system)
        texts = dict(ANSWERS)
        pairs = await pairs_of(system)
        ways: dict[str, Callable[[str, str, str], Body]] = {
            "the turn alone": lambda asked, answer, turn: {"question": turn},
            "the person's last turn + turn": lambda asked, answer, turn: {"question": f"{asked} {turn}"},
            "with history, by rule": lambda asked, answer, turn: {
                "question": turn,
                "conversation_history": [
                    {"role": "user", "content": asked},
                    {"role": "assistant", "content": answer},
                ],
            },
        }
        for name, way in ways.items():
            right = [
                pairs[await found(system, way(asked, texts[asked], turn))]["question"] == wanted
                for asked, turn, wanted in FOLLOW_UPS
            ]
            print(f"shop      {name:40} {sum(right)} of {len(right)}")


async def pairs_of(system: SystemUnderTest) -> dict[str, dict[str, Any]]:
    documents = (await system.data("GET", "/api/v1/documents"))["documents"]
    kept = {}
    for document in documents:
        path, offset, total = f"/api/v1/documents/{document['document_id']}/qa-pairs", 0, 1
        while offset < total:
            page = await system.data("GET", path, params={"limit": 100, "offset": offset})
            kept.update({pair["qa_id"]: pair for pair in page["qa_pairs"]})
            offset, total = offset + 100, page["pagination"]["total"]
    return kept


async def dstc11() -> None:
    corpus, queries = rows("faq/dstc11/corpus.jsonl"), rows("faq/dstc11/queries.jsonl")
    async with running(log_level="ERROR") as system:
        await system.learn(*[{k: c[k] for k in ("question", "answer", "category", "entity")} for c in corpus])
        await answer_anything(system)
        pairs = await pairs_of(system)
        truth = {c["id"]: (c["entity"], c["answer"]) for c in corpus}
        ways: dict[str, Callable[[dict[str, Any]], Body]] = {
            "the turn alone": lambda q: {"question": q["query"]},
            "previous turn + turn": lambda q: {"question": f"{q['context'][-1][3:]} {q['query']}"},
            "with history, by rule": lambda q: {"question": q["query"], "conversation_history": history(q)},
            "the turn alone, filtered": lambda q: {"question": q["query"], "filters": entity(q)},
            "with history, filtered": lambda q: {
                "question": q["query"],
                "conversation_history": history(q),
                "metadata": {"filters": entity(q)},
            },
        }
        for name, way in ways.items():
            hits = 0
            for query in queries:
                pair = pairs.get(await found(system, way(query)))
                right = {truth[key] for key in query["relevant"]}
                hits += pair is not None and (pair["metadata"]["extra"].get("entity"), pair["answer"]) in right
            print(f"dstc11    {name:40} hit@1 {hits / len(queries):.3f}", flush=True)


def history(query: dict[str, Any]) -> list[dict[str, str]]:
    roles = {"U": "user", "S": "assistant"}
    return [{"role": roles[said[0]], "content": said[3:]} for said in query["context"]]


def entity(query: dict[str, Any]) -> dict[str, str]:
    return {"entity": query["entities"][0]}


def left_alone() -> None:
    """Questions that people typed without any history: each that leans is a false alarm or a real dangler."""
    sets = [("en", "faq/stackfaq/queries.jsonl"), ("en", "faq/covidfaq/queries.jsonl")]
    sets += [(language, f"xquad/questions.{language}.jsonl") for language in ("en", "de", "es", "ru")]
    sets += [(language, f"faq/debianfaq/queries.{language}.jsonl") for language in ("de", "fr", "ru")]
    for language, path in sets:
        texts = [row.get("query") or row.get("question") or row.get("text") for row in rows(path)]
        lean = sum(leans_on_history(text, language) for text in texts)
        print(f"leaning   {path:40} {lean} of {len(texts)} ({lean / len(texts):.3f})")
    queries = rows("faq/dstc11/queries.jsonl")
    talks = [(q["query"], [Turn(t["role"], t["content"]) for t in history(q)]) for q in queries]
    print(f"leaning   dstc11 with its history {sum(leans_on_history(q, 'en', h) for q, h in talks)} of {len(talks)}")
    changed = sum(stand_alone(text, "en", h) != text for text, h in talks)
    print(f"rewritten dstc11 {changed} of {len(talks)}")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    left_alone()
    asyncio.run(shop())
    if "--dstc11" in sys.argv:
        asyncio.run(dstc11())


if __name__ == "__main__":
    main()
