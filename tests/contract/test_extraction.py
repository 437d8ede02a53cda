"""What the extractor promises of honest, broken and hostile files."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import docx
import pytest
from tests.support import files

from adapters.extraction.subprocess import SubprocessExtractor
from application.ports.extraction import Extractor
from domain.extraction import Extraction, ExtractionLimits, Format

SRC = Path(__file__).resolve().parents[2] / "src"
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LIMITS = ExtractionLimits()
ANSWER = "Open the account page, choose Security and follow the link in the mail."


@pytest.fixture(scope="module")
def shared() -> Iterator[SubprocessExtractor]:
    extractor = SubprocessExtractor()
    yield extractor
    anyio.run(extractor.close)


@pytest.fixture(params=[SubprocessExtractor])
def extractor(request: pytest.FixtureRequest, shared: SubprocessExtractor) -> Extractor:
    return shared


@pytest.fixture
async def own() -> AsyncIterator[SubprocessExtractor]:
    """One that a test may wear out."""
    extractor = SubprocessExtractor()
    yield extractor
    await extractor.close()


def children() -> set[int]:
    """Reading processes of this test run."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and b"adapters.extraction.child" in command:
            found.add(int(entry.name))
    return found


def pairs(extraction: Extraction) -> list[tuple[str, str]]:
    assert extraction.error is None, extraction.error
    return [(pair.question, pair.answer) for pair in extraction.pairs]


def warnings(extraction: Extraction) -> dict[str, str]:
    return {warning.code: warning.message for warning in extraction.warnings}


# --- every format ---


