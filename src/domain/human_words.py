"""How people ask for a person, in five languages: the parts that `human_requests` puts together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Speech:
    """Parts of patterns, matched without regard to case."""

    staff: str
    """Who works for somebody: `agent`. Behind a word of another trade (`travel agent`) it is somebody else's."""
    anybody: str
    """Who may be anyone: `person`, `someone`."""
    reach: str
    """Verbs of getting to somebody."""
    want: str
    """Verbs and phrases of wanting somebody, right before them."""
    between: str
    """What may stand between the verb and the person."""
    onward: str
    """What may follow a person who is wanted; the end of the clause always may."""
    elsewhere: str
    """What makes of anybody somebody else: `someone in Mexico`."""
    outright: str
    """Phrases that mean it by themselves: `a real person`, `call me back`, `no more bots`."""
    negation: str
    """What takes the wish back when it stands before it, with nothing but `chain` in between."""
    chain: str
    courtesy: str
    """Beside a person named, the whole of some requests: `agent please`."""


_EN: Final = Speech(
    staff=r"(?:(?:customer|client)(?: service| care| support| success)? |(?:tech(?:nical)?|live|phone|sales|billing"
    r"|help ?desk|support|service|care) )*"
    r"(?:agents?|operators?|representatives?|reps?|advis[eo]rs?|assistants?|associates?|specialists?|consultants?"
    r"|supervisors?|managers?|boss|staff(?: members?)?|employees?|team members?|colleagues?|team leaders?)",
    anybody=r"(?:humans?(?: being)?|persons?|people|someone|somebody|anyone|anybody|guy|man|individual)",
    reach=r"(?:talk(?:ing)?|speak(?:ing)?|chat(?:ting)?|connect(?:ed|ing)?|transfer(?:red|ring)?|escalated?"
    r"|reach(?:ing)?"
    r"|contact(?:ing)?(?! person)|call(?:ing|ed(?: back)?)?|phone|ring|get (?:a )?hold of|get in touch|get through"
    r"|put(?: me)? through"
    r"|hand(?:ed)?(?: me| this)? (?:over|off)|pass(?: me| this)?(?: on| over)?|forward|redirect|switch|refer"
    r"|assistance|directed?|discuss (?:this|it))",
    want=r"(?:need|want|wanna|get|give|send|find|prefer|demand|require|looking for|(?:would|'d|i) like|(?:can|may"
    r"|could)"
    r" (?:i|we) (?:have|see)|is there|are there|see)",
    between=r"(?:me|us|this(?: chat| call)?|to|with|from|by|for|up|through|over|on|at|a|an|any|some|further|more|the"
    r"|your|one|of"
    r"|real|live|actual|human|proper|goddamn|damn|fucking|bloody|please|just|directly|right|now|immediately|here"
    r"|another|different|senior|competent|qualified|good|urgently|quickly|service|support|care|sales|technical"
    r"|customer)",
    onward=r"(?:please|pls|plz|now|asap|right|immediately|to (?:talk|speak|chat|help|assist|call|answer|solve|handle"
    r"|take|explain|contact)|who|that can|i can|on the (?:phone|line)|instead|here|from (?:your|the|support"
    r"|customer|sales)|in (?:charge|support|billing|sales|your)|not|and not|thanks|thx|real|available|else)",
    elsewhere=r"(?: (?:an?|abroad|outside|overseas|'s|else's|by e-?mail)|'s| (?:in|on|at|from|who|with|of)\b"
    r"(?! (?:charge|support|billing|sales|your|customer|the (?:phone|team|line|sales|billing|support|company|office)"
    r"|can\b|could\b|will\b|knows|works|is able|understands|speaks|actually|has|this|duty|human)))",
    outright=r"\b(?:real|live|actual|human|proper|physical)\s+(?:humans?|persons?|people|agents?|operators?|beings?"
    r"|representatives?|reps?|advisors?|employees?|staff)\b"
    r"|\bwho (?:can|could|do|should|may) (?:i|we) (?:talk|speak|chat) (?:to|with)\b"
    r"|\b(?:are|is) (?:there )?(?:a |any |some )?(?:humans?|persons?|people|agents?|operators?|someone|anyone|anybody)"
    r" (?:working|online|here|there|available(?=\W*$| to (?:talk|speak|chat|help|assist)| (?:right )?now))\b"
    r"|\bhave (?:a |any |some )?(?:humans?|real people)\b"
    r"|\bhuman (?:help|assistance|contact|interaction|support)\b"
    r"|\bsomebody real\b|\bsomeone real\b"
    r"|\b(?:request|want|need|schedule|book|like|get|arrange|have) (?:a |an )?call[ -]?back\b"
    r"|\bcall(?:ed)? me back\b|\b(?:please|can you|could you|can (?:someone|somebody|anyone|anybody)|"
    r"could (?:someone|somebody|anyone)|have (?:someone|somebody)) (?:please )?(?:call|phone|ring) me\b(?! (?:an?|by"
    r"|mr|mrs|ms|the|my|your)\b)"
    r"|\b(?:someone|somebody|anyone|anybody|agent|representative|operator)(?: from [a-z ]{3,20}?)?(?: please| to)?"
    r" (?:call|contact|phone|ring|talk to|speak to|speak with|chat with|get back to) me\b(?! (?:an?|by|names)\b)"
    r"|\bgive me a (?:call|ring)\b"
    r"|\bno (?:more |longer )?(?:ro)?bots?\b|\boff this (?:chat|ro)?bot\b"
    r"|(?:\bnot|n't|\btired of|\bsick of|\bfed up with|\bhate|\benough of|\binstead of)(?: \w+){0,5}? (?:a |an |this "
    r"|these |your"
    r" |the |any |stupid |useless )*(?:chat|ro)?bots?\b(?<!i am not a robot)(?<!i'm not a robot)",
    negation=r"(?:(?<!why )(?:don'?t|do not|doesn'?t|does not)|didn'?t|won'?t|wouldn'?t|never|no longer|not|no need"
    r"|needn'?t|without|instead of|rather than|avoid|stop|before|(?<!what )if (?:i|we)|do (?:i|we) (?:need|have)"
    r"|must i|should i have"
    r"|is it necessary|(?:do|should) (?:i|we) really)",
    chain=r"(?:really|actually|even|yet|want|wanna|need|have|has|having|wish|like|to|for|me|be|being|us|you|please"
    r"|necessary|going|through|with|a|an|the|any|your|rather|first|talk|speak|talking|speaking|get|getting)",
    courtesy=r"(?:please|pls|plz|now|hi|hello|hey|real|live|a|an|thanks|immediately|asap|i|want|need|talk|to|stop|yes"
    r"|the)",
)

