"""What a conversation is about, by the names in the knowledge's own metadata."""

from hypothesis import given
from hypothesis import strategies as st

from domain.subjects import do_as_well, subject_of

HOTELS = [{"entity": name} for name in ("BRIDGE HOUSE", "Bridge House Hotel", "Allenbell")]


def test_the_name_that_is_spoken_is_the_subject_however_it_is_spelt() -> None:
    assert subject_of("What about the allenbell?", HOTELS) == {"entity": "Allenbell"}
    assert subject_of("The Allen Bell? No bells here.", HOTELS) == {}


def test_a_name_inside_a_longer_one_is_not_meant() -> None:
    assert subject_of("Bridge House Hotel has rooms.", HOTELS) == {"entity": "Bridge House Hotel"}
    assert subject_of("Bridge House has rooms.", HOTELS) == {"entity": "BRIDGE HOUSE"}


def test_of_two_names_nobody_can_tell_which_is_meant() -> None:
    assert subject_of("Allenbell or Bridge House?", HOTELS) == {}
    places = [{"entity": "Allenbell", "city": "Ulm"}, {"entity": "Lakeside", "city": "Ulm"}]
    assert subject_of("Allenbell or Lakeside in Ulm?", places) == {"city": "Ulm"}


def test_words_of_description_and_addresses_name_nothing() -> None:
    described = [{"level": "easy", "link": "https://Example.com", "since": "2024"}]
    assert subject_of("Is it easy since 2024? See https://example.com", described) == {}


@given(st.text(max_size=200), st.dictionaries(st.text(max_size=10), st.text(max_size=90), max_size=5))
def test_a_subject_is_only_what_pairs_carry(text: str, carried: dict[str, str]) -> None:
    assert subject_of(text, [carried]).items() <= carried.items()


def test_a_leaning_question_stays_with_its_subject_and_one_that_stands_alone_only_where_that_answers_as_well() -> None:
    assert do_as_well([0.5], [0.9], leaning=True) and not do_as_well([0.3], [0.35], leaning=True)
    assert do_as_well([0.75], [0.9], leaning=False) and not do_as_well([0.6], [0.9], leaning=False)
    assert not do_as_well([0.3], [0.35], leaning=False) and not do_as_well([], [0.9], leaning=True)