async def test_a_csv_with_named_columns_gives_its_pairs_and_their_metadata(extractor: Extractor) -> None:
    content = (
        "id;Frage;Antwort;Kategorie;Tags;requires_handoff;URL;Stand\n"
        '7;Wie ändere ich mein Passwort?;"Erste Zeile\nzweite; Zeile";Konto;a, b;ja;https://x.test/p;2024\n'
    )
    read = await extractor.extract("faq.csv", content.encode(), LIMITS)
    (pair,) = read.pairs
    assert (pair.question, pair.answer) == ("Wie ändere ich mein Passwort?", "Erste Zeile\nzweite; Zeile")
    assert (pair.place.file, pair.place.line, pair.auto_generated) == ("faq.csv", 2, False)
    authored = pair.authored
    assert (authored.category, authored.tags, authored.requires_handoff) == ("Konto", ("a", "b"), True)
    assert authored.url == "https://x.test/p"
    assert authored.extra == {"id": "7", "Stand": "2024"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
async def test_russian_text_is_read_in_any_usual_encoding(extractor: Extractor, encoding: str) -> None:
    rows = "вопрос\tответ\n" + "Как вернуть товар?\tОтправьте посылку по адресу, указанному в письме.\n" * 3
    read = await extractor.extract("faq.tsv", rows.encode(encoding), LIMITS)
    assert pairs(read)[0] == ("Как вернуть товар?", "Отправьте посылку по адресу, указанному в письме.")


async def test_western_text_in_its_old_code_page_is_read_with_a_notice(extractor: Extractor) -> None:
    content = "question,réponse\nOù est ma commande expédiée ?,Elle est arrivée à l'entrepôt près de chez vous.\n"
    read = await extractor.extract("faq.csv", content.encode("cp1252"), LIMITS)
    assert pairs(read) == [("Où est ma commande expédiée ?", "Elle est arrivée à l'entrepôt près de chez vous.")]
    assert "ENCODING_GUESSED" in warnings(read)


async def test_json_is_read_at_any_depth_with_the_metadata_of_its_groups(extractor: Extractor) -> None:
    tree = {
        "version": 3,
        "groups": [
            {"name": "Billing", "items": [{"q": "Do you bill monthly?", "a": "Yes.", "metadata": {"intent": "bill"}}]},
            {"name": "Returns", "language": "en", "items": [{"prompt": "How long?", "response": "30 days", "n": 9.90}]},
        ],
    }
    read = await extractor.extract("faq.json", json.dumps(tree).encode(), LIMITS)
    assert pairs(read) == [("Do you bill monthly?", "Yes."), ("How long?", "30 days")]
    first, second = (pair.authored for pair in read.pairs)
    assert (first.category, first.intent) == ("Billing", "bill")
    assert (second.category, second.language, second.extra) == ("Returns", "en", {"n": "9.9"})


async def test_json_lines_are_read_and_a_broken_line_is_named(extractor: Extractor) -> None:
    good = '{"question": "Q%d?", "answer": "A%d"}\n'
    content = "".join(good % (n, n) for n in range(9)) + '{"question": "cut of\n'
    read = await extractor.extract("faq.jsonl", content.encode(), LIMITS)
    assert len(read.pairs) == 9 and read.pairs[4].place.line == 5
    assert "Line 10" in warnings(read)["DAMAGED_LINE"]


async def test_markdown_headings_that_ask_become_questions_with_their_section(extractor: Extractor) -> None:
    content = (
        "# Help\n\nWelcome.\n\n## Account\n\n### 1. How do I log in?\n\nGo to [the page](https://x.test/login).\n\n"
        "```\nlogin --now\n  twice\n```\n\n- one\n- two\n\n### 2. Can I log out?\n\nYes.\n"
    )
    read = await extractor.extract("help.md", content.encode(), LIMITS)
    assert pairs(read) == [
        ("How do I log in?", "Go to the page.\n\nlogin --now\n  twice\n\n- one\n- two"),
        ("Can I log out?", "Yes."),
    ]
    assert read.title == "Help"
    assert (read.pairs[0].place.section, read.pairs[0].place.line) == ("Account", 7)
    assert read.pairs[0].authored.extra == {"links": "the page: https://x.test/login"}
    assert "Welcome" in warnings(read)["SKIPPED_TEXT"]


async def test_html_gives_its_content_without_navigation_scripts_or_contents(extractor: Extractor) -> None:
    content = """<!doctype html><html><head><title>FAQ</title><script>var q = "Why?";</script></head><body>
    <nav><a href="/">Home?</a></nav><div class="toc"><ul><li>How do I pay?</li></ul></div>
    <main><h1>FAQ</h1><h2>How do I pay?<a class="headerlink">¶</a></h2><p>By&nbsp;card.<br>Or cash.</p>
    <details><summary>Is it safe?</summary><p>Yes, <b>very</b>.</p></details>
    <dl><dt>Who are you?</dt><dd>A shop.</dd></dl>
    <p><strong>Where are you?</strong> In Bonn.</p></main><footer>What else?</footer></body></html>"""
    read = await extractor.extract("faq.html", content.encode(), LIMITS)
    assert pairs(read) == [
        ("How do I pay?", "By card.\nOr cash."),
        ("Is it safe?", "Yes, very."),
        ("Who are you?", "A shop."),
        ("Where are you?", "In Bonn."),
    ]


async def test_questions_listed_for_search_engines_are_read_once(extractor: Extractor) -> None:
    faq = {
        "@context": "https://schema.org",
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": "Is it free?",
                "acceptedAnswer": {"@type": "Answer", "text": "<p>Yes &amp; no.</p>"},
            }
        ],
    }
    content = f"""<html><head><script type="application/ld+json">{json.dumps(faq)}</script></head>
    <body><h2>Is it free?</h2><p>Yes &amp; no.</p></body></html>"""
    read = await extractor.extract("faq.html", content.encode(), LIMITS)
    assert pairs(read) == [("Is it free?", "Yes & no.")]


async def test_a_word_document_gives_headings_bold_questions_lists_and_tables(extractor: Extractor) -> None:
    document = docx.Document()
    document.add_heading("How do I reset my password?", 1)
    document.add_paragraph(ANSWER)
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Bullet")
    document.add_paragraph().add_run("What about two factors?").bold = True
    document.add_paragraph("They are supported.")
    document.add_heading("Prices", 1)
    table = document.add_table(2, 3)
    for cell, text in zip(table._cells, ["Question", "Answer", "Category", "How much?", "9.90", "Money"], strict=True):
        cell.text = text
    read = await extractor.extract("manual.docx", files.word(document), LIMITS)
    assert pairs(read) == [
        ("How do I reset my password?", f"{ANSWER}\n\n- first\n- second"),
        ("What about two factors?", "They are supported."),
        ("How much?", "9.90"),
    ]
    assert read.pairs[2].authored.category == "Money"


