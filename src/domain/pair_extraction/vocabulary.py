"""How columns and keys are called, in any usual spelling of five languages."""

import re
import unicodedata
from collections.abc import Sequence

_QUESTIONS = (
    "question questions q ques questiontext faqquestion questiontitle frage fragen вопрос вопросы "
    "pregunta preguntas p f quest",
    "prompt query utterance userquestion userquery instruction input request user customer message "
    "anfrage запрос consulta requête demande",
    "title subject topic heading headline summary name term header issue problem titel betreff thema "
    "titre sujet título titulo asunto tema заголовок тема название проблема",
)
_ANSWERS = (
    "answer answers a ans answertext faqanswer acceptedanswer antwort antworten ответ ответы respuesta "
    "respuestas réponse réponses",
    "response reply completion output solution resolution assistant bot agent lösung решение solución "
    "solution explanation",
    "content text body description details message value definition inhalt text beschreibung contenu texte "
    "description contenido texto descripción содержание текст описание определение",
)
_METADATA = {
    "category": "category categories kategorie rubrik категория рубрика раздел categoría catégorie rubrique",
    "intent": "intent intention intents absicht намерение intención",
    "language": "language lang locale sprache язык idioma langue",
    "tags": "tags tag keywords keyword labels schlagwörter stichwörter stichworte теги метки etiquetas palabrasclave "
    "étiquettes motsclés",
    "requires_handoff": "requireshandoff handoff requireshuman needshuman escalate requiresescalation",
    "url": "url link href sourceurl permalink ссылка enlace lien",
}
_LANGUAGES = ("en", "de", "fr", "es", "ru")


def normalised(key: str) -> str:
    """`FAQ_Question (en)` → `faqquestionen`: letters and digits only, accents composed, no case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", key).casefold())


def _ranks(tiers: Sequence[str]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for rank, words in enumerate(tiers):
        for word in words.split():
            ranks.setdefault(normalised(word), rank)
    return ranks


_QUESTION_RANKS, _ANSWER_RANKS = _ranks(_QUESTIONS), _ranks(_ANSWERS)
_FIELDS = {normalised(word): field for field, words in _METADATA.items() for word in words.split()}


def metadata_field(key: str) -> str | None:
    """The field of `AuthoredMetadata` that a column of this name fills."""
    return _FIELDS.get(normalised(key))


def question_and_answer(keys: Sequence[str]) -> tuple[str, str] | None:
    """The two keys that hold question and answer: the most explicit names, the leftmost of equals."""
    question = _best(keys, _QUESTION_RANKS, None)
    if question is None:
        return None
    answer = _best(keys, _ANSWER_RANKS, question)
    return (question, answer) if answer is not None else None


def translated_pairs(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """`question_de`, `answer_de` … → `{"de": ("question_de", "answer_de")}`."""
    found: dict[str, tuple[str, str]] = {}
    for language in _LANGUAGES:
        named = {_without_language(key, language): key for key in keys if _without_language(key, language)}
        pair = question_and_answer([bare for bare in named if bare])
        if pair and _QUESTION_RANKS[normalised(pair[0])] == 0:
            found[language] = (named[pair[0]], named[pair[1]])
    return found


def _without_language(key: str, language: str) -> str | None:
    found = re.fullmatch(rf"(.+?)[\s_\-.(\[]+{language}[)\]]?", key.strip(), re.IGNORECASE)
    return found[1] if found else None


def _best(keys: Sequence[str], ranks: dict[str, int], taken: str | None) -> str | None:
    known = [key for key in keys if key != taken and normalised(key) in ranks]
    return min(known, key=lambda key: ranks[normalised(key)], default=None)
