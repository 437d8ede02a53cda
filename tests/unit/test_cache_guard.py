"""Two questions share an answer only where no word could make another question of one of them."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.cache_guard import exact_form, may_share_answer
from domain.cache_words import ENDINGS, HARMLESS, LOOSE, SAME
from domain.languages import SUPPORTED

DATA = Path(__file__).parents[1] / "data"
NEAR_OPPOSITES = [line.split("\t") for line in (DATA / "near_opposites.tsv").read_text().splitlines()]
SAME_QUESTIONS = [line.split("\t") for line in (DATA / "same_questions.tsv").read_text().splitlines()]
WORDS = st.sampled_from("cancel order refund delivery Paris 10482 not before visa account today weekly".split())


def test_the_hard_set_is_large_and_in_all_five_languages() -> None:
    assert len(NEAR_OPPOSITES) >= 150
    assert {language for language, *_ in NEAR_OPPOSITES} == set(SUPPORTED)


@pytest.mark.parametrize(("language", "kind", "one", "other"), NEAR_OPPOSITES)
def test_near_opposites_never_share_an_answer(language: str, kind: str, one: str, other: str) -> None:
    assert not may_share_answer(one, other, language), kind
    assert not may_share_answer(other, one, language), kind
    assert exact_form(one) != exact_form(other), "an exact hit asks no guard"


@pytest.mark.parametrize("other", ["how do I pay", "How do I pay?", "  HOW DO I PAY?! ", "How do i pay…"])
def test_capitals_spaces_and_punctuation_make_no_other_question(other: str) -> None:
    assert exact_form(other) == exact_form("How do I pay?")


@pytest.mark.parametrize(("language", "one", "other"), SAME_QUESTIONS)
def test_the_same_question_in_other_clothes_shares_its_answer(language: str, one: str, other: str) -> None:
    assert may_share_answer(one, other, language)
    assert may_share_answer(other, one, language)


@given(st.lists(WORDS, min_size=1, max_size=8), st.sampled_from(SUPPORTED))
def test_a_question_shares_its_answer_with_itself(words: list[str], language: str) -> None:
    assert may_share_answer(" ".join(words), " ".join(words).upper().lower(), language)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(SUPPORTED))
def test_sharing_goes_both_ways(one: str, other: str, language: str) -> None:
    assert may_share_answer(one, other, language) == may_share_answer(other, one, language)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS, st.integers(0, 8), st.sampled_from(SUPPORTED))
def test_a_word_more_makes_another_question(words: list[str], more: str, place: int, language: str) -> None:
    assert not may_share_answer(" ".join(words), " ".join([*words[:place], more, *words[place:]]), language)


@given(st.lists(WORDS, min_size=2, max_size=8, unique=True), st.randoms(), st.sampled_from(SUPPORTED))
def test_another_order_makes_another_question(words: list[str], chance: object, language: str) -> None:
    mixed = list(words)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assume(mixed != words)
    assert not may_share_answer(" ".join(words), " ".join(mixed), language)


def test_nothing_but_courtesies_shares_no_answer() -> None:
    assert not may_share_answer("Hello", "Hi please", "en")
    assert not may_share_answer("", "", "en")


def test_an_unknown_language_gets_no_benefit_of_the_doubt() -> None:
    assert may_share_answer("Dov'è il mio ordine", "dov'è il mio ordine?", "it")
    assert not may_share_answer("Dov'è il mio ordine", "Dov'è il tuo ordine", "it")


def test_every_supported_language_has_its_words() -> None:
    for table in (HARMLESS, LOOSE, SAME, ENDINGS):
        assert set(table) == set(SUPPORTED)