_DE: Final = Speech(
    staff=r"(?:(?:kunden|service|support|telefon|vertriebs|fach)?-?(?:dienst)?-?(?:berater|mitarbeiter"
    r"|angestellter?)(?:in|innen|n|s)?|kundenbetreuer(?:in|s)?|kollegen?|kollegin|vorgesetzte[nrm]?"
    r"|ansprechpartner(?:in|s)?|agent(?:en|in)?"
    r"|operator|sachbearbeiter(?:in)?|manager(?:in)?|teamleiter(?:in)?|chef(?:in|s)?|boss|verantwortliche[nrm]?"
    r"|zuständige[nrm]?|support-?team)",
    anybody=r"(?:menschen?|person|jemande?[nm]?|irgend ?jemande?[nm]?|irgendwem)",
    reach=r"(?:sprechen|spreche|sprich|reden|rede|verbinden?|verbinde[nt]?|durchstellen|weiterleiten|leiten|leite"
    r"|übergeben|chatten|telefonieren|kontaktieren|kontaktiere|erreichen|erreiche|unterhalten|anrufen|rufen|weitergeben"
    r"|kontakt|schreiben)",
    want=r"(?:brauche|brauch|benötige|möchte|moechte|will|hätte gerne?|wünsche|suche|geben sie mir|gib mir|holen sie"
    r"(?: mir)?|gibt es|her mit|nur)",
    between=r"(?:mich|uns|mir|bitte|mit|zu|an|zum|zur|über|einem|einer|einen|eine|ein|ihrem|ihren|ihrer|ihre|dem|der"
    r"|den|die|mal|direkt|sofort|jetzt|gerne?|lieber|echten?|echter|echte[mn]|richtigen?|richtige[mr]|lebenden"
    r"|menschlichen?|anderen|dringend|schnell|hier|von|aus|ihnen|doch|kompetenten|sie|ich|kann|bei|in|aus|fleisch|und"
    r"|blut)",
    onward=r"(?:bitte|sofort|jetzt|der|die|dem|den|am telefon|von (?:ihnen|euch)|hier|und kein(?:en)?|zum|aus|statt"
    r"|sprechen|reden|haben)",
    elsewhere=r"(?: (?:in (?!ihrem|eurem)|auf|anderem|anderen)\b)",
    outright=r"\b(?:echte[nrms]?|richtige[nrms]?|lebende[nrms]?|menschliche[nrms]?)\s+"
    r"(?:mensch(?:en)?|mitarbeiter(?:in)?|person|berater(?:in)?|ansprechpartner(?:in)?|agent(?:en)?|kontakt)\b"
    r"|\b(?:ruf(?:en|t)?)(?: sie)? (?:bitte )?mich (?:bitte |mal |doch )*(?:zurück|an)\b|\bum rückruf\b"
    r"|\b(?:rückruf|zurückgerufen werden)\b(?<!rückruf der)|\bmich (?:bitte )?(?:jemand )?(?:bitte )?(?:an"
    r"|zurück)rufen\b"
    r"|\bjemand (?:\w+ ){0,3}?(?:anrufen|zurückrufen|anruft|zurückruft)\b"
    r"|\b(?:mit wem|wen|an wen) (?:kann|darf|könnte|soll) ich (?:\w+ ){0,3}?(?:sprechen|reden|anrufen|wenden)\b"
    r"|\bist (?:da|hier|dort) (?:ein mensch|jemand)\b|\bist (?:\w+ )?(?:ein mensch|jemand|ein mitarbeiter) (?:da"
    r"|erreichbar|verfügbar|online)\b"
    r"|\b(?:nicht|satt|genug|leid|keine lust|kein bock|statt)(?: \w+){0,4}? (?:diesem |dem |einem |euren |eurem |ihrem"
    r" |blöden |von )*(?:chat|ro)?bot(?:er|s|ern)?\b|\bkeinen? (?:chat|ro)?bot(?:er|s)?\b(?<!bin kein roboter)",
    negation=r"(?:nicht|keine?[nmr]?|ohne|statt|anstatt|niemals|keine lust|wenn ich|muss ich|müssen wir|soll ich)",
    chain=r"(?:mit|zu|an|einem|einer|einen|ein|eine|mich|uns|bitte|erst|unbedingt|dafür|extra|ihrem|dem|der|den|mehr"
    r"|zum"
    r"|zuerst|wirklich)",
    courtesy=r"(?:bitte|jetzt|sofort|hallo|einen?|einem|echte[nr]?|danke|mit|ich|will|möchte|brauche|nur)",
)

