"""Who wants a person, who complains, and who only mentions people."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.escalation import Evidence, Reason, decide
from domain.human_requests import asks_for_human, complains, makes_complaint, speaks_of_complaints
from domain.settings import Escalation

SAID: dict[tuple[str, str], list[str]] = defaultdict(list)
for line in (Path(__file__).parents[1] / "data" / "human_requests.tsv").read_text().splitlines():
    language, label, text = line.split("\t")
    SAID[language, label].append(text)

LANGUAGES = ("en", "de", "fr", "es", "ru")


def misheard(label: str, language: str, hears: Callable[[str, str], bool], meant: bool) -> list[str]:
    return [text for text in SAID[language, label] if hears(text, language) is not meant]


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_wants_a_person_is_heard(language: str) -> None:
    assert not misheard("wants", language, asks_for_human, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_mentions_people_or_declines_them_is_not_sent_to_one(language: str) -> None:
    assert not misheard("no", language, asks_for_human, False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_complaint_is_known_by_its_words(language: str) -> None:
    assert not misheard("complains", language, complains, True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_about_complaints_of_others_is_none(language: str) -> None:
    assert not misheard("calm", language, complains, False)


def test_a_wish_is_heard_whatever_language_the_text_was_taken_for() -> None:
    assert all(asks_for_human(text, "en") for language in LANGUAGES for text in SAID[language, "wants"])


@pytest.mark.parametrize(
    ("denied", "wished"),
    [
        ("I don't want to talk to an agent", "I don't want to talk to a bot"),
        ("I do not need a human", "I do not know how to reach a human"),
        ("Je ne veux pas parler à un conseiller", "Je n'arrive pas à joindre un conseiller"),
        ("Ich will nicht mit einem Menschen reden", "Ich will nicht mit einem Bot reden"),
        ("No quiero hablar con un agente", "No puedo hablar con un agente"),
        ("Не хочу говорить с оператором", "Не могу дозвониться до оператора"),
    ],
)
def test_a_wish_that_is_denied_is_none(denied: str, wished: str) -> None:
    assert not asks_for_human(denied, "en") and asks_for_human(wished, "en")


def test_a_slip_of_the_finger_is_forgiven_and_another_word_is_left_what_it_is() -> None:
    assert asks_for_human("speak wiht a humna", "en") and complains("I want to lodge a complaant", "en")
    assert not asks_for_human("J'ai besoin d'argent", "fr")


def test_a_complaint_goes_to_a_person_soon_unless_what_is_approved_is_about_complaining() -> None:
    question = "I want to file a complaint about my order"
    unsure = decide(Evidence(question, "en", confidence=0.2), Escalation())
    assert unsure is not None and (unsure.code, unsure.priority) == (Reason.COMPLAINT, "high")
    beside = decide(Evidence(question, "en", confidence=0.9, answers="How do I track my order?"), Escalation())
    assert beside is not None and beside.code == Reason.COMPLAINT
    assert decide(Evidence(question, "en", confidence=0.9, answers="How do I file a complaint?"), Escalation()) is None


def test_displeasure_goes_to_a_person_unless_something_approved_answers_what_it_comes_with() -> None:
    question = "I'm very disappointed with your parcel service. How do I return an item?"
    unsure = decide(Evidence(question, "en", confidence=0.2), Escalation())
    assert unsure is not None and unsure.code == Reason.COMPLAINT
    assert not makes_complaint(question, "en")
    assert decide(Evidence(question, "en", confidence=0.9, answers="How do I return an item?"), Escalation()) is None


@pytest.mark.parametrize("question", ["Wie reiche ich eine Beschwerde ein?", "Куда подать жалобу?", "How to complain?"])
def test_what_is_about_complaining_is_known(question: str) -> None:
    assert speaks_of_complaints(question) and not speaks_of_complaints("How do I track my order?")


@given(st.text(max_size=300), st.sampled_from([*LANGUAGES, "xx"]))
def test_any_text_can_be_listened_to(text: str, language: str) -> None:
    assert asks_for_human(text, language) in (True, False)
    assert complains(text, language) or not makes_complaint(text, language)
