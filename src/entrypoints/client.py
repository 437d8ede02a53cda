"""The service's HTTP API as the command line uses it."""

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from entrypoints.refusals import ApiRefusal

POLL_SECONDS = 0.2
UNFINISHED = ("pending", "processing")


class ApiClient:
    def __init__(self, url: str, api_key: str | None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=60, trust_env=False)

    def ask(self, question: str, emit: Callable[[str], None] | None = None) -> dict[str, Any]:
        """The whole answer; with `emit` its pieces too, as they come."""
        if emit is not None:
            return self._streamed(question, emit)
        found: dict[str, Any] = self.call("POST", "/api/v1/queries", json={"question": question})
        return found

    def _streamed(self, question: str, emit: Callable[[str], None]) -> dict[str, Any]:
        try:
            with self._http.stream("POST", "/api/v1/chat/stream", json={"question": question}) as response:
                if response.is_error:
                    response.read()
                    raise _refusal(response)
                events = (json.loads(line[6:]) for line in response.iter_lines() if line.startswith("data: "))
                return _last(events, emit)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def register_webhook(self, address: str, events: Sequence[str]) -> dict[str, Any]:
        """The webhook with its secret, shown this once."""
        body = {"url": address, "events": list(events), "name": "webhooks listen"}
        made: dict[str, Any] = self.call("POST", "/api/v1/webhooks", json=body)
        return made

    def delete_webhook(self, webhook_id: str) -> None:
        self.call("DELETE", f"/api/v1/webhooks/{webhook_id}")

    def evaluate(
        self, wish: Mapping[str, Any], *, on_progress: Callable[[float], None] = lambda _: None
    ) -> dict[str, Any]:
        """Has answers judged, follows the job, and gives what came out."""
        started = self.call("POST", "/api/v1/evaluation/ragas", json=dict(wish))
        self._finished(started["job_id"], on_progress)
        found: dict[str, Any] = self.call("GET", f"/api/v1/evaluation/results/{started['eval_id']}")
        return found

    def keep_dataset(self, dataset_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """In the place of one of that name."""
        body = {"dataset_id": dataset_id, "rows": list(rows), "replace": True}
        self.call("POST", "/api/v1/evaluation/datasets", json=body)

    def ingest(
        self, files: Sequence[Path], *, approve: bool, on_progress: Callable[[float], None] = lambda _: None
    ) -> dict[str, Any]:
        """Uploads the files and follows the job; with `approve`, lets in what waits for review."""
        parts = [("files", (path.name, path.read_bytes())) for path in files]
        job_id = self.call("POST", "/api/v1/documents/upload", files=parts)["job_id"]
        job = self._finished(job_id, on_progress)
        if approve and job["status"] == "waiting_input":
            self._approve_all(job_id)
            job = self._finished(job_id, on_progress)
        return job

    def _finished(self, job_id: str, on_progress: Callable[[float], None]) -> dict[str, Any]:
        while True:
            job: dict[str, Any] = self.call("GET", f"/api/v1/jobs/{job_id}")
            on_progress(job["progress"])
            if job["status"] not in UNFINISHED:
                return job
            time.sleep(POLL_SECONDS)

    def _approve_all(self, job_id: str) -> None:
        query = {"job_id": job_id, "limit": "100"}
        while waiting := self.call("GET", "/api/v1/documents/pending-review", params=query)["qa_pairs"]:
            updates = [{"qa_id": pair["qa_id"], "approved": True} for pair in waiting]
            body = {"updates": updates, "action": "approve_and_ingest"}
            self.call("POST", "/api/v1/documents/qa-pairs/batch-update", json=body)

    def call(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if response.is_error:
            raise _refusal(response)
        try:
            return response.json()["data"]
        except (ValueError, KeyError) as error:
            raise _stranger(response) from error

    def _unreachable(self, error: httpx.HTTPError) -> ApiRefusal:
        return ApiRefusal(f"{self._http.base_url} cannot be reached: {error}")


def _last(events: Iterable[dict[str, Any]], emit: Callable[[str], None]) -> dict[str, Any]:
    for event in events:
        if "error" in event:
            raise ApiRefusal(event["error"]["message"])
        if "final_data" in event:
            found: dict[str, Any] = event["final_data"]
            return found
        emit(event["token"])
    raise ApiRefusal("The answer broke off.")


def _refusal(response: httpx.Response) -> ApiRefusal:
    try:
        found = response.json()["errors"]
        return ApiRefusal("; ".join(f"{e['field'] or e['code']}: {e['message']}" for e in found))
    except (ValueError, KeyError, TypeError):
        return _stranger(response)


def _stranger(response: httpx.Response) -> ApiRefusal:
    return ApiRefusal(f"{response.url} answered {response.status_code}, and not as this service does.")
