"""Telling that somebody wants to talk to a person, or complains, in five languages."""

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
    r"call|contact(?! lists?| details?| from)|reach|phone)",
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


_WANTED = (
    r"\b(?:need|want|get me|give me|see)\b.{0,12}?\b(?:human|person|agent|operator|representative|someone|somebody|"
    r"advis[eo]r|rep|supervisor|manager|assistant|associate|specialist)\b(?! (?:in|else|who|with))"
)
"""In English people also just want one; close by, for most needs are of something else."""


def _pattern(language: str) -> re.Pattern[str]:
    near = rf"\b{_TALK[language]}\b(?:[^.?!\n]{{0,30}}?)\b{_PERSON[language]}\b"
    wanted = f"|{_WANTED}" if language == "en" else ""
    return re.compile(f"{near}|{_REAL[language]}{wanted}", re.IGNORECASE)


_PATTERNS = {language: _pattern(language) for language in _PERSON}


def asks_for_human(text: str, language: str) -> bool:
    """Whether the text asks for a person to take over. English is always tried: it is what bots are told."""
    tried = {language, "en"} & _PATTERNS.keys()
    return any(_PATTERNS[name].search(text) for name in tried)


_GRIEVANCE = {
    "en": r"(?:complaints?|reclamations?)",
    "de": r"(?:beschwerden?|reklamation(?:en)?)",
    "fr": r"(?:réclamations?|plaintes?)",
    "es": r"(?:quejas?|reclamación|reclamaciones|reclamo)",
    "ru": r"(?:жалоб\w*|претензи\w*)",
}

_COMPLAINING = {
    "en": r"\b(?:file|filing|make|making|lodge|lodging|submit|submitting|raise|register|have|issue|write|send"
    r"|report|present)"
    rf"\w*(?: an?| some| my| the)?(?: \w+)?? {_GRIEVANCE['en']}\b"
    r"|\b(?:consumer|customer|formal) (?:complaint|claim|reclamation)s?\b|\bclaims? against\b"
    r"|\b(?:to|i|we|will|wanna|gonna|must) complain\b|\bcomplain(?:ing)? (?:about|against)\b"
    r"|\b(?:not happy|unhappy|dissatisfied|disappointed|fed up) with (?:your|ur|the|this) (?:\w+ )?(?:service"
    r"|work|company|support|product)\b",
    "de": rf"\b{_GRIEVANCE['de']} (?:einreichen|einlegen|machen|loswerden|vorbringen)\b|\bbeschwere? mich\b"
    rf"|\bmich (?:\w+ )*beschweren\b",
    "fr": rf"\b(?:faire|déposer|porter|formuler) (?:une |ma )?{_GRIEVANCE['fr']}\b|\bme plaindre\b",
    "es": rf"\b(?:poner|presentar|hacer|interponer) (?:una |mi )?{_GRIEVANCE['es']}\b|\bquejarme\b|\bme quejo\b",
    "ru": rf"\b(?:подать|написать|оставить|отправить|хочу|есть) {_GRIEVANCE['ru']}|\bпожаловаться\b|\bжалуюсь\b",
}

_COMPLAINTS = {language: re.compile(pattern, re.IGNORECASE) for language, pattern in _COMPLAINING.items()}


def complains(text: str, language: str) -> bool:
    """Whether the text is a complaint, or wants to make one."""
    pattern = _COMPLAINTS.get(language, _COMPLAINTS["en"])
    return pattern.search(text) is not None
