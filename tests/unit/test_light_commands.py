"""What a command loads: the server's parts only where it carries something out in its own process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner

from entrypoints.cli import Commands, cli

HEAVY = {
    *("aiohttp", "asyncpg", "dependency_injector", "faiss", "litestar", "numpy", "onnxruntime", "openai"),
    *("opentelemetry", "qdrant_client", "redis", "saq", "tantivy", "tokenizers", "uvicorn"),
}
LIST_OF_MODULES = """
import atexit, sys
atexit.register(lambda: print("\\n" + "\\n".join({name.partition(".")[0] for name in sys.modules}), file=sys.stderr))
from entrypoints.cli import main
main()
"""


class Answers(BaseHTTPRequestHandler):
    """A server that answers every question in one piece."""

    def do_POST(self) -> None:
        found = {"answer": "At nine.", "confidence": 0.9, "sources": []}
        self.send_response(200)
        self.end_headers()
        for event in ({"token": "At nine."}, {"final_data": found}):
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())


@pytest.fixture
def somewhere() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def loaded_by(*words: str) -> set[str]:
    """The packages that a process of the command has in the end."""
    done = subprocess.run([sys.executable, "-c", LIST_OF_MODULES, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("words", ["--version", "--help", "keys --help", "serve --help", "webhooks listen --help"])
def test_what_only_tells_of_itself_loads_nothing_of_the_server(words: str) -> None:
    assert not loaded_by(*words.split()) & HEAVY


def test_the_version_is_told_without_settings_and_without_a_client() -> None:
    assert not loaded_by("--version") & {"httpx", "pydantic", "rich"}


def test_a_question_to_a_server_loads_a_client_and_no_server(somewhere: str) -> None:
    loaded = loaded_by("ask", "When do you open?", "--url", somewhere)
    assert "httpx" in loaded and not loaded & HEAVY


def test_the_whole_server_would_be_seen() -> None:
    """The same look at a command that does load it: so the tests above can fail."""
    assert loaded_by("openapi") > {"litestar", "dependency_injector"}


@pytest.mark.parametrize("name", Commands.places)
def test_every_command_is_where_the_table_says(name: str) -> None:
    told = CliRunner().invoke(cli, [name, "--help"])
    assert told.exit_code == 0 and f" {name} [OPTIONS]" in told.output


def test_a_misspelt_command_is_guessed_at() -> None:
    told = CliRunner().invoke(cli, ["evalute"])
    assert told.exit_code == 2 and "'evaluate'" in told.output
