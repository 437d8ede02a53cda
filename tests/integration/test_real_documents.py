"""276 real and damaged files through the HTTP API: each is read or refused with a reason, none does harm."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.support.system import SystemUnderTest, running

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not (DATA / "docs").exists(), reason="needs ../shared/data")


def files() -> list[Path]:
    manifest = (DATA / "docs" / "manifest.jsonl").read_text().splitlines()
    return [DATA / json.loads(line)["path"] for line in manifest]


@pytest.fixture
async def reviewing() -> AsyncIterator[SystemUnderTest]:
    """Nothing is let in unseen, so that no file's pairs are another's duplicates in the knowledge base."""
    async with running() as system:
        yield system


async def test_every_file_uploaded_in_batches_is_read_or_refused_with_a_reason(reviewing: SystemUnderTest) -> None:
    system, outcomes = reviewing, Counter[tuple[str, str]]()
    before = _processes()
    every = files()
    assert len(every) == 276
    for start in range(0, len(every), 23):
        parts = [("files", (path.name, path.read_bytes())) for path in every[start : start + 23]]
        form = {"auto_classify": "false", "validate_format": "false"}
        upload = await system.data("POST", "/api/v1/documents/upload", files=parts, data=form)
        await system.run_due()
        job = await system.data("GET", f"/api/v1/jobs/{upload['job_id']}")
        assert job["status"] in ("completed", "waiting_input"), job
        assert job["processed"] == len(parts)
        outcomes["read", ""] += job["succeeded"]
        outcomes["refused", ""] += job["failed"]
        assert len({w["file"] for w in job["result"]["warnings"]}) >= job["failed"], "each refusal is explained"
    assert sum(outcomes.values()) == 276
    assert _processes() - before <= 2, "the readers of the pool, and no others, are left"


async def test_every_damaged_file_sent_alone_is_accepted_or_refused_never_a_fault(reviewing: SystemUnderTest) -> None:
    for path in files():
        if "malformed" not in str(path) and "unsupported" not in str(path):
            continue
        part = {"file": (path.name, path.read_bytes())}
        answer = await reviewing.http.post("/api/v1/knowledge/upload", files=part)
        assert answer.status_code in (201, 400, 413), f"{path.name}: {answer.status_code} {answer.text[:500]}"
        if answer.status_code != 201:
            error: dict[str, Any] = answer.json()["errors"][0]
            assert error["message"] and error["details"]["reason"], path.name


async def test_a_faq_page_gives_back_its_own_questions(reviewing: SystemUnderTest) -> None:
    known = [json.loads(line) for line in (DATA / "faq/debianfaq/corpus.en.jsonl").read_text().splitlines()]
    wanted = {row["question"] for row in known if row["category"] == "basic-defs"}
    for name in ("html/debfaq_basic-defs.en.html", "docx/debfaq_basic-defs.en.docx"):
        path = DATA / "docs" / name
        staged = await reviewing.data(
            "POST", "/api/v1/knowledge/upload", files={"file": (path.name, path.read_bytes())}
        )
        found = {pair["question"] for pair in staged["extracted_pairs"]}
        assert wanted <= found, f"{name} lost {wanted - found}"


def _processes() -> int:
    return len(psutil.Process().children(recursive=True))
