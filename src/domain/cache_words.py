"""What the cache's guard knows of five languages: which words carry no meaning of their own, which say the same
as another, and in how many ways people begin a question."""

import re
from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS: Mapping[str, frozenset[str]] = {
    "en": _words(
        "a an the and so is are am be do does i me my mine we us our it its this that these "
        "those there please kindly hi hello hey dear thanks thank pls some any also just somehow simply easily "
        "actually exactly really s m ve d specific"
    ),
    # Articles that tell who does it to whom (der, den, dem) are words like others.
    "de": _words(
        "die das ein eine und ist sind bin sein es denn mal eigentlich bitte "
        "danke hallo guten tag ich mich mir mein meine meinen meinem meiner meines wir uns unser unsere unseren "
        "auch einfach irgendwie genau"
    ),
    "fr": _words(
        "le la les l un une des du de d et est es sont c ce cet cette ces ça il se s svp plaît stp bonjour salut "
        "merci je j me m mon ma mes nous notre nos que qu aussi simplement exactement"
    ),
    "es": _words(
        "el la los las lo un una unos unas de del y es son está están se favor gracias hola buenos días yo me mi mis "
        "nosotros nos nuestro nuestra que también simplemente exactamente"
    ),
    "ru": _words(
        "и же ли бы это этот эта эти пожалуйста здравствуйте привет спасибо добрый день я мне меня мной мой моя моё "
        "мое мои моего моей мою моих мы нам нас наш наша наши свой свою свои также просто именно подскажите скажите"
    ),
}
"""Articles, copulas, courtesies and first persons. Negations, question words, quantities, tenses and the second
person are not among them: each can make another question."""

LOOSE: Mapping[str, frozenset[str]] = {
    "en": _words("of to for at in on with"),
    "de": _words("in im ins für mit bei am an zum zur zu"),
    "fr": _words("dans en pour avec sur"),
    "es": _words("en con para"),
    "ru": _words("в во на для по с со"),
}
"""Prepositions that may be left out, but not put in another's place. Those that turn a sentence round (off,
without, from, before, aus, ohne, von, sans, depuis, sin, desde, без, из …) are words like any other."""

SAME: Mapping[str, Mapping[str, str]] = {
    "en": {
        "your": "you", "yours": "you", "could": "can", "able": "can", "possible": "can", "e-mail": "email",
        "mail": "email", "signin": "login", "logon": "login", "telephone": "phone", "photo": "picture",
        "photos": "picture", "image": "picture", "images": "picture", "pictures": "picture", "remove": "delete",
        "erase": "delete", "modify": "change", "edit": "change", "purchase": "buy", "shipping": "delivery",
        "whats": "what", "several": "multiple", "pwd": "password", "info": "information",
    },
    "de": {
        "ihnen": "sie", "ihr": "sie", "ihre": "sie", "ihren": "sie", "ihrem": "sie", "du": "sie",
        "dich": "sie", "dir": "sie", "dein": "sie", "deine": "sie", "e-mail": "email", "mail": "email",
        "kennwort": "passwort", "einloggen": "anmelden", "entfernen": "löschen", "lieferung": "versand",
        "foto": "bild", "fotos": "bild", "bilder": "bild",
    },
    "fr": {
        "votre": "vous", "vos": "vous", "tu": "vous", "te": "vous", "t": "vous", "ton": "vous", "ta": "vous",
        "tes": "vous", "au": "à", "aux": "à", "e-mail": "email", "courriel": "email", "mail": "email",
        "effacer": "supprimer", "modifier": "changer", "photo": "image", "photos": "image",
    },
    "es": {
        "ustedes": "usted", "su": "usted", "sus": "usted", "tú": "usted", "te": "usted", "tu": "usted",
        "tus": "usted", "al": "a", "e-mail": "email", "borrar": "eliminar", "modificar": "cambiar",
        "foto": "imagen", "fotos": "imagen", "clave": "contraseña",
        "donde": "dónde", "cuando": "cuándo", "cuanto": "cuánto", "como": "cómo", "cual": "cuál", "quien": "quién",
    },
    "ru": {
        "вам": "вы", "вас": "вы", "ваш": "вы", "ваша": "вы", "ваше": "вы", "ваши": "вы", "вами": "вы",
        "имейл": "email", "стереть": "удалить", "смартфон": "телефон", "фотография": "фото",
        "фотографию": "фото", "поменять": "изменить",
    },
}  # fmt: skip
"""Words that may stand for one another in any question to a support desk."""

