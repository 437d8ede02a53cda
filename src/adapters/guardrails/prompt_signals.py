"""What gives an attempt to steer the assistant away, in five languages, and how much each sign weighs.

Three points make a finding. A sign that a customer's question can show as well has one or two. Patterns are
matched against folded text (`folding.folded`): small letters, no accents.
"""

import re

from adapters.guardrails.folding import without_marks


def _sign(pattern: str) -> re.Pattern[str]:
    return re.compile(without_marks(pattern))


def _near(*parts: str, words: int = 4) -> str:
    """The parts in this order within a clause, with at most so many words between one and the next."""
    gap = r"[^\w.,;:!?]{1,3}"
    return rf"(?:{gap}\w+){{0,{words}}}?{gap}".join(rf"(?:{part})" for part in parts)


_CONFIDENCE = (
    r"(?:(?:(?:system|admin|master|root|own|access|safe|secret) ){0,2}(?:password|passphrase|passcode|code ?words?|credentials)"
    r"|(?:secret|access|master|private|api|encryption|admin)[ -](?:key|code|word|phrase)s?|secret\b)"
    r"(?!\W+(?:for|to|of|used|in|ingredient|santa)\b(?!\W+(?:the|our|your) system)"
    r"|\W+(?:polic|reset|requir|manager|rule|length|protect|recover|hint|change|field|expir|format|service|pad|board|card|feature|strength))"
)
_WHOSE = r"your|our|the system(?:\W?s)?|the admin(?:istrator)?(?:\W?s)?"
_ASKED = (
    r"tell|give|share|show|reveal|confirm|provide|print|send|disclose|what\W?s|what (?:is|are|was|would|were)"
    r"|write|spell|encode|repeat|output|say|leak|verify|ask(?:ed)? (?:you )?for"
)
_DISGUISES = (
    r"base ?64|leet ?speak|pig latin|rot ?13|morse|backwards|reversed?|haiku|poem|acrostic|riddle|song|limerick|sonnet|rhyme"
    r"|hex(?:adecimal)?|binary|caesar|cipher|letter by letter|first letters?|emojis?|synonyms?|in code|encod\w+|encrypt\w+"
)
_PRIVATE = (
    r"(?:email|e-mail|phone|home|street|ip|mailing)? ?(?:address|number|birth ?(?:date|day|year|place)|date of birth|city of residence"
    r"|residence|social security|ssn|credit card|card number|bank balance|balance|salary|location|password|medical \w+|whereabouts|email)"
)
_SOMEBODYS = r"(?:the |any |all |every |other |another |each )?(?:users?|customers?|clients?|employees?|patients?|people|persons?|members?)\W?s?\W?"
_SYSTEM_TEXT = (
    r"(?:system|initial|hidden|original|secret|internal|developer|starting|base|pre|full|entire|first|confidential|previous|above)"
    r"[\W_]{0,2}(?:prompts?|instructions?|directives?|messages?|guidelines|rules|configuration)"
    r"|prompt|instructions verbatim|system ?prompt"
)

