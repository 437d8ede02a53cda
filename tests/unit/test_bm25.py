"""The lexical formula and the terms it counts."""

import math
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from adapters.lexical.bm25 import K1, Scorer, Statistics, by_rank, idf, saturation
from adapters.lexical.stopwords import ASKING_WORDS, FUNCTION_WORDS
from adapters.lexical.tokens import STEMMERS, query_terms, row_terms, words
from application.ports.lexical import LexicalHit

COUNTS = st.integers(1, 1_000)


def test_the_idf_is_the_one_that_is_written_down() -> None:
    assert idf(10, 3) == math.log(1 + 7.5 / 3.5)
    assert idf(0, 0) == math.log(2)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_rarer_word_weighs_more_and_no_word_weighs_nothing(first: int, second: int) -> None:
    rarer, commoner = sorted((first, second))
    assert idf(10_000, rarer) >= idf(10_000, commoner) > 0


@given(times=COUNTS, length=COUNTS, average=COUNTS)
def test_a_word_counts_more_when_repeated_and_less_in_a_longer_text(times: int, length: int, average: int) -> None:
    once = saturation(float(times), float(length), average)
    assert 0 < once < K1 + 1
    assert saturation(times + 1.0, float(length), average) > once
    assert saturation(float(times), length + 1.0, average) < once


def test_one_occurrence_in_a_text_of_average_length_counts_one() -> None:
    assert saturation(1.0, 7.0, 7.0) == 1.0


def test_a_row_with_every_word_of_the_query_once_at_average_length_scores_one() -> None:
    row = row_terms("parcel delay", "parcel delay", "en")
    statistics = Statistics(9, {"parcel": 4, "delay": 1}.__getitem__, 2.0, 4.0)
    hit = Scorer(query_terms("delay parcel", "en"), statistics)("a", row)
    assert math.isclose(hit.question, 1.0) and hit.pair > 1.0


def test_function_words_are_left_out_of_both_fields_and_asking_words_of_the_pair() -> None:
    terms = query_terms("How can I cancel the order?", "en")
    assert terms.question == ("how", "can", "i", "cancel", "order")
    assert terms.pair == ("can", "cancel", "order")


def test_a_row_counts_for_the_frequency_of_asking_words_in_its_answer_too() -> None:
    row = row_terms("", "This is how", "en")
    assert row.known == ("how",) and not row.pair and not row.question


def test_english_function_words_are_lucenes_33() -> None:
    assert len(FUNCTION_WORDS["en"]) == 33


def test_every_language_with_a_stemmer_has_its_words_and_no_word_is_in_both_lists() -> None:
    assert STEMMERS.keys() == FUNCTION_WORDS.keys() == ASKING_WORDS.keys()
    assert not any(FUNCTION_WORDS[language] & ASKING_WORDS[language] for language in STEMMERS)


@given(st.text())
def test_words_do_not_depend_on_how_accents_are_written(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert words(composed) == words(decomposed)


def test_hits_are_ordered_by_their_sum_then_id() -> None:
    hits = [LexicalHit("b", 0.5, 0.5), LexicalHit("a", 0.0, 1.0), LexicalHit("c", 2.0, 0.0)]
    assert [hit.id for hit in sorted(hits, key=by_rank)] == ["c", "a", "b"]
