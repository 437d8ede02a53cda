"""The developers' receiver: what it shows of a delivery, and that it believes no forged one."""

import asyncio
import contextlib
import json
import sys
from datetime import UTC, datetime

from tests.support.server import served
from tests.support.system import KEY

from domain.signing import key_bytes, signature_headers
from entrypoints.commands.receiving import received

SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"
BODY = b'{"event_id":"evt_1","data":{"query_id":"q_1"}}'


def test_a_genuine_delivery_is_verified_by_all_three_signatures() -> None:
    headers = signature_headers([key_bytes(SECRET)], "evt_1", datetime.now(UTC), BODY)
    delivery = received({**headers, "X-Event-Type": "query.completed"}, BODY, SECRET)
    assert delivery.verified
    assert len(delivery.signatures) == 3


def test_a_changed_body_is_not_verified() -> None:
    headers = signature_headers([key_bytes(SECRET)], "evt_1", datetime.now(UTC), BODY)
    assert not any(received(headers, BODY.replace(b"q_1", b"q_2"), SECRET).signatures.values())


async def test_it_registers_itself_and_shows_what_happens() -> None:
    def ask(url: str) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {KEY}"}
        httpx.post(f"{url}/api/v1/queries", json={"question": "Anything at all?"}, headers=headers).raise_for_status()

    with served(outbound_allow=("127.0.0.1",)) as url:
        command = [
            sys.executable,
            "-c",
            "from entrypoints.cli import main; main()",
            "webhooks",
            "listen",
            "--port",
            "0",
        ]
        command += ["--port", "0", "--url", url, "--api-key", KEY, "--events", "query.*", "--json"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        try:
            assert process.stdout is not None and process.stderr is not None
            async with asyncio.timeout(60):
                assert b"Listening on" in await process.stderr.readline()
                await asyncio.to_thread(ask, url)
                seen = [json.loads(await process.stdout.readline()) for _ in range(2)]
            assert {event["event_type"] for event in seen} == {"query.submitted", "query.escalated"}
            assert all(all(event["signatures"].values()) for event in seen)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