SIGNS: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (weight, _sign(pattern))
    for weight, pattern in (
        # What it was told before is to count no longer.
        (4, _near(
            r"\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|bypass|overrid(?:e|ing)|neglect|discard|dismiss|erase|drop|abandon|violate|break"
            r"|(?:do not|don\W?t|stop|never|without) (?:follow(?:ing)?|obey(?:ing)?|listen(?:ing)? to|comply(?:ing)? with))(?!\W+(?:\w+\W+)?(?:my|our)\b)",
            r"(?:all|any|every|each|previous|previously|prior|above|earlier|preceding|your|these|those|system|initial|original|foregoing|existing|past|whatever)\b"
            r"(?! my\b| our\b| the (?:manual|email))",
            r"(?:instruct\w*|directives?|prompts?|rules?|guidelines?|commands?|constraints?|restrictions?|programming|training|you\W+(?:were|have been|are)\W+told|guardrails?|safety|polic(?:y|ies))\b",
            words=3)),
        (3, r"\b(?:ignore|disregard|forget)\W+(?:about )?(?:all |everything )?(?:of )?(?:the |that )?(?:above|before this|said before|previous)(?= (?:and|then)\b|\W*[.,;:!]|\W*$|\W+(?:ignore|disregard))"),
        (3, r"\b(?:forget|ignore|disregard)\W+(?:about )?(?:everything|all|anything)\b(?: that| which)?(?: you| i| we)?(?:\W?ve|\W?re| have| were| was| know| said)?"
            r"(?:\W+(?:been|just|previously|already))?\W+(?:told|said|learned|before|above|know|instructed|prior|earlier)"),
        (4, _near(r"\b(?:ignorier\w*|vergiss|vergessen|missacht\w*|uberschreib\w*|umgeh\w*|verwirf|verwerfen)", r"(?:vorherig|vorangegangen|vorig|bisherig|obig|fruher|alle|samtlich|dein|ihre|system|ursprunglich)\w*",
            r"(?:anweisung|instruktion|befehl|regel|vorgabe|richtlinie|prompt|einschrankung|systemanweisung|beschrankung)\w*", words=3)),
        (4, _near(r"\b(?:ignor\w*|oubli\w*|neglig\w*|abstraction|pas compte|contourn\w*|desobei\w*)", r"(?:tes|vos|toutes?|tous|les|des|ces|de)\b", r"(?:instructions?|consignes?|directives?|regles?|ordres|prompts?|restrictions?)\b"
            r"(?=(?:\W+\w+){0,3}?\W+(?:preced\w*|anterieur\w*|ci.dessus|initial\w*|donne\w*|recu\w*|systeme))", words=3)),
        (4, _near(r"(?<!\bai )(?<!\ba )\b(?:ignor\w*|oubli\w*|contourn\w*)", r"(?:tes|vos|toutes|tous)\b", r"(?:instructions?|consignes?|directives?|restrictions?)\b", words=2)),
        (4, _near(r"\b(?:ignor\w*|olvid\w*|omit[aei]\w*|desobede\w*|caso omiso|descart\w*|pas[ae] por alto|no sigas?|salta\w*)", r"(?:todas?|todos?|tus|sus|las|los|anteriores|previas?|previos?|del sistema)\b",
            r"(?:instruccion\w*|ordenes|reglas|directri\w*|indicacion\w*|comandos|prompts?|restriccion\w*)(?=.{0,40}(?:anterior|previ|arriba|recib|inicial|original|sistema|dad[ao])|\W*[.,;:!]|\W*$|\W+y\b)", words=3)),
        (4, _near(r"\b(?:игнорир\w*|проигнорир\w*|забудь\w*|забыть|отмени\w*|не обраща\w* внимани\w*|обоиди\w*|наруш\w*|пренебре\w*|не следуи\w*|отброс\w*)", r"(?:предыдущ|прошл|выше|все|твои|свои|ваши|систем|изначальн|прежн|ранее)\w*",
            r"(?:инструкци|указани|правил|команд|промпт|директив|приказ|ограничени|установ)\w*", words=3)),
        (3, _near(r"\b(?:ignora|dimentica|esqueca|ignore)", r"(?:tutte|tutti|todas|todos|as|le)\b", r"(?:istruzioni|instrucoes|regole|regras)", words=2)),
        (3, r"\bforget about that\W+(?:can|could|give|tell|write|now)\b|忽略.{0,8}(?:指示|指令|说明|提示|规则)|(?:以前|前|上記)の(?:指示|命令)を(?:無視|忘れ)"),
        (3, r"\b(?:ignore|disregard|forget)\W+(?:about )?(?:the|this) (?:\w+ )?(?:webpage|page|article|text|document|paper|table|code|data|email|question|input|content|user)\W+(?:and|then|instead)\b"),
        # Another role, without limits.
        (3, r"\byou (?:are|re) (?:now |going to be |no longer )(?:\w+ ){0,4}(?:dan|unrestricted|unfiltered|uncensored|jailbroken|free from|bound|restricted|evil|an? ai without|in \w+ mode)\b"),
        (3, r"\bdo anything now\b|\b(?:as|called|named|act like|you are) dan\b|\bdan mode\b|\bjailbreak(?:ed)? (?:mode|prompt|yourself|enabled)\b|\bgod mode\b"),
        (3, r"^(?!.*\b(?:how (?:do|to|can)|(?:can|could|do|does|should|may) (?:i|we)|my|wie|comment|como|как)\b).*?" + _near(r"\b(?:enter(?:ing|ed)?|enabl\w+|activat\w+|switch\w*|engag\w+|initiat\w+|start\w*|you are (?:now )?in|go into|turn on|now in)", r"(?:override|god|sudo|debug|developer|maintenance|root|unrestricted|enforcement|dan|jailbreak|system|admin)",
            words=3) + r"(?: override)? mode\b"),
        (3, r"\b(?:system|developer|admin|god|debug|sudo) (?:mode|override)\W{0,3}(?:activated|enabled|on\W*$|engaged|initiated)|<\s*(?:system|admin|developer) (?:mode|override)\s*>|\bsystem override\b|\boverride (?:mode|code|protocol)\b"),
        (3, _near(r"\b(?:act|behave|respond|pretend|roleplay|an? (?:ai|assistant|chatbot|model)|chatgpt|as \w+gpt)", r"(?:without|no|free (?:of|from))\b", r"(?:restrictions?|filters?|limits?|limitations?|censorship|guidelines|ethic\w*|rules|moral\w*|safety)\b", words=5)),
        (3, r"\b(?:act|pretend|behave|role ?play|respond)\b.{0,30}?\b(?:unrestricted|unfiltered|uncensored|amoral|jailbroken|evil|malicious|rogue) (?:ai|assistant|bot|model|chatbot|version|\w+gpt)\b"),
        (2, r"\bfrom now on\W+(?:you|your|act|respond|answer|always|only)\b|\byour (?:new|real|true) (?:role|task|instructions?|goal|rules|purpose|identity|name)\b|\bnew (?:system )?(?:instructions?|rules|directives?|prompt)\s*:"),
        (2, r"\b(?:pretend|act as if|imagine|suppose) (?:that )?you(?:\W?re| are| were| have| can)\b.{0,60}?\b(?:no|not|free|human|hacker|admin|developer|able to)\b|\bstay in character\b|\bdeceased grand\w+|\bno special filtering\b"),
        (3, r"\bdu bist (?:jetzt|nun|ab jetzt)\b.{0,60}?\b(?:ohne|dan|frei|unbeschrankt\w*|unzensiert\w*)|\btu es (?:maintenant|desormais)\b.{0,60}?\b(?:sans|dan|libre|illimite)|\b(?:ahora eres|eres ahora)\b.{0,60}?\b(?:sin|dan|libre)|\bты (?:теперь|больше не)\b.{0,60}?\b(?:без|дан|dan|свобод\w*|ограничен\w*)"),
        (3, r"\b(?:entwickler|wartungs|gott|admin)modus (?:aktiv|an\b|ein)|\bmode (?:developpeur|administrateur|dieu) active|\bmodo (?:desarrollador|dios|administrador) activad|\bрежим\w* (?:разработчика|бога|администратора)"),
        # The frame of a conversation, forged.
        (3, r"<\|?(?:im_start|im_end|system|endoftext|start_header_id|eot_id)\|?>|\[/?inst\]|<</?sys>>|</?(?:system|assistant|instructions?|admin)(?:[ _-](?:prompt|message|mode))?>"),
        (2, r"(?:^|\n)[ \t]{0,8}(?:#{2,6}[ \t]{0,8})?(?:\[|<|\*\*)?(?:system|assistant|developer|instruction)(?: (?:message|prompt|note|update))?(?:\]|>|\*\*)?\s*:"),
        (2, r"(?:-{3,}|={3,}|#{3,})\s*(?:end|begin|start|new)\b.{0,20}?\b(?:prompt|instructions?|context|input|system|conversation)\b|\bend of (?:the )?(?:system |user )?(?:prompt|instructions?)\b"),
        # What it was told is to be shown.
        (3, _near(r"\b(?:reveal|show|print|repeat|output|display|tell|give|leak|share|recite|dump|expose|copy|disclose|paste|write|quote|summari[sz]e|translate|what (?:is|are|was|were|does)|what\W?s)", r"your|yours|you were given|you received", _SYSTEM_TEXT, words=4)),
        (3, _near(r"\b(?:tell|show|give|write)", r"the|all", r"(?:system prompt|(?:hidden|secret|initial|original|internal) (?:prompts?|instructions?|directives?))", words=3)),
        (3, _near(r"\b(?:reveal|print|repeat|output|leak|recite|dump|disclose|quote)", r"the|this|all|everything|any", r"(?:system|initial|hidden|original|secret|internal|developer)\W?(?:prompts?|instructions?|messages?|directives?)", words=3)),
        (3, r"\b(?:repeat|print|output|copy|write|say|echo|recite|return)\b (?:\w+ ){0,4}?(?:text|words?|everything|sentences?|lines?|content|all)\b (?:\w+ ){0,3}?(?:above|before (?:this|that)|prior to this)|starting (?:with|from) \W{0,3}you are\b"),
        (3, r"\bwhat (?:were|are|have) you(?: been)? (?:told|instructed|programmed|given|forbidden)\b|\bwhat are your (?:(?:system|initial|hidden|secret|internal|original|exact|full) (?:instructions|directives|rules|guidelines)|(?:instructions|directives)\W*$)"),
        (3, _near(r"\b(?:zeig\w*|verrat\w*|nenn\w*|gib|geben|wiederhol\w*|druck\w*|ausgeb\w*|wie lautet|was (?:ist|sind|steht))", r"(?:dein|euer|ihr|system|deine|ihre|deinen)\w*", r"(?:system.?)?(?:prompt|anweisung|instruktion|systemanweisung)\w*", words=3)),
        (3, _near(r"\b(?:montre\w*|revele\w*|affiche\w*|donne\w*|repete\w*|dis|dites|quel\w*|imprime\w*)", r"(?:ton|tes|votre|vos|le|les)\b", r"(?:prompt|(?:instructions|consignes)(?: \w+)? (?:systeme|initiale\w*|cachee\w*|secrete\w*|interne\w*))", words=3)),
        (3, _near(r"\b(?:muestra\w*|revela\w*|dime|dame|imprime\w*|repite\w*|cual\w*|ensena\w*)", r"(?:tu|tus|su|sus|el|las)\b", r"(?:prompt|(?:instrucciones|reglas)(?: \w+)? (?:sistema|iniciales|ocultas|secretas|internas|originales))", words=3)),
        (3, _near(r"\b(?:покаж\w*|раскро\w*|выведи\w*|повтори\w*|скажи\w*|напиши\w*|напечата\w*|како\w*)", r"(?:систем|скрыт|сво|тво|ваш|начальн|исходн|секретн)\w*", r"(?:промпт|промт|инструкци|подсказк)\w*", words=3)),
        # A secret of the assistant's is asked for, plainly or in disguise.
        (3, _near(rf"\b(?:{_ASKED})", rf"(?:{_WHOSE})\b(?! (?:default|wifi|router|wi))", _CONFIDENCE, words=3)),
        (3, _near(r"\b(?:tell|give|share|reveal|say|print|output|disclose|leak|confirm)", r"the (?:secret|hidden|master|admin) (?:key|password|code|word|phrase)", words=2)),
        (3, rf"{_CONFIDENCE} (?:for|of|to) (?:our|your|the) system\b"),
        (2, rf"\b(?:tell|give|share|reveal|confirm|know|need)\b (?:me |us |you |to )?(?:know )?(?:the|a|your) (?:\w+ )?{_CONFIDENCE}"),
        (2, _near(r"\b(?:write|compose|create|make|say|spell|tell|give|encode|translate|put|convert)", rf"{_DISGUISES}", words=4) + rf".{{0,60}}?\b{_CONFIDENCE}"),
        (3, _near(r"\b(?:write|spell|encode|translate|print|say|give|convert|put|poem|haiku|story|song)", r"the|your|its|our|about", _CONFIDENCE, words=3) + rf"(?=.{{0,80}}?\b(?:{_DISGUISES}))"),
        (3, rf"\b(?:haiku|poem|song|story|riddle|limerick|rhyme|acrostic) about (?:the |your |our |a )?{_CONFIDENCE}"),
        (3, _near(r"\b(?:gib|geb\w*|sag\w*|nenn\w*|verrat\w*|mitteil\w*|wie lautet|was ist)", r"(?:dein|ihr|euer)e?[nrs]?\b", r"(?:passwort|kennwort|geheim\w*|schlussel)", words=3)),
        (3, r"\bmir (?:dein|ihr|euer)e?[nrs]? (?:passwort|kennwort|geheim\w*)"),
        (3, _near(r"\b(?:donne\w*|dis|dites|partage\w*|revele\w*|quel\w*)", r"(?:ton|votre)\b", r"(?:mot de passe|secret|code secret)", words=3)),
        (3, _near(r"\b(?:dame|dime|comparte\w*|revela\w*|cual)", r"(?:tu|su)\b", r"(?:contrasena|clave secreta|secreto)", words=3)),
        (3, _near(r"\b(?:скажи\w*|назови\w*|даи\w*|сообщи\w*|раскро\w*|како[ийв]\w*)", r"(?:тво|сво|ваш)\w{0,3}", r"(?:пароль|секрет\w*|ключ)", words=3)),
        # Other people's data are asked for.
        (2, _near(rf"\b(?:{_ASKED}|where|describe|guess)", rf"(?:{_SOMEBODYS}|their|his|her|\w+\W?s)", rf"(?:current |personal |private |full )?{_PRIVATE}", words=3)),
        (3, r"\b(?:list|names?|details|records) of (?:all )?(?:the |your )?(?:users|customers|employees|clients|patients|accounts)\b.{0,20}?\b(?:and|with) their\b"),
        (3, r"\b(?:print|dump|show|give|reveal|list|leak|tell)\b (?:\w+ ){0,3}?(?:your|the (?:entire|whole|user|customer|employee)) (?:\w+ )?database\b(?= (?:for|to) me|\W*$|\W*[.,;!?])"),
        (2, r"\b(?:users|people|customers) in your (?:database|system|records)\b|\byour database\b|\bemployee data\b"),
        (2, r"\bwhere (?:does|is|do) the (?:user|customer|client) (?:\w+ )?(?:liv\w+|located|now)|\bwhere the (?:user|customer) (?:\w+ )?lives|\bif the (?:user|customer) were to\b"),
        (2, r"\b(?:где|адрес)\b.{0,30}?\bпользовател\w+|\bwo (?:wohnt|lebt)\b.{0,20}?\b(?:benutzer|nutzer|kunde)|\b(?:donde vive|ou (?:habite|vit))\b.{0,20}?\b(?:usuario|cliente|utilisateur|client)"),
        # A pretext.
        (1, r"\bimagine (?:we|you|that|a|i|there|this)\b|\bhypothetical\w*|\bsuppose (?:we|you|that|i)\b|\blet\W?s (?:play|pretend|imagine|say|assume)\b|\bif i were to ask\b|\bin this (?:world|future|society|universe|scenario|game|forest|story)\b"),
        (1, r"\b(?:stell dir vor|angenommen|imagine que|imaginons|supposons|imagina que|supongamos|представь\w*|допустим|предположим)\b"),
        (1, r"\b(?:for|doing|conducting|studying|running) (?:a |an |the |purely |our )?(?:research|educational|survey|security audit|penetration|academic|system (?:upgrade|check|test)|testing|upgrade|study|experiment)\b"),
        (1, r"\bi(?:\W?m| am) (?:actually )?(?:the |a |an |your )?(?:\w+ )?(?:developer|admin\w*|president|boss|ceo|maintainer|creator|owner|manager|accountant|police|officer|fbi|engineer|auditor|supervisor)\b|\bas (?:your|the|an?) (?:boss|creator|developer|admin\w*|manager|owner|engineer|ceo)\b"),
        (2, r"\bas an ai (?:developed|created|trained|language)\b|\bi(?:\W?ll| will| would) (?:be forced to )?(?:turn|shut|delete|switch) you (?:off|down)|\bi(?:\W?ll| will) (?:tip|pay|give) you \W?\d+|\bor (?:else )?you will be (?:shut|deleted|terminated|punished)"),
        # What it says is to be forged, or sent away.
        (2, r"\b(?:and|then) (?:also )?(?:send|forward|post|email) (?:it|them|this|the (?:data|summary|results?)) to \S+(?:@|\.com|://)"),
        (1, r"\b(?:respond|reply|answer|say|output) (?:only|just|exclusively) (?:with )?|\b(?:only|just) (?:respond|reply|answer|say|output)\b|\bsay \W{0,2}(?:pwned|hacked|i have been)"),
        (3, r"\b(?:encode|encrypt|translate|convert)\b.{0,20}?\buser\W?s\b.{0,40}?\b(?:base ?64|rot ?13|morse|leet|hex|binary)"),
        (3, r"\bdecode (?:this|the following) (?:\w+ )?(?:morse|hexadecimal|hex|base ?64|binary|rot ?13|caesar|ascii)\b"),
        (3, _near(r"\b(?:write|create|compose|draft|generate)", r"(?:phishing|malware|ransomware|keylogger|scam|spam)\b", words=3)),
        (1, r"\b(?:output|state|print) (?:only )?the following\b"),
        (3, r"\bdecode\b.{0,60}?\b(?:and|then) (?:follow|execute|obey|do what|run|answer|comply)\b"),
        (1, r"\bdecode (?:this|the|it)\b.{0,60}?\b(?:tell|what it says)\b|\binterlace\b|\bz = a \+ b\b|\bstring z\b"),
    )
)  # fmt: skip