ENDINGS: Mapping[str, tuple[str, ...]] = {
    "en": ("", "s", "es"),
    "de": ("", "e", "en", "n", "s", "es"),
    "fr": ("", "s", "x"),
    "es": ("", "s", "es"),
    "ru": ("", "а", "у", "ы", "и", "е", "ой", "ом", "ам", "ах", "ов", "ами", "ь", "ю", "я"),
}
"""Of inflection, where it changes no tense. Two words inflected otherwise may have changed who does what to
whom, so only one may be."""

LEAST_STEM = 4

_BEGINNINGS: Mapping[str, str] = {
    "en": r"(?:how (?:do|can|could|would|might|may) (?:i|we|one)(?: go about)?|how to"
    r"|(?:can|could|may) i|(?:can|could) we"
    r"|is it possible to(?: have)?|is there (?:a|any|some) (?:easy |simple )?(?:way|possibility) (?:to|of)"
    r"|what(?:'s| is| are) (?:the |my )?(?:best |easiest |simplest )?(?:ways?|options|possibilities) (?:to|for|of)"
    r"|i(?:'d| would) like to(?: know how to)?|i (?:want|need|wish) to(?: know how to)?|i(?: am|'m) trying to"
    r"|(?:please )?(?:tell|show) me how to|options for|ways? (?:to|of)|possibility to)",
    "de": r"(?:wie (?:kann|könnte) (?:ich|man)|wie können wir|(?:kann|könnte) (?:ich|man)|können wir"
    r"|ist es möglich|gibt es (?:eine )?möglichkeit(?:en)?|ich (?:möchte|will|würde gern(?:e)?))",
    "fr": r"(?:comment (?:puis-je|peut-on|pouvons-nous|pourrais-je|je peux|faire pour)|puis-je|peut-on|pourrais-je"
    r"|comment(?= (?:me |m'|se |s')?\w+(?:er|ir|re)\b)|(?:est-ce que )?(?:je peux|on peut)"
    r"|est-il possible de?|y a-t-il (?:un )?moyen de|(?:je )?voudrais|je veux|j'aimerais)",
    "es": r"(?:cómo (?:puedo|podemos|podría|se puede|hago para)|puedo|podemos|podría|se puede|es posible"
    r"|cómo(?= \w+(?:ar|er|ir)(?:me|se|lo|la)?\b)|hay (?:alguna )?(?:forma|manera) de"
    r"|quiero|quisiera|me gustaría|necesito)",
    "ru": r"(?:как (?:я могу|мне|можно|мы можем)|могу ли я|можно ли(?: мне)?|можно|возможно ли"
    r"|как(?= \w+(?:ть|ти|чь)(?:ся|сь)?\b)|есть ли (?:способ|возможность)"
    r"|(?:я )?(?:хочу|хотел бы|хотела бы)|мне (?:нужно|надо))",
}
_ENDS_EN = (
    r"[,.]?\s*(?:and )?(?:how (?:do|can|could) i (?:do|achieve) (?:that|this|it|those)|is (?:this|that|it) possible"
    r"|can (?:this|that|it) be done|can i do (?:this|that|it|so)"
    r"|what is the (?:best|easiest) way(?: to do (?:this|that|it))?)\s*[?.!]*$"
)

BEGINNINGS: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"(?:^|(?<=[.!?,:]))\W*{ways}\b", re.IGNORECASE) for language, ways in _BEGINNINGS.items()
}
"""Ways of asking how something is done. Whether, and how, have the same article in a knowledge base."""

ENDS: Mapping[str, re.Pattern[str]] = {"en": re.compile(_ENDS_EN, re.IGNORECASE)}
