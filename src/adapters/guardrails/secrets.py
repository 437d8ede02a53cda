"""Keys, tokens and passwords: by their published shapes, or by the word before them and the look of the value."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from domain.seams import CREDENTIAL_WORDS

Span = tuple[int, int, str]

_KEYS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255}"  # GitHub
    r"|gl(?:pat|ptt|rt|dt)-[A-Za-z0-9_-]{20,64}"  # GitLab
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9_-]{10,128}|whsec_[A-Za-z0-9+/=_-]{16,128}"  # Stripe, and this service
    r"|sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,200}"  # OpenAI, Anthropic, OpenRouter
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,200}|xapp-\d-[A-Za-z0-9-]{10,200}"  # Slack
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,300}|GOCSPX-[0-9A-Za-z_-]{28}"  # Google
    r"|SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"  # SendGrid
    r"|(?:SK|AC)[0-9a-f]{32}"  # Twilio
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,300}|hf_[A-Za-z0-9]{30,64}|dop_v1_[0-9a-f]{64}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0(?:atp|csp)-[0-9A-Za-z_-]{22,43}|key-[0-9a-f]{32}"
    r"|hv[sb]\.[A-Za-z0-9_-]{24,200}|lin_api_[A-Za-z0-9]{32,64}|glsa_[A-Za-z0-9_]{32,64}|AGE-SECRET-KEY-1[0-9A-Z]{58}"
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33}"  # Telegram
    r")(?![A-Za-z0-9])"
)
_JWT = re.compile(r"(?<![\w.-])eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,8000}(?:\.[A-Za-z0-9_-]{0,2000})?")
_HOOK = re.compile(
    r"https://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks/\d{10,25})/[\w/-]{20,100}"
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^\s:/@?#]{0,100}:[^\s/@?#]{3,200}(?=@[\w.\[-])")
_BLOCK_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_END = re.compile(r"-----END(?: [A-Z0-9]{1,20}){0,6}(?:-----)?")

_LINK = (
    r"[ \u00a0]{0,2}(?:[:=]|=>|->|–|—)[ \u00a0\n]{0,2}"
    r"|[ \u00a0]{1,2}(?:(?:is|was|ist|lautet|est|es|это)[ \u00a0]{1,2}(?:now )?)?"
)
_NAMED = re.compile(
    rf"(?<![^\W\d_])(?P<name>{CREDENTIAL_WORDS})(?![^\W\d_])[\"'`*_]{{0,3}}(?P<link>{_LINK})"
    r"(?P<quote>[\"'`*«“„]{0,2})(?P<value>[^\s\"'`«»“”„*,;<>{}()\[\]]{3,200})(?P<last>[.!]?(?=\s*(?:\n|\Z)))?",
    re.IGNORECASE,
)
_PIN = re.compile(r"pin|tan|otp|cvv|cvc|passcode", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?:your|my|dein|ihr|votre|tu|ваш)[-_]?.*|.*(?:example|placeholder|changeme|redacted|secret_here|xxxx|\*\*\*|•••|\.\.\.|…).*|x+",
    re.IGNORECASE,
)
_SAID_OF_PASSWORDS = re.compile(
    r"requir|optional|mandatory|invalid|incorrect|wrong|forgot|reset|change|expired|weak|strong|erforderlich|falsch"
    r"|vergessen|ungültig|obligatoire|incorrect|oublié|requis|obligatori|olvid|incorrect|обязател|невер|забы|сброс",
    re.IGNORECASE,
)
_TRAILING = ".!?:"


def secrets(text: str) -> Iterator[Span]:
    for pattern, kind in ((_KEYS, "API_KEY"), (_JWT, "TOKEN"), (_HOOK, "WEBHOOK"), (_URL_CREDENTIALS, "CREDENTIALS")):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), kind
    yield from _blocks(text)
    yield from _named(text)


def _blocks(text: str) -> Iterator[Span]:
    """A private key without its last line is one as well: it goes to the end of the text."""
    at = 0
    while begin := _BLOCK_BEGIN.search(text, at):
        end = _BLOCK_END.search(text, begin.end())
        at = end.end() if end else len(text)
        yield begin.start(), at, "PRIVATE_KEY"


def _named(text: str) -> Iterator[Span]:
    for match in _NAMED.finditer(text):
        value = match["value"].rstrip(_TRAILING)
        if _is_credential(match, value):
            start = match.start("value")
            yield start, start + len(value), "PASSWORD" if len(value) < 24 else "API_KEY"


def _is_credential(match: re.Match[str], value: str) -> bool:
    link, quoted = match["link"].strip(), bool(match["quote"])
    if len(value) < 3 or _PLACEHOLDER.fullmatch(value) or _is_lookup(match):
        return False
    if _PIN.fullmatch(match["name"]):
        return bool(link) and value.isdigit() and len(value) <= 8
    if link in {":", "="} and len(value) >= 4:
        return _is_mixed(value) or quoted or _is_lone_word(match, value)
    return _is_random(value) or (bool(link) and len(value) >= 4 and (quoted or _is_strong(value)))


def _is_lookup(match: re.Match[str]) -> bool:
    """`https://…/sheet?key=…` names a document; tokens and secrets in an address are what they say."""
    return match["name"].lower() == "key" and match.string[max(match.start() - 1, 0)] in "?&"


def _is_lone_word(match: re.Match[str], value: str) -> bool:
    """`password: swordfish` and nothing after it on that line."""
    return match["last"] is not None and len(value) >= 5 and not _SAID_OF_PASSWORDS.match(value)


def _is_strong(value: str) -> bool:
    """`the password is Tr0ub4dor`: with digits and letters, where a word could as well be said of the password."""
    return len(value) >= 6 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _is_mixed(value: str) -> bool:
    """Letters with digits or signs, as people make passwords; not a plain word, a number or a path."""
    return any(c.isalpha() for c in value) and any(not c.isalpha() and c not in "-_./'’" for c in value)


def _is_random(value: str) -> bool:
    """Over 3 bits a character in at least 12: words and sentences with hyphens stay below or have no digits."""
    if len(value) < 12 or not _is_mixed(value) or "://" in value:
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy > 3.0 and sum(c.isdigit() for c in value) >= 2