async def test_a_pdf_gives_large_or_bold_questions_with_their_pages(extractor: Extractor) -> None:
    def page(number: int, lines: list[files.PrintedLine]) -> list[files.PrintedLine]:
        return [(9, 810, "Help centre", False), *lines, (9, 30, f"Page {number} of 3", False)]

    content = files.pdf(
        [
            page(1, [(16, 740, "How do I pay by credit", True), (16, 721, "card?", True),
                     (10, 700, "Choose it at the", False), (10, 688, "till, please.", False),
                     (10, 660, "Then sign.", False)]),
            page(2, [(16, 740, "Can I send things back?", True), (10, 720, "Within thirty days.", False)]),
            page(3, [(10, 740, "Is there a shop?", True), (10, 720, "In Bonn.", False)]),
        ]
    )  # fmt: skip
    read = await extractor.extract("help.pdf", content, LIMITS)
    assert pairs(read) == [
        ("How do I pay by credit card?", "Choose it at the till, please.\n\nThen sign."),
        ("Can I send things back?", "Within thirty days."),
        ("Is there a shop?", "In Bonn."),
    ]
    assert [pair.place.page for pair in read.pairs] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Opening hours\n\nQ: Is it open?\nA: Yes.\n", "Opening hours"),
        ("Q: Is it open?\nA: Yes.\n", "faq"),
        ("We are a small shop.\n\nQ: Is it open?\nA: Yes.\n", "faq"),
    ],
)
async def test_a_plain_text_is_called_by_its_title_or_else_by_its_file(
    extractor: Extractor, content: str, title: str
) -> None:
    assert (await extractor.extract("faq.txt", content.encode(), LIMITS)).title == title


async def test_plain_text_gives_marked_questions_and_numbered_headings(extractor: Extractor) -> None:
    marked = (
        "Q: Do you ship\nabroad?\nA: Yes,\nto most countries.\n\nMore: see the list.\n\nQ2. Where from?\nA2. Bonn.\n"
    )
    read = await extractor.extract("faq.txt", marked.encode(), LIMITS)
    assert pairs(read) == [
        ("Do you ship abroad?", "Yes, to most countries.\n\nMore: see the list."),
        ("Where from?", "Bonn."),
    ]
    contents = "Help\n\nContents\n\n1.1. What is it?\n1.2. Why?\n\n"
    numbered = contents + "1.1. What is it?\n\n   A tool.\n\n1.2. Why?\n\n   Because.\n"
    read = await extractor.extract("faq.txt", numbered.encode(), LIMITS)
    assert pairs(read) == [("What is it?", "A tool."), ("Why?", "Because.")]


@pytest.mark.parametrize(
    ("question", "answer"),
    [("Frage", "Antwort"), ("Вопрос", "Ответ"), ("Pregunta", "Respuesta"), ("Question", "Réponse"), ("В", "О")],
)
async def test_questions_are_marked_in_five_languages(extractor: Extractor, question: str, answer: str) -> None:
    content = f"**{question}:** Ist das gut?\n\n**{answer}:** Ja.\n\n{question} 2: Immer?\n{answer} 2: Nein.\n"
    read = await extractor.extract("faq.md", content.encode(), LIMITS)
    assert pairs(read) == [("Ist das gut?", "Ja."), ("Immer?", "Nein.")]


async def test_headings_that_do_not_ask_are_marked_as_made_by_the_reader(extractor: Extractor) -> None:
    content = (
        "# Guide\n\n## Delivery\n\nTwo days.\n\n### Example\n\nMonday to Wednesday.\n\n## Returns\n\nThirty days.\n"
    )
    read = await extractor.extract("guide.md", content.encode(), LIMITS)
    assert pairs(read) == [
        ("Delivery", "Two days."),
        ("Delivery: Example", "Monday to Wednesday."),
        ("Returns", "Thirty days."),
    ]
    assert all(pair.auto_generated for pair in read.pairs)


