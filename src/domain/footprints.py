"""What a person leaves behind besides what is theirs outright: the names by which the rest is found again."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Footprint:
    """A person's id, and the ids of their conversations, questions, escalations and of the jobs that did these."""

    user_id: str
    sessions: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()
    escalations: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()
    """Trace ids of their questions."""

    def with_jobs(self, jobs: Iterable[str]) -> "Footprint":
        return replace(self, jobs=frozenset(jobs))

    def is_in(self, values: Mapping[str, Any]) -> bool:
        """Whether an event, or the input of a job, is about them."""
        return (
            values.get("user_id") == self.user_id
            or values.get("session_id") in self.sessions
            or values.get("query_id") in self.queries
            or values.get("escalation_id") in self.escalations
            or values.get("job_id") in self.jobs
        )

    def is_named_in(self, text: str) -> bool:
        """Whether a JSON text has one of the ids among its strings."""
        ids = (self.user_id, *self.sessions, *self.queries, *self.escalations, *self.jobs)
        return any(spelt in text for each in ids for spelt in _spellings(each))


def _spellings(name: str) -> tuple[str, str]:
    return json.dumps(name), json.dumps(name, ensure_ascii=False)
