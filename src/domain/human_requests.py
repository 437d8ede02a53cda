"""Telling that somebody wants to talk to a person, in five languages."""

import re

_PERSON = {
    "en": r"(?:human|person|people|agents?|operators?|representatives?|someone|somebody|advis[eo]rs?|staff|rep|"
    r"supervisor|manager|assistant|associate|specialist)",
    "de": r"(?:mensch(?:en)?|mitarbeiter(?:in)?|berater(?:in)?|jemande?[mn]?|person|agent(?:en)?|kundenberater)",
    "fr": r"(?:humain|personne|conseill(?:er|ère)|agent|opérat(?:eur|rice)|quelqu'un|responsable|représentant)",
    "es": r"(?:humano|persona|agente|operador(?:a)?|representante|alguien|asesor(?:a)?|encargado)",
    "ru": r"(?:человек\w*|оператор\w*|сотрудник\w*|менеджер\w*|специалист\w*|консультант\w*|кем-нибудь|кем-то|"
    r"живым|агент\w*)",
}

_TALK = {
    "en": r"(?:talk|speak|chat|talking|speaking|connect(?: me)?|transfer(?: me)?|put me through|escalate|"
    r"contacting|chatting|reaching|assistance|"
    r"get me|give me|need|want|call|contact|reach|see|phone)",
    "de": r"(?:sprechen|reden|verbinden|verbinde|weiterleiten|kontakt|chatten|telefonieren|brauche|möchte|will)",
    "fr": r"(?:parler|discuter|joindre|contacter|passer|passez|transférer|transférez|mettre en relation|échanger|"
    r"besoin)",
    "es": r"(?:hablar|comunicar(?:me)?|conectar|contactar|pasar|pásame|transferir|transfiérame|charlar|necesito)",
    "ru": r"(?:поговорить|говорить|соедини\w*|свяж\w*|связаться|переключи\w*|позов\w*|пообщаться|нужен|дайте|"
    r"переведи\w*|хочу)",
}

_REAL = {
    "en": r"\b(?:real|live|actual|human)\s+"
    r"(?:human|person|people|agent|operator|being|support|rep|representative)\b|"
    r"\bhuman (?:agent|being|help|assistance|support|operator)\b|\bnot a (?:bot|robot|machine)\b",
    "de": r"\b(?:echte[nrms]?|richtige[nrms]?|lebende[nrms]?|menschliche[nrms]?)\s+"
    r"(?:mensch(?:en)?|mitarbeiter|person|berater|ansprechpartner|unterstützung)\b",
    "fr": r"\b(?:vrai|vraie|véritable)\s+(?:personne|humain|conseiller|agent)\b|\bagent humain\b|\bêtre humain\b",
    "es": r"\b(?:persona|agente|operador|ser)\s+(?:real|humano|humana|de verdad)\b",
    "ru": r"\b(?:жив\w+|реальн\w+|настоящ\w+)\s+(?:человек\w*|оператор\w*|сотрудник\w*)\b|\bоператор[а!]?$",
}


def _pattern(language: str) -> re.Pattern[str]:
    near = rf"\b{_TALK[language]}\b(?:[^.?!\n]{{0,30}}?)\b{_PERSON[language]}\b"
    return re.compile(f"{near}|{_REAL[language]}", re.IGNORECASE)


_PATTERNS = {language: _pattern(language) for language in _PERSON}


def asks_for_human(text: str, language: str) -> bool:
    """Whether the text asks for a person to take over. English is always tried: it is what bots are told."""
    tried = {language, "en"} & _PATTERNS.keys()
    return any(_PATTERNS[name].search(text) for name in tried)