async def test_prose_becomes_passages_that_keep_every_word(extractor: Extractor) -> None:
    sentences = [f"Sentence number {n} tells of thing {n} at some length." for n in range(90)]
    paragraphs = [" ".join(sentences[n : n + 5]) for n in range(0, 90, 5)]
    read = await extractor.extract("prose.txt", "\n\n".join(paragraphs).encode(), LIMITS)
    assert all(pair.auto_generated and len(pair.answer) < 1200 for pair in read.pairs)
    assert "\n\n".join(answer for _, answer in pairs(read)) == "\n\n".join(paragraphs)
    assert read.pairs[0].question == sentences[0]


# --- the format is what the content says ---


@pytest.mark.parametrize(
    ("name", "content", "truth"),
    [
        ("faq.pdf", b"Question?\n\nAnswer of some words.", Format.TXT),
        ("faq.docx", files.pdf([[(10, 700, "Hello to everybody here", False)]]), Format.PDF),
        ("faq.csv", b'{"question": "q", "answer": "a"}', Format.JSON),
        ("faq.txt", b"<!DOCTYPE html><html><body><p>Some words in here</p></body></html>", Format.HTML),
        ("faq.ipynb", b'{"cells": []}', Format.JSON),
        ("faq.json", b"# Title\n\n- one\n- two\n\n# Second\n", Format.MD),
    ],
)
async def test_a_name_that_lies_is_refused_or_read_by_content(
    extractor: Extractor, name: str, content: bytes, truth: Format
) -> None:
    refused = await extractor.extract(name, content, LIMITS)
    assert (refused.error_code, refused.pairs) == ("INVALID_FORMAT", ())
    read = await extractor.extract(name, content, LIMITS, strict=False)
    assert (read.format, read.error) == (truth, None)
    assert "FORMAT_MISMATCH" in warnings(read)


@pytest.mark.parametrize(
    "content",
    [
        files.zipped(a=b"x"),
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"{\\rtf1 hello}",
        b"\x7fELF\2\1\1\0\0\0",
        bytes(range(256)) * 4,
    ],
)
async def test_what_is_no_document_is_refused_however_lax(extractor: Extractor, content: bytes) -> None:
    for name in ("a.txt", "a.bin", "a"):
        read = await extractor.extract(name, content, LIMITS, strict=False)
        assert read.error_code == "INVALID_FORMAT" and read.error


# --- broken, encrypted, empty, oversized ---


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.json", "a.csv", "a.md", "a.txt", "a.html"])
@pytest.mark.parametrize("content", [b"", b" \n\t ", b"\0" * 50, b"\xef\xbb\xbf"])
async def test_an_empty_file_is_refused_as_empty(extractor: Extractor, name: str, content: bytes) -> None:
    read = await extractor.extract(name, content, LIMITS, strict=False)
    assert (read.error_code, read.error) == ("EMPTY_FILE", "The file is empty")


