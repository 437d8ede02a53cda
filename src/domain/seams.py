"""Where a text that is still being written may be cut so that nothing sensitive straddles the cut.

A value spread over several words (card, telephone number, IBAN) is made of digits and capitals, and one that
looks like plain words ("password: swordfish", "born on 3 March 1985") follows a word that announces it. So a
cut is safe after two plain words with no announcer shortly before: there is the seam.
"""

import re

REACH = 8
"""An announcer and the value it announces are at most this many words apart."""

CREDENTIAL_WORDS = (
    r"pass(?:word|wort|code|phrase|wd|e)s?|pwd|kennwort|contrase[nñ]as?|clave|парол[ьяеюи]\w*|pin|tan|otp|cvv|cvc"
    r"|secrets?|secreto|tokens?|jetons?|токен\w*|\w{0,20}keys?|schlüssel|clé|ключ\w*|credentials?|bearer|basic|authorization"
)
BIRTH_WORDS = (
    r"born|birth|birthday|dob|geboren\w*|geburts\w*|geb|née?|naissance|nacid[oa]|nació|nacimiento|рожд\w*|родил\w*"
)
NUMBER_WORDS = r"ssn|itin|social|security|steuer\w*|idnr|tin|nir|sécurité|dni|nie|nif|инн|снилс|nino|insurance|nhs"
DOCUMENT_WORDS = (
    r"passport|passeport|pasaporte|reisepass\w*|паспорт\w*|personalausweis\w*|ausweis\w*|licen[cs]e|permis|permiso"
    r"|führerschein\w*|удостоверени\w*|водительск\w*"
)
PHONE_WORDS = (
    r"phone|telephone|tel|call|calling|dial|ring|text|sms|fax|mobile|cell|whatsapp|desk|hotline|reach|answering|messages"
    r"|telefon\w*|handy\w*|mobil\w*|anrufen|ruf\w*|téléphon\w*|appel\w*|joindre|portable|teléfono|móvil|celular|llam\w*"
    r"|телефон\w*|тел|моб\w*|звон\w*|позвон\w*|факс|viber|telegram"
)
VERSION_WORDS = r"v|versions?|release|firmware|build|mask|netmask|subnet|версия|версии"
REFERENCE_WORDS = (
    r"orders?|invoices?|tickets?|case|ref|reference|tracking|shipment|parcel|sku|item|part|serial|bestell\w*|rechnung\w*"
    r"|auftrag\w*|vorgang\w*|sendung\w*|kundennummer|commande|facture|dossier|colis|suivi|pedido|factura|env[ií]o"
    r"|заказ\w*|сч[её]т\w*|накладн\w*|обращени\w*|трек\w*"
)
"""The last two announce that what follows is no address and no telephone number."""
_GLUE = r"mot|date|fecha|дата|dato|social|security|tax|fiscal|driver\S*|серия|номер"
"""Parts of announcers of several words: mot de passe, date of birth."""

_ANNOUNCER = re.compile(
    rf"(?<![^\W\d_])(?:{CREDENTIAL_WORDS}|{BIRTH_WORDS}|{NUMBER_WORDS}|{DOCUMENT_WORDS}|{PHONE_WORDS}|{VERSION_WORDS}|{REFERENCE_WORDS}|{_GLUE})(?![^\W\d_])",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[(\[\"'«„“‘¿¡*]*[^\W\d_]+(?:['’-][^\W\d_]+)*[.,;:!?…)\]\"'»”’*]*")
_WORD = re.compile(r"\S+(?=\s)")


def settled(text: str, since: int = 0) -> int:
    """How much of the text no continuation can change the findings of: up to the last seam, 0 without one.

    `since`: no seam ends before this offset, as is known from an earlier look at the beginning of the same text.
    """
    start = _window(text, since)
    words = [(m.start() + start, m.end() + start) for m in _WORD.finditer(text[start:])]
    for at in range(len(words) - 1, 0, -1):
        seam = words[at][1] + 1
        if seam <= since:
            return 0
        if _is_seam(text, words[max(0, at - REACH) : at + 1]) and not _in_key_block(text, seam):
            return seam
    return 0


def _window(text: str, since: int) -> int:
    """Where the words begin that have a say in whether there is a seam after `since`."""
    before = text[:since].rsplit(None, REACH + 2)
    return len(before[0]) if len(before) > REACH + 2 else 0


def _is_seam(text: str, words: list[tuple[int, int]]) -> bool:
    lately = text[words[0][0] : words[-1][1]]
    return all(_is_plain(text[a:b]) for a, b in words[-2:]) and not _ANNOUNCER.search(lately)


def _is_plain(word: str) -> bool:
    return word != word.upper() and _PLAIN.fullmatch(word) is not None


def _in_key_block(text: str, at: int) -> bool:
    return text.rfind("-----BEGIN", 0, at) > text.rfind("-----END", 0, at)
