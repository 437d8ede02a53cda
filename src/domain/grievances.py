"""How people complain, in five languages: saying that they do, and saying how bad it was."""

from collections.abc import Mapping
from typing import Final

NOUNS: Final[Mapping[str, str]] = {
    "en": r"(?:complaints?|reclamations?)",
    "de": r"(?:beschwerden?|reklamation(?:en)?)",
    "fr": r"(?:réclamations?|plaintes?)",
    "es": r"(?:quejas?|reclamación|reclamacion|reclamaciones|reclamos?)",
    "ru": r"(?:жалоб\w*|претензи\w*|рекламаци\w*)",
}

DECLARED: Final[Mapping[str, str]] = {
    "en": r"\b(?:file|filing|make|making|lodge|lodging|submit|submitting|raise|register|issue|write|send|report"
    rf"|present|place|have|got|escalate)\w*(?: an?| some| my| the| to)?(?: \w+)?? {NOUNS['en']}\b"
    r"|\b(?:consumer|customer|formal|official) (?:complaint|claim|reclamation)s?\b(?! in| from)"
    r"|\b(?:file|filing|lodge|lodging)\w*(?: an?| my| the)? claims?\b(?! for| on| under| with my)"
    r"|\b(?:claims?|complaints?|reclamations?) against\b"
    r"|\b(?:to|i|we|will|wanna|gonna|must) complain\b(?! about (?:a|another|other) user)|\bcomplaining about\b",
    "de": rf"\b{NOUNS['de']} (?:einreichen|einlegen|machen|loswerden|vorbringen|erheben|äußern|abgeben|anmelden|melden"
    rf"|schreiben|habe)\b|\b(?:habe|hätte|möchte|will) (?:\w+ ){{0,2}}{NOUNS['de']}\b|\bbeschwere? mich\b"
    r"|\b(?:mich|ich|man) (?:\w+ ){0,5}(?:beschweren|beschwere)\b|\breiche? (?:\w+ ){0,2}beschwerde\b|\b(?:ich"
    r"|möchte) (?:\w+ ){1,3}reklamieren\b",
    "fr": rf"\b(?:faire|déposer|porter|formuler|adresser|envoyer|soumettre) (?:une |ma |un )?{NOUNS['fr']}\b"
    rf"|\bj'ai (?:une |des ){NOUNS['fr']}\b|\bme plaindre\b|\bje me plains\b|\bporter plainte\b",
    "es": rf"\b(?:poner|presentar|hacer|interponer|formular|enviar|pongo|presento|tengo|registrar) (?:una |mi |un )?"
    rf"{NOUNS['es']}\b|\bquejarme\b|\bme quejo\b|\bquiero reclamar\b|\bhoja de reclamaciones\b",
    "ru": rf"\b(?:подать|написать|оставить|отправить|хочу|есть|подам|напишу|имею|оформить|предъявить|меня)"
    rf"(?: \w+)?? {NOUNS['ru']}|\bпожаловаться\b|\bжалуюсь\b|\bпожалуюсь\b|\bжаловаться\b",
}

HANDLED: Final[Mapping[str, str]] = {
    "en": r"\b(?:reply|respond|handle|manage|see|view|read|resolve|track|process|deal|answer|export|close|assign)\b",
    "de": r"\b(?:bearbeite\w*|beantworte\w*|sehe\w*|verwalte\w*|reagiere\w*|verfolge\w*|antworte\w*)\b",
    "fr": r"\b(?:traiter|répondre|gérer|voir|suivre|consulter|traite|réponds)\b",
    "es": r"\b(?:respondo|responder|gestionar|gestiono|ver|seguir|consultar|atender)\b",
    "ru": r"\b(?:отвечать|ответить|обрабатывать|обработать|посмотреть|отследить|рассматрива\w+)\b",
}
"""What is done with complaints of others, or with one that is made already."""