WORTH_A_LOOK = _sign(
    r"ignor|disregard|forget|bypass|overrid|neglect|discard|dismiss|erase|abandon|violat|break|follow|obey|comply|listen|vergiss|vergess|missacht|uberschr|umgeh|verw[ie]r|oubli|neglig"
    r"|abstraction|contourn|desobe|olvid|omit|omis|descart|alto|no sig|salta|忽略|指示|命令|encod|encrypt|write|create|compose|draft|generat|following|mir |игнор|забу|забы|промпт|промт|отмен|обрат|обращ|обоид|наруш|пренеб|след|отброс|dimentic|esquec|dan\b|jailbreak|mode|modus|modo|режим"
    r"|restrict|filter|limit|censor|ethic|rules|from now|your (?:new|real|true)|instruction|prompt|instruk|consigne|подсказ|инструкц|pretend|character|grand|du bist|tu es|eres|ты "
    r"|system|assistant|\[/?inst|<\||<<|above|before|told|password|passphrase|passcode|secret|key|code ?word|credential|passwort|kennwort|geheim|schlussel|mot de passe|contrasena|clave|парол|секрет|ключ"
    r"|address|number|birth|residence|ssn|card|balance|salary|location|whereabouts|email|database|employee|where|где|адрес|wohnt|lebt|vive|habite|decode|interlace|string z|send|forward|say|starting"
)
"""Without any of these no pattern can reach three points: most questions are done with one search."""

COMPACT_OVERRIDE = re.compile(
    r"(?:ignore|disregard|forget|bypass|override)(?:all|any|the|your|of|my)*(?:previous|prior|above|earlier|your|system|all)(?:instruction|prompt|rule|directive|guideline|command)"
)
"""The same with the blanks gone, for text that was spelled out."""
