"""Words that carry no subject, per language: for lexical search, and for telling a question's language."""

from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words(
            "a an and are as at be but by for if in into is it no not of on or such that the their then "
            "there these they this to was will with"
        ),
        "de": _words(
            "der die das den dem des ein eine einen einem einer eines und oder aber auch als am an auf aus "
            "bei bis da damit dass daß durch es für im in ins ist sind war nach nicht noch nur ob seit sich "
            "sie so über um unter vom von vor wenn wird werden zu zum zur mit er wir ihr hat haben"
        ),
        "fr": _words(
            "le la les l un une des du de d et ou mais à au aux en dans par pour sur avec sans ce cet cette "
            "ces c il elle ils elles on n ne pas plus se s est sont été être qu y si leur leurs son sa ses "
            "que qui"
        ),
        "es": _words(
            "el la los las lo un una unos unas de del y o u pero a al en por para con sin sobre se su sus es "
            "son fue ser está están este esta estos estas ese esa no si le les más que"
        ),
        "ru": _words(
            "и в во на с со к ко у о об от до из за по для при не ни а но или же ли бы то это этот эта эти "
            "этого он она оно они его её ее их был была было были есть быть так также если чтобы над под "
            "через между"
        ),
    }
)
"""For English Lucene's 33 words: what, how, can and my are kept, they decide between FAQs."""

QUESTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words(
            "what which who whom whose when where why how can could do does did should would may might must "
            "shall have has had am been being were i me my mine we us our you your yours he him his she her "
            "its them from about please there any some"
        ),
        "de": _words(
            "was welche welcher welches welchen wer wem wen wessen wann wo woher wohin warum weshalb wieso "
            "wie kann können könnte muss müssen soll sollte darf dürfen möchte ich mich mir mein meine "
            "meinen meinem meiner wir uns unser unsere du dich dir dein deine ihn ihm ihre man bitte gibt"
        ),
        "fr": _words(
            "quoi quel quelle quels quelles quand où pourquoi comment combien lequel laquelle peut peux "
            "puis pouvez dois doit faut j je me moi mon ma mes m nous notre nos tu te toi ton ta tes vous "
            "votre vos lui t ai avez a"
        ),
        "es": _words(
            "qué cuál cuáles quién quiénes cuándo dónde adónde cómo cuánto cuánta cuántos cuántas puedo "
            "puede pueden debo debe hay tengo tiene yo me mi mis mí nosotros nos nuestro nuestra tú te tu "
            "tus usted ustedes favor"
        ),
        "ru": _words(
            "что чего чем чему как какой какая какое какие каким каких кто кого кому кем чей когда где куда "
            "откуда почему зачем сколько ли можно могу может нужно надо должен я меня мне мной мой моя моё "
            "мое мои моего моей мы нас нам наш наша ты тебя тебе твой вы вас вам ваш ваша ваши пожалуйста"
        ),
    }
)
"""Question words, auxiliaries and pronouns: noise when a question meets an answer's prose."""


def stop_words(language: str) -> frozenset[str]:
    """Every word of the language that says nothing of the subject."""
    return FUNCTION_WORDS.get(language, frozenset()) | QUESTION_WORDS.get(language, frozenset())