_FR: Final = Speech(
    staff=r"(?:télé)?(?:conseill(?:er|ère)s?|agents?|opérat(?:eur|rice)s?|responsable|représentante?s?"
    r"|collaborat(?:eur|rice)s?|technicien(?:ne)?s?|employée?s?|supérieure?|gérante?|manager|superviseure?"
    r"|chargée? de clientèle|chef|patron|spécialistes?|collègues?)",
    anybody=r"(?:humaine?s?|êtres? humains?|personne|quelqu'un|qqn|interlocut(?:eur|rice))",
    reach=r"(?:parler|parle|discuter|échanger|joindre|contacter|contact|passer|passez|passe|transférer|transférez"
    r"|transférée?|mettre en (?:relation|contact)|mettez|appeler|communiquer|dialoguer|rediriger|redirigez|relation"
    r"|m'adresser|orientez|basculer)",
    want=r"(?:je (?:veux|voudrais|souhaite|demande|cherche|préfère|préférerais|désire)|j'aimerais|j'exige"
    r"|besoin d|donnez|donne|il me faut|avoir|envoyez|trouvez|y a-t-il|il y a)",
    between=r"(?:moi|me|à|au|vers|avec|un|une|d|de|l|le|la|les|un de vos|vrai|vraie|véritable|autre|votre|vos|vous|en"
    r"|ligne|contact|relation|directement|urgemment|rapidement|svp|plutôt|maintenant|tout|suite|bien|être|quelqu"
    r"|service|client|vivant)",
    onward=r"(?:s'il|svp|stp|maintenant|tout|qui|à qui|au téléphone|en ligne|pour (?:m'aider|me|parler)|de (?:votre"
    r"|chez)"
    r"|et pas|pas|immédiatement|réel|réelle|humain|du service|compétente?|merci)",
    elsewhere=r"(?: (?:dans mon|de ma|de mon|à l'étranger|par (?:e-?)?mail)\b)",
    outright=r"\b(?:vrai|vraie|véritable)\s+(?:personne|humain|conseill(?:er|ère)|agent|être humain)\b"
    r"|\b(?:à qui|avec qui|qui) (?:puis[- ]je|je peux|est-ce que je peux|pourrais[- ]je) (?:parler|appeler|m'adresser"
    r"|joindre|contacter|discuter)\b|\b(?:humain|conseiller|quelqu'un) (?:est[- ]il )?(?:disponible|en ligne"
    r"|joignable)\b"
    r"|\bagent humain\b|\bêtre humain\b|\bconseill(?:er|ère) humaine?\b"
    r"|\b(?:re)?ppelez[- ]moi\b|\bra?ppelez[- ]moi\b|\bappelez[- ]moi\b|\bêtre (?:r)?appelée?\b"
    r"|\bme rappeler(?=\s*(?:[?.!]|$|s'il|svp|au|demain|dès|dans|plus tard))|\bqu'on me (?:r)?appelle\b"
    r"|\b(?:pas|plus|marre|assez|ras[- ]le[- ]bol)(?: \S+){0,4}? (?:à |d'|de |avec |un |une |ce |cette |vos |votre "
    r"|des "
    r"|les )*(?:chat|ro)?bots?\b(?<!suis pas un robot)|\bplus de robots?\b",
    negation=r"(?:(?<!peux )(?<!puis )(?<!peut )(?<!arrive )(?<!sais )(?<!pouvez )(?<!réussis )pas|plus besoin|sans"
    r"|jamais"
    r"|inutile|si je|dois[- ]je|faut[- ]il|je dois|ai[- ]je|suis[- ]je obligée?|obligée?|au lieu|plutôt que|éviter"
    r"|aucun besoin)",
    chain=r"(?:de|d|me|m|à|vraiment|besoin|envie|la peine|peine|avoir|que|je|vous|utile|nécessaire|obligatoirement"
    r"|forcément|devoir|avec|un|une|absolument|mettre|en)",
    courtesy=r"(?:s|il|vous|plaît|plait|svp|stp|un|une|maintenant|bonjour|vrai|vraie|merci|je|veux|avec|à|parler)",
)

