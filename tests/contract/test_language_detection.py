"""What the service relies on when it asks for the language of a short text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.models.language import FastLanguageDetector
from application.ports.models import LanguageDetector

DETECTOR: LanguageDetector = FastLanguageDetector()

SENTENCES = {
    "en": "How long does it take until my parcel arrives?",
    "de": "Wie lange dauert es, bis mein Paket ankommt?",
    "fr": "Combien de temps faut-il pour que mon colis arrive ?",
    "es": "¿Cuánto tiempo tarda en llegar mi paquete?",
    "ru": "Сколько времени идёт моя посылка?",
    "it": "Quanto tempo ci vuole prima che arrivi il mio pacco?",
    "uk": "Скільки часу йде моя посилка?",
    "pl": "Ile czasu zajmuje dostarczenie mojej paczki?",
    "zh": "我的包裹什么时候能到?",
}


@pytest.mark.parametrize(("language", "text"), SENTENCES.items())
def test_a_sentence_is_told_with_confidence_supported_or_not(language: str, text: str) -> None:
    detection = DETECTOR.detect(text)
    assert detection.language == language
    assert detection.confidence > 0.6


@pytest.mark.parametrize("text", ["SSL?", "reset password", "API key", "refund", "2FA", "wifi down", "OK"])
def test_a_fragment_without_evidence_is_taken_for_english(text: str) -> None:
    assert DETECTOR.detect(text).language == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Passwort vergessen", "de"),
        ("mot de passe oublié", "fr"),
        ("cambiar correo", "es"),
        ("пароль", "ru"),
        ("Стало холодно.", "ru"),
        ("де мій пароль", "uk"),
    ],
)
def test_a_fragment_of_another_language_is_told_from_its_words_and_letters(text: str, language: str) -> None:
    assert DETECTOR.detect(text).language == language


@pytest.mark.parametrize("text", ["", "   ", "?", "123 456", "😀", "https://example.com/a", "\0", "\ud800"])
def test_a_text_without_words_is_the_default_language_with_no_confidence(text: str) -> None:
    detection = DETECTOR.detect(text)
    assert (detection.language, detection.confidence) == ("en", 0.0)


def test_addresses_code_and_numbers_do_not_speak_for_a_language() -> None:
    text = "Wie melde ich mich bei https://www.example.com/sign-in mit anna@example.com an? `SELECT name FROM users`"
    assert DETECTOR.detect(text).language == "de"


def test_shouting_changes_nothing() -> None:
    assert DETECTOR.detect("WHERE IS MY ORDER").language == "en"
    assert DETECTOR.detect("WO IST MEINE BESTELLUNG").language == "de"


def test_a_short_text_is_told_with_less_confidence_than_a_long_one() -> None:
    assert DETECTOR.detect("Paket?").confidence < DETECTOR.detect(SENTENCES["de"]).confidence


@given(st.text(max_size=400))
def test_any_text_gets_a_code_and_a_confidence_between_0_and_1(text: str) -> None:
    detection = DETECTOR.detect(text)
    assert 2 <= len(detection.language) <= 3
    assert 0.0 <= detection.confidence <= 1.0


@given(st.text(max_size=60))
def test_spaces_and_line_breaks_around_a_text_change_nothing(text: str) -> None:
    assert DETECTOR.detect(f"\n {text.strip()} \r\n") == DETECTOR.detect(text.strip())