async def test_truncated_files_are_refused_as_damaged(extractor: Extractor) -> None:
    document = files.word()
    for name, content in {
        "a.docx": document[: len(document) // 2],
        "b.docx": document[:200] + b"\0" * 400 + document[600:],
        "a.json": b'{"faq": [{"question": "q", "answer": ',
        "a.pdf": b"%PDF-1.7\n1 0 obj\n<</Type/Cata",
    }.items():
        read = await extractor.extract(name, content, LIMITS)
        assert read.error_code == "DAMAGED_FILE" and read.error, name


async def test_a_locked_pdf_is_refused_and_one_without_a_password_opened(extractor: Extractor) -> None:
    plain = files.pdf([[(16, 700, "How do I pay?", True), (10, 680, "By card, please.", False)]])
    locked = await extractor.extract("a.pdf", files.encrypted_pdf(plain, "secret"), LIMITS)
    assert locked.error_code == "ENCRYPTED_FILE" and "password" in (locked.error or "")
    opened = await extractor.extract("a.pdf", files.encrypted_pdf(plain, ""), LIMITS)
    assert pairs(opened) == [("How do I pay?", "By card, please.")]


async def test_a_pdf_of_scanned_pages_is_refused_with_advice(extractor: Extractor) -> None:
    read = await extractor.extract("scan.pdf", files.pdf([[]]), LIMITS)
    assert read.error_code == "EMPTY_FILE" and "OCR" in (read.error or "")


async def test_a_file_beyond_the_allowed_size_is_refused(extractor: Extractor) -> None:
    read = await extractor.extract("a.txt", b"x " * 600, ExtractionLimits(max_bytes=1000))
    assert read.error_code == "TOO_LARGE"


# --- hostile ---


async def test_archive_bombs_are_refused_before_they_are_unpacked(extractor: Extractor) -> None:
    started = time.monotonic()
    read = await extractor.extract("bomb.docx", files.word_bomb(), LIMITS)
    assert read.error_code == "TOO_LARGE"
    lying = await extractor.extract("bomb.docx", files.word_that_lies_about_its_size(), LIMITS)
    assert lying.error_code in ("DAMAGED_FILE", "TOO_COMPLEX", "TOO_LARGE")
    assert time.monotonic() - started < 20


async def test_xml_entities_are_refused_in_word_and_inert_in_html(extractor: Extractor) -> None:
    assert (await extractor.extract("a.docx", files.word_with_entities(), LIMITS)).error_code == "TOO_COMPLEX"
    html = b"""<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
    <html><body><h1>How?</h1><p>Say &b; and &x; twice.</p></body></html>"""
    read = await extractor.extract("a.html", html, LIMITS)
    assert "root:" not in pairs(read)[0][1] and "aaaaaaaa" not in pairs(read)[0][1]


async def test_a_pdf_whose_pages_contain_themselves_ends(extractor: Extractor) -> None:
    read = await extractor.extract("loop.pdf", files.pdf_whose_pages_contain_themselves(), ExtractionLimits(seconds=20))
    assert read.error_code in ("DAMAGED_FILE", "EMPTY_FILE", "TOO_LARGE")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.json", b"[" * 200_000 + b"]" * 200_000),
        ("deep.json", b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
        ("deep.html", b"<html><body>" + b"<div>" * 50_000 + b"Why?" + b"</div>" * 50_000),
        ("deep.md", b"> " * 20_000 + b"text of the quotation"),
        ("deep.md", b"[" * 50_000),
        ("deep.md", b"".join(b"  " * n + b"- item\n" for n in range(1000))),
    ],
)
async def test_deep_nesting_neither_crashes_nor_hangs(extractor: Extractor, name: str, content: bytes) -> None:
    read = await extractor.extract(name, content, ExtractionLimits(seconds=30))
    assert read.error_code in (None, "TOO_COMPLEX", "DAMAGED_FILE")


async def test_a_huge_number_is_kept_as_written(extractor: Extractor) -> None:
    content = b'[{"question": "How many?", "answer": ' + b"9" * 10_000 + b', "rate": 1e99999, "price": 9.90}]'
    read = await extractor.extract("a.json", content, LIMITS)
    assert pairs(read) == [("How many?", "9" * 10_000)]
    assert read.pairs[0].authored.extra == {"rate": "1e99999", "price": "9.90"}


async def test_nul_characters_and_lone_surrogates_never_reach_a_pair(extractor: Extractor) -> None:
    csv = await extractor.extract("a.csv", b"question,answer\nWh\0at?," + b"It is a thing. " * 20, LIMITS)
    assert pairs(csv) == [("What?", "It is a thing. " * 19 + "It is a thing.")]
    assert "NUL_CHARACTERS" in warnings(csv)
    content = b'{"question": "a\\ud800b?\\u0000", "answer": "c\\udfffd"}'
    assert pairs(await extractor.extract("a.json", content, LIMITS)) == [("ab?", "cd")]


