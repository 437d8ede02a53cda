"""Telling who wants a person and who complains, on texts that people typed.

    python -m benchmarks.escalation

Prints recall and false alarms on the Bitext customer-service texts, false alarms on FAQ questions of other
domains, and what the whole service does with the labelled questions of support_rag_reference.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.support.system import running

from domain.human_requests import asks_for_human, complains

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DETECTORS = {"wants_human": asks_for_human, "complaint": complains}
FOREIGN = (
    *("faq/stackfaq/queries.jsonl", "faq/covidfaq/queries.jsonl", "escalation/dstc11_knowledge_seeking.jsonl"),
    *("intents/clinc150/test.jsonl", "intents/banking77/test.jsonl"),
    *(f"xquad/questions.{language}.jsonl" for language in ("en", "de", "es", "ru")),
    *(f"faq/debianfaq/queries.{language}.jsonl" for language in ("de", "fr", "ru")),
)


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / path).read_text().splitlines()]


def bitext() -> None:
    texts = rows("escalation/bitext_customer_service.jsonl")
    for label, detects in DETECTORS.items():
        meant = [row for row in texts if row[label]]
        others = [row for row in texts if not row[label]]
        found = sum(detects(row["text"], "en") for row in meant)
        false = sum(detects(row["text"], "en") for row in others)
        recall = f"recall {found} of {len(meant)} ({found / len(meant):.3f})"
        print(f"bitext  {label:12} {recall}  false alarms {false} of {len(others)} ({false / len(others):.4f})")
    for path in FOREIGN:
        questions = [row.get("query") or row.get("question") or row.get("text") for row in rows(path)]
        counts = {label: sum(detects(text, "en") for text in questions) for label, detects in DETECTORS.items()}
        print(f"others  {path:40} false alarms {counts} of {len(questions)}")


async def reference() -> None:
    knowledge, questions = (
        rows(f"faq/support_rag_reference/{name}.jsonl") for name in ("qa_data_extended", "ground_truth")
    )
    pairs = [{"question": k["question"], "answer": k["answer"], **_labels(k["metadata"])} for k in knowledge]
    async with running(log_level="ERROR") as system:
        await system.learn(*pairs)
        seen: Counter[tuple[str, str]] = Counter()
        for row in questions:
            answer = await system.ask(row["question"], options={"use_cache": False})
            done = "auto_reply" if answer["action"] == "auto_reply" else "handoff"
            seen[row["expected_action"], done] += 1
            if done != row["expected_action"] and "-v" in sys.argv:
                why = f"{answer['confidence']} {answer.get('escalation_reason')}"
                print(f"  wanted {row['expected_action']}: {row['question']!r} {why}")
    right = sum(count for (wanted, done), count in seen.items() if wanted == done)
    print(f"reference  {right} of {len(questions)} as labelled; (wanted, done): {dict(seen)}")


def _labels(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: metadata[name] for name in ("category", "intent", "requires_handoff")}


def main() -> None:
    bitext()
    asyncio.run(reference())


if __name__ == "__main__":
    main()
