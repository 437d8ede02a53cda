"""What the service says in its own words, in every language it speaks."""

from collections.abc import Mapping
from enum import StrEnum


class Phrase(StrEnum):
    HANDED_OVER = "handed_over"
    WITH_OPERATOR = "with_operator"
    NOT_UNDERSTOOD = "not_understood"


PHRASES: Mapping[Phrase, Mapping[str, str]] = {
    Phrase.HANDED_OVER: {
        "en": "I am passing your question on to a colleague, who will answer you here.",
        "ru": "Я передаю ваш вопрос сотруднику, он ответит вам здесь.",
        "de": "Ich gebe Ihre Frage an eine Kollegin oder einen Kollegen weiter; die Antwort kommt hier.",
        "fr": "Je transmets votre question à un collègue, qui vous répondra ici.",
        "es": "Paso su pregunta a un compañero, que le responderá aquí.",
    },
    Phrase.WITH_OPERATOR: {
        "en": "A colleague has this conversation and will answer you here.",
        "ru": "Этот разговор ведёт сотрудник, он ответит вам здесь.",
        "de": "Dieses Gespräch führt jetzt ein Mensch; die Antwort kommt hier.",
        "fr": "Un collègue a repris cette conversation et vous répondra ici.",
        "es": "Un compañero lleva esta conversación y le responderá aquí.",
    },
    Phrase.NOT_UNDERSTOOD: {
        "en": "I could not read that. Please ask your question in a few words.",
        "ru": "Не получилось это прочитать. Задайте, пожалуйста, вопрос несколькими словами.",
        "de": "Das konnte ich nicht lesen. Bitte stellen Sie Ihre Frage in ein paar Worten.",
        "fr": "Je n'ai pas pu lire cela. Posez votre question en quelques mots, s'il vous plaît.",
        "es": "No he podido leer eso. Haga su pregunta en pocas palabras, por favor.",
    },
}


def say(phrase: Phrase, language: str) -> str:
    """In the language, or in English when it is none of ours."""
    texts = PHRASES[phrase]
    return texts.get(language, texts["en"])