async def test_a_reading_that_hangs_is_killed_in_time_and_the_next_one_works(own: SubprocessExtractor) -> None:
    hang = b"question,answer\n" + b'"' * 3 + b"a,b\n" * 10
    await own.extract("a.csv", hang, LIMITS)
    (child,) = children_of(own)
    os.kill(child, signal.SIGSTOP)
    started = time.monotonic()
    read = await own.extract("a.csv", hang, ExtractionLimits(seconds=1.0))
    assert read.error_code == "TIMED_OUT" and "1 seconds" in (read.error or "")
    assert time.monotonic() - started < 3
    assert not _runs(child)
    assert pairs(await own.extract("a.csv", b"q,a\nWho?,Me\n", LIMITS)) == [("Who?", "Me")]


async def test_a_file_that_takes_too_long_is_stopped(own: SubprocessExtractor) -> None:
    started = time.monotonic()
    read = await own.extract("a.pdf", files.pdf_with_stream_bomb(200), ExtractionLimits(seconds=1.0))
    assert read.error_code in ("TIMED_OUT", "TOO_COMPLEX")
    assert time.monotonic() - started < 15


async def test_memory_is_held_to_its_limit(own: SubprocessExtractor) -> None:
    content = json.dumps([{"n": [{} for _ in range(20)]} for _ in range(100_000)]).encode()
    read = await own.extract("a.json", content, ExtractionLimits(memory_bytes=120 * 1024 * 1024))
    assert read.error_code == "TOO_COMPLEX" and "memory" in (read.error or "")
    assert pairs(await own.extract("a.csv", b"q,a\nWho?,Me\n", LIMITS)) == [("Who?", "Me")]


