"""The console: its files as they are served, its calls against the API's own description, and a day in a browser."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.browser import Tab, find_browser, opened
from tests.support.serving import serving
from tests.support.system import KEY, SystemUnderTest

import entrypoints.http as http
from application.ports.delivery import Answer
from domain.retries import Outcome
from entrypoints.http.routes.console import static_files

ROOT = Path(http.__file__).with_name("console")
METHODS = {"remove": "delete", "download": "get", "stream": "post"}
CALL = re.compile(r'\b(get|post|put|patch|remove|download|stream)\(\s*"(/api/v1[^"]*)"')


@cache
def sources() -> dict[str, str]:
    """Our own modules by their paths."""
    found = (path for path in ROOT.rglob("*.js") if "vendor" not in path.parts)
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in found}


@pytest.fixture
async def document(system: SystemUnderTest) -> Any:
    return await system.call("GET", "/schema/openapi.json")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/console", "text/html; charset=utf-8"),
        ("/console/app.js", "text/javascript; charset=utf-8"),
        ("/console/views/ask.js", "text/javascript; charset=utf-8"),
        ("/console/base.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ],
)
async def test_files_are_served_to_anybody_with_their_types(
    system: SystemUnderTest, path: str, media_type: str
) -> None:
    response = await system.http.get(path, headers={"Authorization": ""})

    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_nothing_from_elsewhere_and_nothing_inline_may_run(system: SystemUnderTest) -> None:
    response = await system.http.get("/console")

    policy = dict(each.strip().split(" ", 1) for each in response.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|https?://", response.text)


async def test_a_browser_asks_again_but_gets_a_file_only_once(system: SystemUnderTest) -> None:
    first = await system.http.get("/console/app.js")
    again = await system.http.get("/console/app.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


@pytest.mark.parametrize(
    "path", ["nope.js", "../routes/console.py", "%2e%2e/routes/console.py", "vendor", "/etc/passwd"]
)
async def test_there_is_nothing_but_the_files(system: SystemUnderTest, path: str) -> None:
    assert (await system.http.get(f"/console/{path}")).status_code == 404


async def test_every_file_that_another_one_names_is_there_and_none_is_left_over() -> None:
    named = {"index.html", "vendor/LICENSES.txt", "vendor/preact.js"}
    page = re.sub(r"<link rel=.modulepreload[^>]*>", "", (ROOT / "index.html").read_text())
    for path, text in {**sources(), "index.html": page}.items():
        modules = re.findall(r'(?:from|import) "(\.[^"]+)"', text)
        named |= {(Path("/") / path).parent.joinpath(each).resolve().relative_to("/").as_posix() for each in modules}
        named |= set(re.findall(r'"/console/([^"]+)"', text))

    assert named == set(static_files())


def test_all_modules_are_fetched_at_once_and_not_one_after_another() -> None:
    page = (ROOT / "index.html").read_text()
    announced = set(re.findall(r'<link rel="modulepreload" href="/console/([^"]+)">', page))

    assert announced | {"app.js"} == {name for name in static_files() if name.endswith(".js")}


def test_data_never_becomes_markup() -> None:
    for path, text in sources().items():
        forbidden = re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|srcdoc", text)
        assert not forbidden, f"{path}: {forbidden}"
        links = re.findall(r"<a\b[^>]*\shref=\$\{(?!link\(|href\b)([^}]*)", text)
        assert not links, f"{path} links to what data says without a check: {links}"


async def test_every_route_that_the_console_calls_exists(document: Any) -> None:
    calls = {(METHODS.get(name, name), path) for text in sources().values() for name, path in CALL.findall(text)}
    served = {(method, path) for path, methods in document["paths"].items() for method in methods}

    assert len(calls) > 50
    assert calls - served == set()


async def test_every_route_that_the_console_names_exists(document: Any) -> None:
    named = {path for text in sources().values() for path in re.findall(r'["<>](/api/v1[^"<]*)', text)}

    assert named - {*document["paths"]} == set()


BROWSER = find_browser()
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="needs Chromium: install it, or name it in CHROMIUM")

HOSTILE = '<img src=x onerror="document.title=1"> Can I bring a dog?'


@pytest.fixture
async def desk() -> AsyncIterator[tuple[SystemUnderTest, Tab, str]]:
    """A service that knows when it opens and has two pairs waiting for a review, before the sign-in page."""
    async with serving(work=True) as (system, url):
        await system.learn(("When do you open?", "We open at nine."), ("Where are you?", "In the High Street."))
        await system.data("PUT", "/api/v1/config", json={"ingestion": {"review": "always"}})
        rows = [{"question": HOSTILE, "answer": "Yes."}, {"question": "Do you park?", "answer": "No."}]
        file = ("house.json", json.dumps(rows), "application/json")
        await system.data("POST", "/api/v1/documents/upload", files=[("files", file)])
        async with opened(str(BROWSER), f"{url}/console") as tab:
            yield system, tab, url


async def sign_in(tab: Tab) -> None:
    await tab.write("input[name=key]", KEY)
    await tab.press("Enter")
    await tab.until("document.querySelector('nav[aria-label=Views]')")
    tab.complaints.clear()  # browsers log the 401 by which the console learns that it needs a key


@in_a_browser
async def test_a_day_at_the_desk(desk: tuple[SystemUnderTest, Tab, str]) -> None:
    """Signing in, asking, being handed over, reviewing with the keyboard, looking at the figures."""
    system, tab, _ = desk
    await tab.write("input[name=key]", "sk_test_of_somebody_else")
    await tab.press("Enter")
    await tab.shows("not known, expired or revoked")
    await sign_in(tab)

    await tab.write("#question", "When do you open?")
    await tab.press("Enter")
    await tab.shows("We open at nine.")
    await tab.shows("Sources (")
    await tab.run("document.querySelector('.steps summary').click()")
    await tab.shows("query rewriting")
    await tab.click("New conversation")
    await tab.write("#question", "I want to speak to a human being")
    await tab.press("Enter")
    await tab.shows("Handed over to a person")

    await tab.run("document.activeElement.blur()")
    await tab.press("g")
    await tab.press("r")
    await tab.shows("2 pairs waiting")
    for key in ("a", "r", "i"):
        await tab.press(key)
    await tab.shows("Nothing waits for a review")
    found = await system.data("GET", "/api/v1/qa-pairs/search", params={"q": "dog"})
    assert [pair["question"] for pair in found["results"]] == [HOSTILE]

    await tab.press("g")
    await tab.press("n")
    await tab.until("document.querySelectorAll('.chart svg rect.c-good').length > 0")
    assert await tab.run("document.querySelector('.tiles dd').innerText") == "2"
    assert tab.complaints == []


@in_a_browser
async def test_what_is_hostile_is_only_text(desk: tuple[SystemUnderTest, Tab, str]) -> None:
    _, tab, _ = desk
    await sign_in(tab)
    await tab.run("location.hash = '#/review'")

    await tab.shows(HOSTILE)
    assert await tab.run("document.querySelectorAll('img[src=x]').length") == 0
    assert tab.complaints == []


@in_a_browser
async def test_what_a_person_answers_is_delivered_and_waits_for_a_review(
    desk: tuple[SystemUnderTest, Tab, str],
) -> None:
    """The escalation desk: taking it, writing, resolving it with an answer that the service is to learn."""
    system, tab, _ = desk
    asked = {"question": "Which zoo has a blue elephant?", "session_id": "s1", "user_id": "anna"}
    await system.data("POST", "/api/v1/chat/completions", json=asked)
    await sign_in(tab)
    await tab.go("escalations")
    await tab.click("Which zoo has a blue elephant?")

    await tab.fill("Operator id", "eve")
    await tab.fill("Name shown", "Eve")
    await tab.click("Take it")
    await tab.fill("Write to the customer", "I am asking the keeper.")
    await tab.click("Send")
    await tab.until("[...document.querySelectorAll('.talk li')].at(-1).innerText.includes('the keeper')")
    await tab.fill("Last answer to the customer", "The one in Leipzig.")
    await tab.run("document.querySelector('form.form.panel').requestSubmit()")
    await tab.shows("The answer waits in the review")

    said = (await system.data("GET", "/api/v1/sessions/s1"))["messages"]
    assert [line["content"] for line in said][-2:] == ["I am asking the keeper.", "The one in Leipzig."]
    await tab.go("review")
    await tab.shows("The one in Leipzig.")
    assert tab.complaints == []


@in_a_browser
async def test_a_delivery_that_was_given_up_is_sent_again(desk: tuple[SystemUnderTest, Tab, str]) -> None:
    system, tab, _ = desk
    sender = system.container.sender()
    sender.default = Answer(Outcome(400), 1, error="HTTP 400")
    await sign_in(tab)
    await tab.go("webhooks")
    await tab.click("Register a webhook")
    await tab.fill("Address", "https://example.org/hook")
    await tab.tick("query.completed")
    await tab.click("Register")
    await tab.shows("It is shown this once")
    await tab.press("Escape")

    await system.ask("When do you open?")
    await eventually_failed(system)
    await tab.go("webhooks?tab=failures")
    await tab.shows("HTTP 400")
    sender.default = Answer(Outcome(200), 1)
    await tab.click("Send again")
    await tab.shows("Nothing was given up")
    await tab.go("webhooks?tab=deliveries")
    await tab.click("query.completed")
    await tab.shows("Attempt 1: 200")
    assert tab.complaints == []


async def eventually_failed(system: SystemUnderTest) -> None:
    while not (await system.data("GET", "/api/v1/webhooks/failures"))["failures"]:  # noqa: ASYNC110 - it is a server
        await asyncio.sleep(0.05)


@in_a_browser
async def test_a_setting_out_of_bounds_is_refused_in_words_and_a_good_one_is_tried_first(
    desk: tuple[SystemUnderTest, Tab, str],
) -> None:
    system, tab, _ = desk
    await sign_in(tab)
    await tab.go("configuration")
    await tab.fill("Timezone", "Nowhere/Land")
    await tab.click("Try it (dry run)")
    await tab.until("document.querySelector('[role=alert]')?.innerText.includes('timezone')")
    await tab.fill("Timezone", "Europe/Berlin")
    await tab.click("Try it (dry run)")
    await tab.shows("Would change: general.timezone")
    assert (await system.data("GET", "/api/v1/config"))["general"]["timezone"] == "UTC"

    await tab.click("Apply 1 change")
    await tab.shows("1 setting changed")
    assert (await system.data("GET", "/api/v1/config"))["general"]["timezone"] == "Europe/Berlin"
    await tab.go("configuration?tab=history")
    await tab.shows("general.timezone")
    tab.complaints.remove("Failed to load resource: the server responded with a status of 400 (Bad Request)")
    assert tab.complaints == []


@in_a_browser
async def test_files_are_uploaded_and_the_job_leads_to_the_review(
    desk: tuple[SystemUnderTest, Tab, str], tmp_path: Path
) -> None:
    _, tab, _ = desk
    (tmp_path / "hours.csv").write_text("question,answer\nAre you open on Sundays?,Until noon.\n")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 and no more")
    await sign_in(tab)
    await tab.go("knowledge?tab=upload")
    await tab.attach("input[type=file]", tmp_path / "hours.csv", tmp_path / "broken.pdf")
    await tab.run("document.querySelector('form.panel').requestSubmit()")
    await tab.shows("2 files received")
    await tab.shows("1 warning")
    await tab.run("document.querySelector('.list details summary').click()")
    await tab.shows("broken.pdf")
    await tab.click("Review the rest")
    await tab.shows("Are you open on Sundays?")
    assert tab.complaints == []


VIEWS = (
    "ask", "review", "review?tab=drafts", "knowledge", "knowledge?tab=search", "knowledge?tab=upload",
    "knowledge?tab=export", "escalations", "webhooks", "webhooks?tab=deliveries", "webhooks?tab=failures",
    "analytics", "configuration", "configuration?tab=history", "configuration?tab=guardrails",
    "configuration?tab=intents", "configuration?tab=categories",
)  # fmt: skip


@in_a_browser
async def test_every_view_fits_a_telephone_and_labels_its_controls() -> None:
    async with serving() as (_, url), opened(str(BROWSER), f"{url}/console", width=360, height=740) as tab:
        await sign_in(tab)
        for view in VIEWS:
            await tab.go(view)
            assert await tab.run("document.documentElement.scrollWidth") <= 360, view
            assert await tab.run(UNLABELLED) == [], view
            assert not await tab.run("document.querySelector('[role=alert]')?.innerText"), view
        assert tab.complaints == []


UNLABELLED = """[...document.querySelectorAll('input, select, textarea, button, meter')]
  .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.innerText?.trim()))
  .map((e) => e.outerHTML)"""
