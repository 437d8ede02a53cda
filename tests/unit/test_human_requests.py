"""Who wants a person, who complains, and who only mentions people."""

import pytest

from domain.escalation import Evidence, Reason, decide
from domain.human_requests import asks_for_human, complains
from domain.settings import Escalation

WANTS = [
    ("en", "I need to talk to a human"),
    ("en", "get me a real person"),
    ("en", "can somebody from your staff call me? I want to speak with someone"),
    ("en", "I need somebody"),
    ("de", "Ich möchte mit einem Mitarbeiter sprechen"),
    ("fr", "Je veux parler à un conseiller"),
    ("es", "Quiero hablar con una persona"),
    ("ru", "Соедините меня с оператором"),
    ("ru", "I want an operator"),
]
MENTIONS = [
    ("en", "I need to send the sheet to some people"),
    ("en", "How do I add a person to my contact list?"),
    ("en", "Does somebody else see my albums?"),
    ("de", "Wie lade ich Personen in meine Gruppe ein?"),
    ("ru", "Сколько человек может пользоваться одним тарифом?"),
]
COMPLAINTS = [
    ("en", "I want to file a complaint against your company"),
    ("en", "I'm not happy with your service"),
    ("de", "Ich möchte mich beschweren"),
    ("fr", "Je veux déposer une réclamation"),
    ("es", "Quiero poner una queja"),
    ("ru", "Хочу подать жалобу"),
]


@pytest.mark.parametrize(("language", "text"), WANTS)
def test_whoever_wants_a_person_is_heard(language: str, text: str) -> None:
    assert asks_for_human(text, language)


@pytest.mark.parametrize(("language", "text"), MENTIONS)
def test_whoever_mentions_people_is_not_sent_to_one(language: str, text: str) -> None:
    assert not asks_for_human(text, language)


@pytest.mark.parametrize(("language", "text"), COMPLAINTS)
def test_a_complaint_is_known_by_its_words(language: str, text: str) -> None:
    assert complains(text, language) and not complains("How do I track my order?", language)


def test_a_complaint_goes_to_a_person_soon_unless_something_approved_answers_it() -> None:
    question = "How do I file a complaint?"
    unsure = decide(Evidence(question, "en", confidence=0.2), Escalation())
    assert unsure is not None and (unsure.code, unsure.priority) == (Reason.COMPLAINT, "high")
    assert decide(Evidence(question, "en", confidence=0.9), Escalation()) is None
