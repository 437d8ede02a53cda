"""The rules that find pairs in blocks, columns and trees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.extraction import AuthoredMetadata, ExtractedPair, ExtractionLimits, Place
from domain.pair_extraction.blocks import Block, Document, Kind, readable
from domain.pair_extraction.contents import without_contents
from domain.pair_extraction.limits import within_limits
from domain.pair_extraction.markers import joined_by_markers, without_marker
from domain.pair_extraction.reading import pairs_of
from domain.pair_extraction.records import from_mapping, from_rows, guessed_columns
from domain.pair_extraction.trees import from_tree
from domain.pair_extraction.vocabulary import question_and_answer, translated_pairs
from domain.pair_extraction.wording import clean, is_question, without_numbering

HERE = Place("f")
NOTHING = AuthoredMetadata()


def heading(text: str, level: int = 2) -> Block:
    return Block(Kind.HEADING, text, level)


def said(text: str, bold: bool = False) -> Block:
    return Block(Kind.PARAGRAPH, text, bold=bold)


def found(*blocks: Block, title: str = "") -> list[tuple[str, str]]:
    pairs, _ = pairs_of(Document(title, blocks), "f")
    return [(pair.question, pair.answer) for pair in pairs]


@pytest.mark.parametrize(
    ("heading", "bare"),
    [
        ("2.3. How?", "How?"),
        ("2.3 How?", "How?"),
        ("8.1.1 dpkg", "dpkg"),
        ("Chapter 4. Payment", "Payment"),
        ("Глава 12. Поддержка", "Поддержка"),
        ("Kapitel 3: Wahl", "Wahl"),
        ("3) Why?", "Why?"),
        ("Prices . . . . . . 12", "Prices"),
        ("Title¶", "Title"),
        ("3.5 mm jack", "3.5 mm jack"),
        ("2 Factor Login", "2 Factor Login"),
        ("2024 in review", "2024 in review"),
        ("Part of the family", "Part of the family"),
        ("Section 8 housing", "Section 8 housing"),
        ("1.", "1."),
    ],
)
def test_a_number_is_taken_off_a_heading_but_not_out_of_its_words(heading: str, bare: str) -> None:
    assert without_numbering(heading) == bare


@pytest.mark.parametrize(
    "line",
    ["How to pay", "Is it safe?", "I can't log in; why?", "¿Cuánto cuesta?", "Wie zahle ich", "Почему так",
     "Comment payer", "3. What is it?", "What is Linux?!"],
)  # fmt: skip
def test_a_question_is_told_by_its_mark_or_its_first_word(line: str) -> None:
    assert is_question(line)


@pytest.mark.parametrize("line", ["", "Payment", "See https://x.test/?q=1", "What works:", "Whatever", "Example"])
def test_other_lines_are_no_questions(line: str) -> None:
    assert not is_question(line)


@given(st.text())
def test_cleaning_twice_changes_nothing_and_leaves_only_encodable_text(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")
    assert "\0" not in once


def test_a_marker_is_taken_off_only_where_it_is_one() -> None:
    assert without_marker("Q1. How?") == "How?"
    assert without_marker("Question: How?") == "How?"
    assert without_marker("P. Smith writes") == "P. Smith writes"
    assert without_marker("A question of time") == "A question of time"


def test_marked_questions_end_where_the_next_begins_or_a_heading_stands() -> None:
    blocks = [said("Q: One?"), said("A: Yes."), said("More."), heading("Next"), said("Text.")]
    pair, *rest = joined_by_markers(blocks)
    assert (pair.kind, pair.text, pair.answer) == (Kind.PAIR, "One?", "Yes.\n\nMore.")
    assert rest == blocks[3:]


def test_an_answer_may_list_lettered_points() -> None:
    (pair,) = joined_by_markers([said("Q: Which?"), said("A: These:"), said("B. Two"), said("C. Three")])
    assert pair.answer == "These:\n\nB. Two\n\nC. Three"


def test_lettered_text_without_questions_is_left_alone() -> None:
    blocks = [said("F: is the drive with the backup."), said("A. First choice"), said("P. Miller")]
    assert joined_by_markers(blocks) == blocks


def test_contents_are_dropped_and_what_they_list_is_kept() -> None:
    blocks = [
        said("Table of Contents"),
        Block(Kind.ITEM, "- 1.1 How?"),
        said("Why? . . . . . . . 7"),
        heading("1.1 How?"),
        said("So."),
    ]
    assert without_contents(blocks) == blocks[3:]


def test_a_section_ends_at_the_next_heading_of_any_level() -> None:
    assert found(heading("How?"), said("So."), heading("And why?", 3), said("Because.")) == [
        ("How?", "So."),
        ("And why?", "Because."),
    ]


def test_a_question_answered_only_by_titled_parts_takes_them_all() -> None:
    blocks = [heading("How do I start?", 2), heading("Phone", 3), said("Tap."), heading("Desk", 3), said("Click.")]
    assert found(*blocks) == [("How do I start?", "Phone\n\nTap.\n\nDesk\n\nClick.")]


def test_repeated_headings_are_told_apart_by_those_above_them() -> None:
    blocks = [
        heading("Blue", 1),
        heading("Size", 2),
        said("Big."),
        heading("Red", 1),
        heading("Size", 2),
        said("Small."),
    ]
    assert found(*blocks) == [("Blue: Size", "Big."), ("Red: Size", "Small.")]


def test_bold_lines_are_headings_only_where_there_are_no_others() -> None:
    bold = [said("Delivery", bold=True), said("Two days."), said("Returns", bold=True), said("Thirty days.")]
    assert found(*bold) == [("Delivery", "Two days."), ("Returns", "Thirty days.")]
    assert found(heading("Rules"), *bold) == [("Rules", "Delivery\n\nTwo days.\n\nReturns\n\nThirty days.")]


def test_a_glossary_is_read_as_terms_and_a_list_inside_an_answer_is_not() -> None:
    terms = [Block(Kind.PAIR, "apt", 1, answer="A tool."), Block(Kind.PAIR, "dpkg", 1, answer="Another.")]
    assert found(heading("Glossary"), *terms) == [("apt", "A tool."), ("dpkg", "Another.")]
    assert found(heading("Which tools?"), *terms) == [("Which tools?", "apt\nA tool.\n\ndpkg\nAnother.")]


def test_a_table_of_questions_is_read_by_row_and_any_other_stays_in_its_answer() -> None:
    questions = Block(Kind.TABLE, rows=(("Q", "A"), ("How?", "So.")))
    prices = Block(Kind.TABLE, rows=(("Plan", "Price"), ("Basic", "5")))
    assert found(heading("List"), questions) == [("How?", "So.")]
    assert found(heading("What does it cost?"), prices) == [("What does it cost?", "Plan | Price\nBasic | 5")]


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["id", "Question", "Answer"], ("Question", "Answer")),
        (["FAQ_Question", "faqAnswer"], ("FAQ_Question", "faqAnswer")),
        (["title", "question", "content", "answer"], ("question", "answer")),
        (["title", "content", "url"], ("title", "content")),
        (["ВОПРОС", "Ответ "], ("ВОПРОС", "Ответ ")),
        (["pregunta", "respuesta"], ("pregunta", "respuesta")),
        (["prompt", "completion"], ("prompt", "completion")),
        (["name", "age"], None),
    ],
)
def test_columns_are_known_by_any_usual_name(keys: list[str], chosen: tuple[str, str] | None) -> None:
    assert question_and_answer(keys) == chosen


def test_columns_of_several_languages_give_a_pair_in_each() -> None:
    assert translated_pairs(["question_en", "answer_en", "question_de", "answer_de"]) == {
        "en": ("question_en", "answer_en"),
        "de": ("question_de", "answer_de"),
    }
    record = {"question_en": "Why?", "answer_en": "So.", "question_de": "Warum?", "answer_de": "Darum.", "tags": "a;b"}
    pairs = from_mapping(record, HERE, NOTHING)
    assert [(pair.question, pair.authored.language, pair.authored.tags) for pair in pairs] == [
        ("Why?", "en", ("a", "b")),
        ("Warum?", "de", ("a", "b")),
    ]


def test_other_wordings_of_a_question_are_kept_beside_it() -> None:
    (pair,) = from_mapping({"questions": ["How?", "In what way?"], "answer": "So."}, HERE, NOTHING)
    assert pair.question == "How?"
    assert pair.authored.extra == {"alternative_questions": "In what way?"}


def test_unknown_columns_are_guessed_by_what_they_hold() -> None:
    rows = [("7", "How do I pay?", "By card or in cash."), ("8", "Where?", "At the till in the hall.")]
    assert guessed_columns(rows) == (1, 2)
    assert guessed_columns([("Ann", "3"), ("Bob", "4")]) is None
    assert from_rows(["name", "age"], []) is None


@pytest.mark.parametrize(
    "tree",
    [
        {"faq": [{"question": "How?", "answer": "So."}]},
        {"How is it?": "So."},
        [{"data": {"deep": [{"Q": "How?", "A": "So."}]}}],
        {"question": "How?", "answers": [{"text": "So."}, {"text": "Or so."}]},
        {"messages": [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "So."}]},
        {"@type": "Question", "name": "How?", "acceptedAnswer": {"text": "So."}},
    ],
)
def test_pairs_are_found_in_trees_of_any_shape(tree: object) -> None:
    (pair,) = from_tree(tree, HERE)
    assert pair.question.startswith("How") and pair.answer == "So."


keys = st.sampled_from(["q", "a", "faq", "meta", "name"]) | st.text(max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_no_tree_breaks_the_reader(tree: object) -> None:
    for pair in from_tree(tree, HERE):
        assert isinstance(pair.question, str) and isinstance(pair.answer, str)


blocks = st.builds(
    Block,
    kind=st.sampled_from([Kind.HEADING, Kind.PARAGRAPH, Kind.ITEM, Kind.CODE, Kind.RULE]),
    text=st.sampled_from(["How?", "Title", "Q: Why?", "A: Because.", "Some words of text.", "1.1 Part", "Contents"])
    | st.text(max_size=30),
    level=st.integers(1, 4),
    bold=st.booleans(),
)


@given(st.lists(blocks, max_size=15))
def test_no_document_breaks_the_reader_and_nothing_is_invented(content: list[Block]) -> None:
    pairs, _ = pairs_of(Document("", tuple(content)), "f")
    letters = "".join(c for block in content for c in block.text if c.isalnum())
    for pair in pairs:
        assert pair.place.file == "f"
        assert all(c in letters for c in pair.answer if c.isalnum())


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=12), st.integers(0, 5))
def test_what_is_kept_is_within_the_limits_and_what_is_not_is_told(texts: list[tuple[str, str]], most: int) -> None:
    limits = ExtractionLimits(max_pairs=most, max_question_chars=8, max_answer_chars=8)
    kept, told = within_limits([ExtractedPair(q, a, HERE) for q, a in texts], "f", limits)
    assert len(kept) <= most
    assert all(0 < len(pair.question) <= 8 and len(pair.answer) <= 8 for pair in kept)
    assert (
        bool(told) == any((q or a) and not (q and a and len(q) <= 8 and len(a) <= 8) for q, a in texts)
        or len(kept) == most
    )


def test_paragraphs_are_parted_and_list_items_are_not() -> None:
    blocks = [said("a\vb"), Block(Kind.ITEM, "- c"), Block(Kind.ITEM, "- d"), Block(Kind.CODE, "e\n  f")]
    assert readable(blocks) == "a b\n\n- c\n- d\n\ne\n  f"
