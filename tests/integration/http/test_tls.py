"""`serve --tls-cert`: the server as the command sets it up, and real handshakes."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from tests.support.border import build
from tests.support.misdeeds import certificate
from typer.testing import CliRunner

from entrypoints.cli import cli
from entrypoints.serving import listening
from entrypoints.settings import Settings


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    pem, socket_ = tmp_path / "pem", socket.create_server(("127.0.0.1", 0))
    certificate("localhost", pem)
    config = listening(build(), Settings(_env_file=None), pem, None)
    assert config.ssl is not None and config.ssl.minimum_version is ssl.TLSVersion.TLSv1_2
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve([socket_]))
    yield f"https://localhost:{socket_.getsockname()[1]}", pem
    server.should_exit = True
    await running


async def test_by_https_the_newest_tls_is_spoken_and_browsers_are_told_to_stay(served: tuple[str, Path]) -> None:
    url, pem = served
    newest, older = (ssl.create_default_context(cafile=str(pem)) for _ in range(2))
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    for context, spoken in ((newest, "TLSv1.3"), (older, "TLSv1.2")):
        async with httpx.AsyncClient(verify=context) as http, http.stream("GET", f"{url}/livez") as answer:
            assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
            assert answer.extensions["network_stream"].get_extra_info("ssl_object").version() == spoken


@pytest.mark.parametrize("content", ["", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"])
def test_a_certificate_that_cannot_be_served_with_is_a_clear_message(tmp_path: Path, content: str) -> None:
    (tmp_path / "cert.pem").write_text(content)
    refused = CliRunner().invoke(cli, ["serve", "--tls-cert", str(tmp_path / "cert.pem")])
    assert refused.exit_code == 2 and "No certificate with its key" in refused.output
    alone = CliRunner().invoke(cli, ["serve", "--tls-key", str(tmp_path / "cert.pem")])
    assert alone.exit_code == 2 and "--tls-cert" in alone.output
