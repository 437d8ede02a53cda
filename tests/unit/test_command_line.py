"""The command line's words where somebody gets it wrong."""

import socket
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from entrypoints.cli import VERSION, cli


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this machine that somebody else has."""
    holder = socket.create_server(("127.0.0.1", 0))
    try:
        yield holder.getsockname()[1]
    finally:
        holder.close()


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(taken: int) -> None:
    told = CliRunner().invoke(cli, ["serve", "--port", str(taken)])
    assert told.exit_code == 1
    assert f"127.0.0.1:{taken} cannot be listened on: Address already in use." in told.output.replace("\n", " ")
    assert "Embedded" not in told.output


def test_the_version_is_told() -> None:
    told = CliRunner().invoke(cli, ["--version"])
    assert (told.exit_code, told.output) == (0, f"supportrag {VERSION}\n")


def test_a_question_to_nobody_is_a_wrong_use_that_says_what_to_add() -> None:
    told = CliRunner().invoke(cli, ["ask", "When do you open?"])
    assert told.exit_code == 2 and "--url" in told.output and "--demo" in told.output