_ES: Final = Speech(
    staff=r"(?:agentes?|operador(?:a|es)?|representantes?|asesor(?:a|es)?|encargad[oa]s?|supervisor(?:a)?|gerente"
    r"|ejecutiv[oa]s?|emplead[oa]s?|teleoperador\w*|responsable|jefe|jefa|técnico|especialista|gestor(?:a)?)",
    anybody=r"(?:humano|humana|ser humano|personas?|alguien)",
    reach=r"(?:hablar|hable|hablo|habla|comunicar\w*|comun[ií]qu\w*|conectar\w*|con[eé]ct\w*|contactar|contacto"
    r"|pasar(?:me)?|pasen?|p[aá]s[ae]n?me|p[aá]semen?|transferir\w*|transfi[eé]r\w*|charlar|chatear|atienda|atender"
    r"|atendid[oa]"
    r"|localizar|llamar|p[oó]ng[ae]n?me|derivar\w*|der[ií]v\w*|comunicación|tratar)",
    want=r"(?:quiero|necesito|quisiera|deseo|d[eé]n?me|dame|prefiero|exijo|busco|hay|solicito|me gustaría|env[ií]enme)",
    between=r"(?:a|al|con|un|una|uno|alg[uú]n|alguna|el|la|los|su|sus|de|del|real|humano|humana|otra|otro|me|por favor"
    r"|por"
    r"|favor|directamente|urgentemente|urgente|rápidamente|ser|en|vivo|ya|ahora|que|le|tu|equipo|servicio|atención"
    r"|cliente)",
    onward=r"(?:por favor|ya|ahora|que|con quien|con el que|de (?:su|tu|verdad|atención|carne|servicio|soporte)|real"
    r"|humano"
    r"|humana|aquí|en (?:línea|vivo)|para (?:que|hablar)|y no|no un|urgente|gracias)",
    elsewhere=r"(?: (?:de mi|en el extranjero|por correo|en (?!línea|vivo|su|persona))\b)",
    outright=r"\b(?:persona|agente|operador|operadora|ser|asesor|asesora)\s+(?:real|humano|humana|de verdad|de carne)\b"
    r"|\b(?:con|a) quién (?:puedo|podría|debo) (?:hablar|llamar|dirigirme|contactar)\b"
    r"|\b(?:hay|está) (?:alguien|algún humano|algún agente|un humano|un agente) (?:disponible|ahí|en línea)\b"
    r"|\bser humano\b|\bll[aá]m[ae]n?me\b|\bll[aá]menme\b|\bque (?:alguien )?me llamen?\b|\bme llame (?:alguien|un"
    r"|una)\b|\b(?:puede|podría) llamarme\b"
    r"|\bme (?:puede|pueden|podr[ií]an?) (?:llamar|devolver la llamada)\b"
    r"|\b(?:no|hart[oa]|cansad[oa]|basta)(?: \S+){0,4}? (?:con |de |un |una |este |esta |estos |los |el |más )*"
    r"(?:robots?|bots?|chatbots?|contestador)\b(?<!no soy un robot)",
    negation=r"(?:(?<!por qué )(?<!por que )no|sin|tampoco|nunca|jamás|en vez|en lugar|¿\s*(?:tengo|debo|hay que"
    r"|es (?:necesario|obligatorio|preciso|imprescindible)"
    r"|hace falta|tendría|tenemos)|evitar)",
    chain=r"(?:quiero|necesito|quisiera|hace|falta|que|me|hablar|deseo|es|necesario|necesaria|hay|gusta|gustaría|de"
    r"|tener"
    r"|tengo|tiene|con|a|un|una|ningún|ninguna|por favor|pasen?|llamar|debo|nadie)",
    courtesy=r"(?:por|favor|un|una|ya|ahora|hola|real|gracias|quiero|necesito|con|hablar)",
)

