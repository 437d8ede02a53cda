"""The commands as a person types them, against a server."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from tests.support.system import KEY

from entrypoints.cli import main

FAQ = "Q: How do I reset my password?\nA: Click 'Forgot password' on the login page. Then follow the link.\n"
ANSWER = "Click 'Forgot password' on the login page. Then follow the link."

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, output, and what was said beside it."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["supportrag", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return typed


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    path = tmp_path / "faq.txt"
    path.write_text(FAQ)
    return path


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is none of ours."""

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>welcome</html>")

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_what_is_ingested_is_answered_in_pieces_with_its_sources(run: Run, server: str, faq: Path) -> None:
    code, out, _ = run("ingest", str(faq), "--yes", "--url", server, "--api-key", KEY)
    assert (code, out.startswith("completed: 1 pairs found, 1 let in")) == (0, True)
    code, out, _ = run("ask", "How can I reset my password?", "--url", server, "--api-key", KEY)
    assert code == 0
    assert out.startswith(ANSWER)
    assert "\n\nconfidence " in out
    assert "[1] " in out
    code, out, _ = run("ask", "How can I reset my password?", "--url", server, "--api-key", KEY, "--json")
    assert (code, json.loads(out)["answer"]) == (0, ANSWER)


def test_a_question_that_is_handed_over_says_why(run: Run, server: str) -> None:
    code, out, _ = run("ask", "Which planet has the most moons?", "--url", server, "--api-key", KEY)
    assert code == 0
    assert out.startswith("Handed over:")


def test_a_file_that_fails_beside_a_good_one_is_a_failure(run: Run, server: str, faq: Path) -> None:
    broken = faq.with_name("broken.pdf")
    broken.write_bytes(b"%PDF-1.7 and nothing more")
    code, out, _ = run("ingest", str(faq), str(broken), "--yes", "--url", server, "--api-key", KEY, "--json")
    assert (code, json.loads(out)["result"]["files_failed"]) == (1, 1)


def test_a_refusal_is_said_in_words_and_fails(run: Run, server: str) -> None:
    for question, key, words in (("hi", KEY, "at least 3 characters"), ("Is it open?", "sk_test_wrong", "not known")):
        for form in ((), ("--json",)):
            code, _, error = run("ask", question, "--url", server, "--api-key", key, *form)
            assert (code, words in " ".join(error.split())) == (1, True), error


def test_a_server_that_is_not_ours_or_not_there_is_said_so(run: Run, stranger: str) -> None:
    for form in ((), ("--json",)):
        code, _, error = run("ask", "Is it open?", "--url", stranger, *form)
        assert (code, bool(error.strip())) == (1, True)
        code, _, error = run("ask", "Is it open?", "--url", "http://127.0.0.1:9", *form)
        assert (code, "cannot be reached" in " ".join(error.split())) == (1, True)


def test_a_question_to_nobody_is_a_wrong_use(run: Run) -> None:
    code, _, error = run("ask", "Is it open?")
    assert code == 2
    assert "--url" in error


def test_backends_and_the_api_are_described_as_json(run: Run) -> None:
    code, out, _ = run("check", "--json")
    assert (code, json.loads(out)["service"]) == (0, "healthy")
    code, out, _ = run("openapi")
    document = json.loads(out)
    assert (code, document["openapi"].startswith("3.1")) == (0, True)
    asked = document["paths"]["/api/v1/queries"]["post"]["requestBody"]["content"]["application/json"]
    assert asked["example"]["question"], "the document that a server serves has examples"