async def test_the_reading_process_can_open_nothing_and_knows_no_secrets(
    own: SubprocessExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORTRAG_SECRET", "hunter2")
    await own.extract("a.csv", b"q,a\nWho?,Me\n", LIMITS)
    (child,) = children_of(own)
    assert b"hunter2" not in told_by_the_system(child, "environ")
    limits = told_by_the_system(child, "limits").decode()
    most = next(int(line.split()[3]) for line in limits.splitlines() if line.startswith("Max open files"))
    assert set(range(most)) <= descriptors(child), "a free descriptor would be a file or a socket"
    loaded = told_by_the_system(child, "maps")
    assert not [name for name in (b"faiss", b"onnxruntime", b"numpy") if name in loaded]


# --- limits and warnings ---


async def test_surplus_empty_and_oversized_pairs_are_named(extractor: Extractor) -> None:
    rows = [f"How {n}?,Thus {n}" for n in range(5)] + [
        "Why?,",
        ",Because",
        f"{'Really ' * 9}?,No",
        f"Long?,{'ab ' * 30}",
    ]
    limits = ExtractionLimits(max_pairs=4, max_question_chars=50, max_answer_chars=40)
    read = await extractor.extract("a.csv", ("question,answer\n" + "\n".join(rows)).encode(), limits)
    assert len(read.pairs) == 4
    told = warnings(read)
    assert "Line 7" in told["EMPTY_ANSWER"] and "Line 8" in told["EMPTY_QUESTION"]
    assert "Line 9" in told["QUESTION_TOO_LONG"] and "Line 10" in told["ANSWER_TOO_LONG"]
    assert "2 more" in told["TOO_MANY_PAIRS"]


async def test_an_answer_too_long_is_cut_between_words(extractor: Extractor) -> None:
    read = await extractor.extract(
        "a.csv", b"question,answer\nLong?," + b"word " * 30, ExtractionLimits(max_answer_chars=43)
    )
    assert pairs(read) == [("Long?", "word " * 7 + "word")]


async def test_a_table_without_questions_says_what_it_found(extractor: Extractor) -> None:
    read = await extractor.extract("a.csv", b"name,age\nAnn,3\nBob,4\n", LIMITS)
    assert pairs(read) == [] and "name, age" in warnings(read)["NO_PAIRS"]


# --- processes ---


def told_by_the_system(pid: int, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


def descriptors(pid: int) -> set[int]:
    return {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}


def children_of(extractor: SubprocessExtractor) -> list[int]:
    return [process.pid for process in extractor._idle]


async def test_one_process_serves_many_files_and_none_is_left_after_closing() -> None:
    before = children()
    extractor = SubprocessExtractor()
    used = set()
    for number in range(5):
        await extractor.extract("a.csv", f"q,a\nWho {number}?,Me\n".encode(), LIMITS)
        used |= children() - before
    assert len(used) == 1
    await extractor.close()
    await extractor.close()
    assert children() == before


async def test_no_more_files_than_workers_are_read_at_once() -> None:
    before = children()
    extractor = SubprocessExtractor(workers=2)
    most = 0

    async def one(number: int) -> None:
        nonlocal most
        read = await extractor.extract("a.csv", f"q,a\nWho {number}?,Me\n".encode(), LIMITS)
        most = max(most, len(children() - before))
        assert pairs(read) == [(f"Who {number}?", "Me")]

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(one, number)
    await extractor.close()
    assert most == 2 and children() == before


async def test_the_event_loop_runs_on_while_a_file_is_read(own: SubprocessExtractor) -> None:
    await own.extract("a.csv", b"q,a\nWho?,Me\n", LIMITS)
    slow = files.pdf_with_stream_bomb(40)
    longest, last, done = 0.0, time.monotonic(), False

    async def beat() -> None:
        nonlocal longest, last
        while not done:
            await anyio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    async with anyio.create_task_group() as group:
        group.start_soon(beat)
        await own.extract("a.pdf", slow, ExtractionLimits(seconds=1.0))
        done = True
    assert longest < 0.25


async def test_a_cancelled_reading_takes_its_process_with_it(own: SubprocessExtractor) -> None:
    before = children()
    with anyio.move_on_after(0.5):
        await own.extract("a.pdf", files.pdf_with_stream_bomb(200), ExtractionLimits(seconds=60.0))
    with anyio.fail_after(3):
        while children() - before:  # noqa: ASYNC110 - nothing tells of a process that ends but looking
            await anyio.sleep(0.02)
    assert pairs(await own.extract("a.csv", b"q,a\nWho?,Me\n", LIMITS)) == [("Who?", "Me")]


def test_the_process_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = """
import anyio, sys
from adapters.extraction.subprocess import SubprocessExtractor
from domain.extraction import ExtractionLimits
async def main():
    extractor = SubprocessExtractor()
    await extractor.extract("a.csv", b"q,a\\nWho?,Me\\n", ExtractionLimits())
    print(extractor._idle[0].pid, flush=True)
    await extractor.extract("a.pdf", open(sys.argv[1], "rb").read(), ExtractionLimits())
anyio.run(main)
"""
    bomb = tmp_path / "slow.pdf"
    bomb.write_bytes(files.pdf_with_stream_bomb(200))
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(bomb)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(SRC)}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.4)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)
    parent.stdout.close()


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


# --- published files ---


@pytest.mark.skipif(not DATA.exists(), reason="the published documents are not here")
async def test_every_published_document_is_read_or_refused_with_a_reason(extractor: Extractor) -> None:
    known = {"INVALID_FORMAT", "EMPTY_FILE", "ENCRYPTED_FILE", "DAMAGED_FILE", "TOO_LARGE", "TOO_COMPLEX"}
    for line in (DATA / "docs" / "manifest.jsonl").read_text("utf-8").split("\n"):
        if line:
            path = DATA / json.loads(line)["path"]
            read = await extractor.extract(path.name, path.read_bytes(), LIMITS)
            assert read.error_code in known if read.error else read.format is not None, path.name
            assert "Errno" not in (read.error or ""), path.name


@pytest.mark.skipif(not DATA.exists(), reason="the published cases are not here")
async def test_json_is_taken_by_the_letter_of_its_standard(extractor: Extractor) -> None:
    for line in (DATA / "docs_cases" / "json_parsing.jsonl").read_text("utf-8").split("\n"):
        if line:
            case = json.loads(line)
            read = await extractor.extract("case.json", case["input"].encode("utf-8", "surrogatepass"), LIMITS)
            if case["expect"] != "either":
                assert (read.error is None) == (case["expect"] == "accept"), case["name"]