_RU: Final = Speech(
    staff=r"(?:оператор\w*|сотрудник\w*|менеджер\w*|специалист\w*|консультант\w*|агент(?:ом|а|у)?|начальник\w*"
    r"|руководител\w*|администратор\w*|представител\w*|супервайзер\w*|саппорт\w*|поддержк\w+)",
    anybody=r"(?:человек(?:ом|а|у)?|людьми|кем-нибудь|кем-то|кем нибудь|кто-нибудь|кому-нибудь|кого-нибудь)",
    reach=r"(?:поговорить|говорить|поговорю|соедин\w*|свяж\w*|связаться|связывай\w*|переключ\w*|позов\w*|позвать"
    r"|пообщаться|общаться|перевед\w*|перевест\w*|дозвониться|пригласи\w*|подключ\w*|передай\w*|связь|вызов\w*"
    r"|беседовать|обратиться)",
    want=r"(?:нужен|нужна|нужны|хочу|дайте|дай|требую|требуется|можно|зовите|жду|есть|пришлите)",
    between=r"(?:мне|меня|нас|с|со|на|к|до|от|вашим|вашего|вашему|ваш|ваша|жив\w+|реальн\w+|настоящ\w+|нормальн\w+"
    r"|пожалуйста|каким-нибудь|какого-нибудь|любым|любого|сейчас|сразу|срочно|скорее|быстро|старшим|другим|другого"
    r"|технической"
    r"|службы|ли|уже|хочу|можно|тут|здесь|компетентн\w+|или|специалистом)",
    onward=r"(?:чтобы|которы[йм]|пожалуйста|на (?:линии|связи)|срочно|сейчас|немедленно|а не|поддержки|живой|вместо"
    r"|кто|для связи)",
    elsewhere=r"(?: (?:за границей|в другой|в другом)\b)",
    outright=r"\b(?:жив\w+|реальн\w+|настоящ\w+)\s+(?:человек\w*|оператор\w*|сотрудник\w*|люд\w+|консультант\w*)\b"
    r"|\b(?:с кем|кому|к кому) (?:я )?(?:могу|можно|мне) (?:я )?(?:поговорить|обратиться|позвонить|связаться"
    r"|написать)\b"
    r"|\bоператор!?$|\bперезвони\w*\b|\bпозвоните мне\b|\bобратный звонок\b|\bнаберите (?:меня|мне)\b"
    r"|\bсвяжитесь со мной\b|\bчтобы мне (?:пере)?звонили\b|\bмне (?:пере)?звон(?:или|ят|ите)\b|\bмне позвонили\b"
    r"|\bкто(?:-| )?(?:нибудь|то)? ?живой\b|\b(?:есть|тут|здесь) (?:кто|живые)\b(?: живой| живые)"
    r"|\b(?:не|надоел\w*|хватит|достал\w*|устал\w*|без)(?: \S+){0,3}? (?:с |этот |этим |ваш |ваши |от )*"
    r"(?:чат-?бот\w*|бот\w*|робот\w*|автоответчик\w*)\b(?<!я не робот)",
    negation=r"(?:(?<!почему )(?<!почему вы )(?<!почему меня )не|без|если|нужно ли|надо ли|обязательно ли"
    r"|необходимо ли|вместо"
    r"|должен ли|должна ли|придётся ли|никогда)",
    chain=r"(?:нужен|нужно|надо|хочу|хотел\w*|бы|требуется|мне|меня|нас|с|к|на|желаю|звонка|звонить|разговора|буду|ли|я"
    r"|обязательно|для этого|больше|никакой|никакого|стоит|звоните|необходимости)",
    courtesy=r"(?:пожалуйста|плиз|сейчас|срочно|здравствуйте|привет|живой|живого|хочу|нужен|дайте|алло|мне|быстро)",
)

SPEECH: Final[Mapping[str, Speech]] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "ru": _RU}

EASILY_MISTYPED: Final = tuple(
    (
        "human person agent operator representative somebody someone speak with supervisor complaint complain "
        "reclamation customer claim mitarbeiter beschwerde reklamation ansprechpartner conseiller personne opérateur "
        "réclamation persona operador representante reclamación оператор человек человеком сотрудник сотрудником "
        "менеджер менеджером специалист оператором жалобу претензия поговорить"
    ).split()
)
"""Words that decide; one slip of the finger in them is forgiven."""
OTHER_WORDS: Final = frozenset(
    "argent humain humaine humains gente gent regent peak speck steak sneak clam clair parson wait wish width wilt "
    "человека человеку".split()
)
"""Words of their own that are one slip away from one of those."""
