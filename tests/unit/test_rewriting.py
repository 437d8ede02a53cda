"""Follow-ups by rule: what leans takes its subject along, what stands alone is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.queries import Turn
from domain.rewriting import leans_on_history, stand_alone

LEANING = {
    "en": [
        "And how much does it cost?",
        "How long does that take?",
        "What about Paris?",
        "How much?",
        "for sale items?",
        "Do you know if they serve breakfast?",
        "Can I change that?",
        "Is parking free there?",
    ],
    "de": ["Und nach Mexiko?", "Wie lange dauert es?", "Kann ich das ändern?", "Was kostet das?"],
    "fr": ["Et combien ça coûte ?", "Combien coûte-t-il ?", "Et pour Paris ?"],
    "es": ["¿Y cuánto cuesta?", "¿Puedo cancelarlo?", "¿Cuánto tarda eso?"],
    "ru": ["А сколько это стоит?", "Как его отменить?", "А в Париж?"],
}
STANDING = {
    "en": [
        "Do you sell gift cards?",
        "Is it possible to change the address of an order?",
        "Is there a student discount?",
        "I want to get rid of my account, how do I do it?",
        "How long does it take to get a refund?",
        "What is your return policy?",
        "covid symptoms",
    ],
    "de": [
        "Gibt es Rabatt für Studenten?",
        "Können Sie mir helfen, mein Konto zu löschen?",
        "Wie kündige ich mein Abo?",
    ],
    "fr": [
        "Est-ce que vous livrez le dimanche ?",
        "Y a-t-il une remise pour étudiants ?",
        "Pourquoi ce colis est-il en retard ?",
    ],
    "es": ["¿Cómo pago con tarjeta?", "¿Hay descuento para estudiantes?"],
    "ru": ["Как оплатить картой?", "Есть ли скидка для студентов?"],
}


def cases(texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(language, text) for language, those in texts.items() for text in those]


def talk(asked: str, answered: str) -> list[Turn]:
    return [Turn("user", asked), Turn("assistant", answered)]


@pytest.mark.parametrize(("language", "question"), cases(LEANING))
def test_a_follow_up_is_known_by_its_words(language: str, question: str) -> None:
    assert leans_on_history(question, language)


@pytest.mark.parametrize(("language", "question"), cases(STANDING))
def test_a_question_that_stands_alone_is_left_alone(language: str, question: str) -> None:
    history = talk("How long does shipping to Canada take?", "Shipping to Canada takes 7 days.")
    assert stand_alone(question, language, history) == question


CANADA = talk("How long does shipping to Canada take?", "Shipping to Canada takes 7 to 10 working days.")


def test_the_subject_is_taken_along_and_what_was_asked_about_it_is_not() -> None:
    assert (
        stand_alone("And how much does it cost?", "en", CANADA) == "how much does it cost? Shipping Canada working days"
    )


@pytest.mark.parametrize(
    ("asked", "fragment", "whole"),
    [
        ("How long does shipping to Canada take?", "And to Mexico?", "How long does shipping to Mexico take?"),
        ("Where is your office in Berlin?", "What about Paris?", "Where is your office in Paris?"),
        ("How much does the premium plan cost?", "And the basic one?", "How much does the basic plan cost?"),
    ],
)
def test_a_fragment_takes_its_place_in_the_last_question(asked: str, fragment: str, whole: str) -> None:
    assert stand_alone(fragment, "en", talk(asked, "So and so.")) == whole


def test_what_the_answer_brought_up_is_the_subject_then() -> None:
    history = talk("I need a place to stay in the north.", "How about the Allenbell? It has rooms.")
    assert "Allenbell" in stand_alone(
        "Does it have parking?", "en", talk("Somewhere north, please.", "Allenbell is nice.")
    )
    assert leans_on_history("Does the place have parking?", "en", history)


def test_the_definite_article_leans_on_what_was_spoken_of() -> None:
    history = talk("Is there a restaurant nearby?", "Yes, a restaurant called Bedouin.")
    assert leans_on_history("Does the restaurant serve wine?", "en", history)
    assert not leans_on_history("Does the restaurant serve wine?", "en")


@given(st.text(max_size=200), st.sampled_from(["en", "de", "fr", "es", "ru", "xx"]))
def test_nothing_is_added_without_a_history(question: str, language: str) -> None:
    assert stand_alone(question, language, []) == question


@given(st.text(max_size=200), st.text(max_size=400), st.text(max_size=400), st.sampled_from(["en", "fr", "ru"]))
def test_any_texts_can_be_joined_and_a_long_answer_stays_short(
    q: str, asked: str, answered: str, language: str
) -> None:
    joined = stand_alone(q, language, talk(asked, answered))
    assert joined == q or len(joined.split()) <= max(len(q.split()), len(asked.split())) + len(q.split()) + 12
