"""What the documents tell a newcomer to run, run; and pages that lead where they say."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from tests.support.serving import KEY, serving

from entrypoints.settings import OTEL_ENDPOINT, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
START = (DOCS / "getting-started.md").read_text()
UPDATED = ("How do I keep my Debian system up to date?", "Run apt update and apt upgrade.")


def snippet(language: str, text: str = START) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


async def ran(*command: str, url: str) -> str:
    """What a program prints that is run beside the server."""
    environment = {**os.environ, "SUPPORTRAG_URL": url, "SUPPORTRAG_API_KEY": KEY}
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return told.decode()


async def test_the_snippets_for_integrators_do_what_the_page_says() -> None:
    async with serving() as (system, url):
        await system.learn(UPDATED)
        told = await ran(sys.executable, "-c", snippet("python"), url=url)
        assert UPDATED[1] in told and f"- {UPDATED[0]}" in told
        assert re.search(r"^auto_reply [01]\.\d+$", told, re.MULTILINE)
        assert re.search(r"^escalate .* general_support$", told, re.MULTILINE)

        assistant = snippet("python", (DOCS / "mcp.md").read_text()).replace("http://127.0.0.1:8000", url)
        assert await ran(sys.executable, "-c", assistant.replace("How do I return an item?", UPDATED[0]), url=url) == (
            f"{UPDATED[1]}\n"
        )
        if node := shutil.which("node"):
            told = await ran(node, "--input-type=module", "-e", snippet("javascript"), url=url)
            assert told == f"{UPDATED[1]}\nauto_reply, 1 sources\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|/)([^)\s]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name}: {target}"
        if heading:
            assert heading in {_anchor(line) for line in re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)}, (
                target
            )


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_index_of_the_documents_names_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index] == []


def test_the_page_of_settings_names_every_one_and_no_other() -> None:
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", "\n".join(re.findall(r"^\| (.*?) \|", settings_page(), re.MULTILINE))))
    known = {name.upper() for name in Settings.model_fields} - {"OTEL_ENDPOINT"} | {OTEL_ENDPOINT}
    assert named == known


def settings_page() -> str:
    return (DOCS / "settings.md").read_text()