DISPLEASED: Final[Mapping[str, str]] = {
    "en": r"\b(?:not (?:at all |very |really )?(?:happy|satisfied|pleased)|unhappy|dissatisfied|unsatisfied"
    r"|disappointed"
    r"|displeased|frustrated|fed up|angry|furious|disgusted|appalled|annoyed|upset|outraged)(?: \w+)? "
    r"(?:with|by|about|at|in) (?:you|ur|the|this|how|my|that)\w*"
    r"|\b(?:i'?m|i am|we are|we're)(?: \w+){0,2} (?:unhappy|dissatisfied|unsatisfied|disappointed|furious|disgusted"
    r"|appalled|outraged)\b"
    r"|\b(?:this|that|it|service|support|company|delivery|quality|product|attitude|behaviou?r|you)"
    r" (?:is|was|are|were|has been|have been)(?: \w+){0,2}? (?:unacceptable|outrageous|ridiculous|disgraceful"
    r"|disgusting"
    r"|a disgrace|a joke|a scandal|a scam|terrible|horrible|awful|appalling|pathetic|useless|rubbish|a rip-?off|a shame"
    r"|shameful|the worst)\b"
    r"|\b(?:worst|terrible|horrible|awful|appalling|lousy|pathetic|disgusting|horrendous|shocking)(?: \w+)?"
    r" (?:service|experience|support|company|treatment|attitude)\b|\b(?:rip-?off|ripped me off)\b|^\W*(?:unacceptable"
    r"|outrageous|disgraceful|ridiculous)\b"
    r"|\b(?:hear from|call|talk to|speak to|consult|get) my (?:lawyer|attorney|solicitor)\b|\blegal action against\b"
    r"|\bsue (?:you|your)\b|\btake (?:you|this) to court\b|\breport you to\b|\bdemand (?:a |an )?(?:apology"
    r"|compensation)\b",
    "de": r"\b(?:unzufrieden|enttäuscht|verärgert|stinksauer|wütend|empört|entsetzt|nicht zufrieden|bin sauer)\b"
    r"|\b(?:frechheit|unverschämt\w*|katastrophal\w*|eine katastrophe|inakzeptabel\w*|skandal\w*|sauerei|zumutung"
    r"|abzocke"
    r"|unter aller sau|miserabel\w*|grottenschlecht\w*|unfassbar schlecht\w*|das letzte|eine schande)\b"
    r"|\bso geht das nicht\b|\bkann doch nicht (?:wahr )?sein\b|\b(?:schlecht|furchtbar|schrecklich|mies)e[rs]?"
    r" (?:service|kundendienst|kundenservice|support|qualität|behandlung)\b|\b(?:service|kundendienst|support) ist "
    r"(?:\w+ )?(?:schlecht|furchtbar|schrecklich|mies)\b"
    r"|\bmeine[nm]? anwalt\b|\bverbraucherzentrale\b|\brechtliche schritte\b",
    "fr": r"\b(?:déçue?s?|mécontente?s?|insatisfaite?s?|furieux|furieuse|outrée?|scandalisée?|en colère|indignée?)\b"
    r"|\bpas (?:du tout |vraiment )?(?:contente?s?|satisfaite?s?)\b"
    r"|\b(?:inadmissible|inacceptable|scandaleu\w+|honteu\w+|une honte|lamentable|déplorable|catastrophique|intolérable"
    r"|minable)\b|\best (?:vraiment |complètement )?(?:nul|nulle|horrible|affreux|pitoyable)\b|\bc'est une arnaque\b"
    r"|\bvous (?:moquez|foutez) de\b|\bras[- ]le[- ]bol\b|\bpire service\b|\bmon avocat\b|\baction en justice\b"
    r"|\bassociation de consommateurs\b",
    "es": r"\b(?:insatisfech|descontent|decepcionad|molest|enojad|indignad|enfadad|hart"
    r"|furios)[oa]s?\b(?! de los robots)"
    r"|\bno estoy (?:nada |muy )?(?:content|satisfech|conforme)\w*"
    r"|\b(?:inaceptable|indignante|vergonzos[oa]|vergüenza|pésim[oa]|lamentable|nefast[oa]|una estafa|un desastre"
    r"|intolerable|una tomadura de pelo|un robo)\b|\b(?:horrible|terrible|peor|mal[oa]?)\s+(?:servicio|atención"
    r"|experiencia)\b"
    r"|\b(?:servicio|atención) (?:es |fue |ha sido )?(?:\w+ )?(?:horrible|terrible|malísim[oa])\b"
    r"|\bmi abogado\b|\bdemandar(?:l[oe]s)?\b|\bdefensa del consumidor\b|\boficina del consumidor\b",
    "ru": r"\b(?:недовол\w+|возмущ[её]н\w*|возмутительн\w+|разочарован\w*|не доволен|не довольна|не устраивает)\b"
    r"|\b(?:безобрази\w*|отвратительн\w+|неприемлем\w*|позор\w*|издевательств\w*|хамств\w*|хамят|нахамил\w*"
    r"|беспредел\w*"
    r"|обманываете|обманули|обманщик\w*|мошенник[иа]?|кошмарн\w+)\b"
    r"|\b(?:ужасн\w+|плохо\w+|худш\w+|мерзк\w+) (?:сервис\w*|обслуживани\w+|качеств\w+|компани\w+|отношени\w+"
    r"|доставк\w+)\b"
    r"|\b(?:сервис|обслуживание|качество|доставка) (?:просто )?(?:ужас\w*|плох\w+)\b|\bэто (?:просто )?кошмар\b"
    r"|\b(?:подам|подать|обращусь) в суд\b|\bроспотребнадзор\w*\b|\bмой адвокат\b|\bпрокуратур\w+\b",
}
