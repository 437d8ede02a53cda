"""What a log line shows, and what it must not."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from adapters.guardrails.builtin import BuiltinDetectors
from adapters.logs.lines import LogLines
from adapters.logs.redaction import HIDDEN, Redaction
from application.ports.logs import LogLine
from domain.guardrails import Direction, rules_for, screen

DETECTORS = BuiltinDetectors()


def clean(text: str) -> str:
    return screen(text, DETECTORS.find(text, Direction.OUTPUT, "en"), rules_for({})).text


@dataclass
class Log:
    stream: io.StringIO = field(default_factory=io.StringIO)
    taken: list[LogLine] = field(default_factory=list)

    def open(self, level: str = "INFO", form: str = "json") -> LogLines:
        lines = LogLines(level, form, Redaction(clean), self.taken.append, self.stream)
        lines.open()
        return lines

    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.stream.getvalue().splitlines()[-1])
        return found


@pytest.fixture
def log() -> Iterator[Log]:
    opened = Log()
    lines = opened.open()
    yield opened
    lines.close()


def test_a_line_carries_the_ids_of_its_request_and_its_tenant(log: Log) -> None:
    with bound_contextvars(request_id="req_1", trace_id="a" * 32, tenant="acme"):
        structlog.get_logger("supportrag.http").info("http.request", status=200, duration_ms=1.5)
        logging.getLogger("application.use_cases.delivering").warning("a lease was lost: %s", "del_1")
    assert [(line.tenant_id, line.request_id, line.trace_id) for line in log.taken] == [("acme", "req_1", "a" * 32)] * 2
    assert [(line.source, line.message) for line in log.taken] == [
        ("http", "http.request"),
        ("delivering", "a lease was lost: del_1"),
    ]
    assert log.last()["request_id"] == "req_1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer abc"),
        ("api_key", "sk_live_abc"),
        ("client_secret", "s"),
        ("access_token", "t"),
        ("password", "p"),
        ("x_webhook_signature", "sha256=…"),
    ],
)
def test_what_is_named_a_secret_is_hidden_at_any_level(name: str, value: str) -> None:
    log = Log()
    lines = log.open("DEBUG")
    structlog.get_logger("supportrag.x").debug("said", **{name: value, "inside": {name: value}})
    lines.close()
    assert log.taken[-1].fields == {name: HIDDEN, "inside": {name: HIDDEN}}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("mail me at jane.doe@example.com please", "jane.doe@example.com"),
        ("the card 4111 1111 1111 1111 was refused", "4111 1111 1111 1111"),
        ("the key sk_live_abcdefghijklmnopqrstuvwx is old", "sk_live_abcdefghijklmnopqrstuvwx"),
        ("sent Authorization: Bearer eyJhbGciOi.J9.x", "eyJhbGciOi.J9.x"),
        ("signed with whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_personal_data_and_secrets_in_texts_are_redacted_wherever_they_stand(log: Log, text: str, hidden: str) -> None:
    logging.getLogger("adapters.x").warning("it was: %s", text)
    structlog.get_logger("supportrag.x").warning(text, reason=text, nested={"list": [text]})
    assert hidden not in log.stream.getvalue()
    assert all(hidden not in line.text for line in log.taken)


def test_what_people_wrote_is_for_debugging_only() -> None:
    log = Log()
    lines = log.open("DEBUG")
    for write in (structlog.get_logger("supportrag.x").info, structlog.get_logger("supportrag.x").debug):
        write("asked", question="How do I return this?", query_id="q_1")
    lines.close()
    assert [set(line.fields) for line in log.taken] == [{"query_id"}, {"query_id", "question"}]


def test_an_exception_tells_its_kind_and_place_and_keeps_its_words(log: Log) -> None:
    words = "my password is hunter" + "2"
    try:
        raise ValueError(words)
    except ValueError:
        logging.getLogger("adapters.x").exception("it failed")
    assert log.last()["error"] == "ValueError"
    assert "test_log_lines" in log.last()["stack"]
    assert "hunter2" not in log.stream.getvalue()


def test_only_lines_of_the_level_are_written(log: Log) -> None:
    structlog.get_logger("supportrag.x").debug("quiet")
    logging.getLogger("adapters.x").debug("quiet")
    assert log.taken == []


def test_on_a_terminal_a_line_is_for_people() -> None:
    log = Log()
    lines = log.open(form="console")
    structlog.get_logger("supportrag.http").info("http.request", status=200)
    lines.close()
    assert "http: http.request status=200" in log.stream.getvalue()


def test_closed_it_leaves_the_process_as_it_was() -> None:
    before = structlog.get_config(), logging.getLogger().level, list(logging.getLogger().handlers)
    outer, inner = Log().open("DEBUG"), Log().open("INFO")
    outer.close()
    inner.close()
    assert before == (structlog.get_config(), logging.getLogger().level, list(logging.getLogger().handlers))
