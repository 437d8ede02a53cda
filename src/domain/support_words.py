"""The words by which the support check knows negations, opposites, numbers and courtesies, in five languages."""

import re
from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NEGATIONS = _words(
    "not no never none nobody neither nor cannot impossible unable "
    "nicht kein keine keinen keinem keiner keines nie niemals niemand unmöglich weder "
    "pas jamais aucun aucune personne impossible ni "
    "no nunca jamás ningún ninguna ninguno nadie tampoco imposible "
    "не нет ни никогда нельзя никто никакой никаких невозможно"
)
"""What turns a clause round. "Without" does not: it belongs to one noun. English "n't" is cut off first."""

ONLY = _words("only just merely nur bloß lediglich seulement uniquement solo sólo solamente только лишь")
"""After one of these a negation is none: "not only"."""

AFFIRMED = _words("yes yeah sure ja oui sí si да")
DENIED = _words("no nope nein non нет")

OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (_words(one), _words(other))
    for one, other in (
        ("turned-on", "turned-off"),
        ("opt-in", "opt-out"),
        ("enable enabled enables", "disable disabled disables"),
        ("allowed allow allows permitted", "forbidden prohibited disallowed forbid"),
        ("before", "after"),
        ("increase increases increased", "decrease decreases decreased reduce reduces reduced"),
        ("always often usually frequently", "never rarely seldom"),
        ("minimum least", "maximum most"),
        ("include includes included including", "exclude excludes excluded excluding"),
        ("possible", "impossible"),
        ("required mandatory necessary", "optional unnecessary"),
        ("online", "offline"),
        ("open opened", "closed close"),
        ("aktivieren aktiviert einschalten", "deaktivieren deaktiviert ausschalten"),
        ("erlaubt gestattet", "verboten untersagt"),
        ("vor vorher", "nach nachher"),
        ("immer oft häufig", "nie niemals selten"),
        ("mindestens", "höchstens"),
        ("activer activé activée", "désactiver désactivé désactivée"),
        ("autorisé autorisée permis", "interdit interdite"),
        ("avant", "après"),
        ("toujours souvent", "jamais rarement"),
        ("minimum moins", "maximum"),
        ("activar activado activada", "desactivar desactivado desactivada"),
        ("permitido permitida", "prohibido prohibida"),
        ("antes", "después"),
        ("siempre", "nunca raramente"),
        ("mínimo", "máximo"),
        ("включить включено включён", "выключить отключить отключено отключён"),
        ("разрешено можно", "запрещено нельзя"),
        ("до", "после"),
        ("всегда часто", "никогда редко"),
        ("минимум", "максимум"),
    )
)

NUMBER_WORDS: Mapping[str, str] = {
    word: str(value)
    for value, words in enumerate(
        (
            "two zwei deux dos два две двух",
            "three drei trois tres три трёх трех",
            "four vier quatre cuatro четыре четырёх четырех",
            "five fünf cinq cinco пять пяти",
            "six sechs seis шесть шести",
            "seven sieben sept siete семь семи",
            "eight acht huit ocho восемь восьми",
            "nine neun neuf nueve девять девяти",
            "ten zehn dix diez десять десяти",
            "eleven elf onze once одиннадцать",
            "twelve zwölf douze doce двенадцать",
        ),
        start=2,
    )
    for word in words.split()
}
"""Without one, which is an article in most of the languages."""

COURTESY = re.compile(
    r"hope (this|that|it) helps|let (me|us) know|feel free|happy to help|glad to help|here to help"
    r"|thank(s| you)|you're welcome|have a (nice|great|good)|best regards|kind regards|^(sure|hello|hi|dear)\b"
    r"|^(of course|certainly|great question|good question)\b|^i('m| am) sorry|apologi[sz]e|i understand"
    r"|here (is|are|'s) (the|an?|your|some|what|how)\b.*:$"
    r"|ich hoffe|hilft (dir|ihnen)|gerne?( weiter)?[.!]?$|stehe .*zur verfügung|vielen dank|gern geschehen"
    r"|mit freundlichen|^hallo\b|^natürlich\b|tut mir leid|entschuldig"
    r"|j'espère|n'hésitez pas|cordialement|merci|^bonjour\b|^bien sûr\b|désolé|à votre disposition"
    r"|espero que|no dude|gracias|un saludo|^hola\b|^por supuesto\b|lo siento|disculp"
    r"|надеюсь|обращайтесь|спасибо|с уважением|^здравствуйте\b|^конечно\b|извин|к сожалению, я",
    re.IGNORECASE,
)

ADMISSION = re.compile(
    r"\b(sources?|documents?|information|articles?|context|answers?)\b.*"
    r"\b(do(es)? not|don't|doesn't|no) (say|mention|specify|contain|cover|state|provide|include|tell|answer|address)"
    r"|\b(i|we) (do not|don't|cannot|can't) (know|have|find|see|tell|answer)\b"
    r"|\b(ich|wir) (weiß|wissen|habe|haben|finde|finden)\b.*\b(nicht|keine)\b"
    r"|\bje (ne sais pas|n'ai pas|ne trouve pas)|\b(no (lo )?(sé|tengo|encuentro)|no dispongo)\b"
    r"|\bquellen?\b.*\b(nicht|keine\w*)\b|\bsources?\b ne (contien|répond|mentionn|précis|indiqu)\w* pas"
    r"|\bfuentes?\b no (contien|respond|mencion|indic)\w*|\bисточник\w* не (содерж|отвеч|указ|упомин)\w*"
    r"|\bя (не знаю|не нашёл|не нашел|не могу)|\bу меня нет",
    re.IGNORECASE,
)
"""Saying that one does not know claims nothing about the subject."""
