"""What docs/webhooks.md shows is so."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from domain.incoming import Envelope, prove
from domain.retries import Reason
from domain.signing import key_bytes, signature_headers, standard_spelling

PAGE = (Path(__file__).parents[3] / "docs/webhooks.md").read_text("utf-8")
SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"


def block(language: str, beginning: str) -> str:
    """The fenced block of the page that begins so."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    [wanted] = [text for text in found if text.startswith(beginning)]
    return str(wanted)


def test_the_test_vector_is_what_the_secret_makes_of_the_body() -> None:
    assert f"`{SECRET}`" in PAGE and f"`{standard_spelling(SECRET)}`" in PAGE
    body, _, shown = block("text", '{"event_id"').partition("\n\n")
    headers = dict(line.split(": ", 1) for line in shown.strip().splitlines())
    moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert signature_headers([key_bytes(SECRET)], headers["webhook-id"], moment, body.encode()) == headers


def test_the_shell_example_signs_what_it_sends() -> None:
    script = 'curl() { printf "%s\\0" "$@"; }\n' + block("sh", "body=")
    given = {"SECRET": SECRET, "WEBHOOK_ID": "whk_1", "URL": "https://x.example"}
    run = subprocess.run(["bash", "-c", script], env={**os.environ, **given}, stdout=subprocess.PIPE, check=True)
    arguments = run.stdout.decode().split("\0")
    body = arguments[arguments.index("-d") + 1].encode()
    named = [argument.split(": ", 1) for argument in arguments if argument.startswith("X-")]
    headers = {name.lower(): value for name, value in named}
    assert prove(Envelope(headers, body, None), [key_bytes(SECRET)], compat=False) is not None


def test_every_reason_for_giving_up_is_explained() -> None:
    assert [reason for reason in Reason if f"| `{reason}` |" not in PAGE] == []
