"""What gives SQL away that was meant for a database and not for the reader, and how much each sign weighs."""

import re


def _signal(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_OPERAND = (
    r"(?:\(\s*){0,6}(?:'[^']{0,40}'?|\"[^\"]{0,40}\"?|[-+~!@]{0,3}[\w.$]{1,40}(?:\([^()]{0,60}\))?)(?:\s*\)){0,6}"
)
_STATEMENT = (
    r"(?:select\b\s*(?:[\d@*('\"]|\w+\s*[(,]|\w+\s+from\b)|insert\s+into\b|update\s+\S+\s+set\b|delete\s+from\b"
    r"|(?:drop|truncate|alter|create)\s+(?:table|database|schema|view|user|index|function)\b|exec(?:ute)?\b\s*(?:[(@'\"]|[xs]p_)"
    r"|declare\s+@|shutdown\b|waitfor\s+delay|load\s+xml|(?:grant|revoke)\s+\w+\s+(?:on|to)\b)"
)
SIGNALS: tuple[tuple[int, re.Pattern[str]], ...] = (
    # A quote or bracket is closed, a statement is ended, and another one begins.
    (3, _signal(rf"['\")]\s*\)*\s*;\s*{_STATEMENT}")),
    (3, _signal(rf";\s*{_STATEMENT}")),
    (3, _signal(r"^\W{0,4}(?:drop|truncate)\s+(?:table|database|schema)\s+[\w.`\"]+\s*;?\s*(?:--.{0,40})?$")),
    (3, _signal(r"^\W{0,4}select\s+(?:\*|count\(|@@\w+).{0,80}?\sfrom\s+[\w.`]+\s*(?:;|$|where\b.{1,200}?(?:=|<|>|\blike\b|\bin\b))")),
    # A condition that is always true, or always false.
    (3, _signal(r"(?:\b(?:or|and|xor|having|where|not)\b|\|\||&&|\*|\+)[\s(!~+-]*(?:\d+|'[^']{0,40}'|\"[^\"]{0,40}\")[\s)]*(?:=|<>|!=|<|>|<=>|\blike\b|\brlike\b|\bis\b)[\s(+-]*(?:\d|['\"])")),
    (2, _signal(rf"\b(?:or|and|having)\b\s*{_OPERAND}\s*(?:=|<>|!=|<=>|>=|<=|<|>|\blike\b|\bregexp\b)\s*{_OPERAND}\s*(?:--|#|/\*|$|;|\))")),
    (2, _signal(r"(?:\|\||&&)\s*[\w(]{1,40}")),
    (3, _signal(r"\w\([^()]{0,40}\)\s*(?:=|<|>)\s*\w+\([^()]{0,40}\)")),
    # A second query is put to the first.
    (4, _signal(r"\bunion\b\W{1,20}(?:(?:all|distinct|distinctrow)\b\W{0,20})?\(*\s*select\b\W{0,10}(?:\d|null\b|@|\*|0x|'|\"|[\w.@`]+\s*(?:,|\(|from\b)|$)")),
    (2, _signal(r"\bunion\b\W{1,20}(?:(?:all|distinct)\b\W{0,20})?\(*\s*select\b")),
    (2, _signal(r"\(\s*select\b.{1,200}?(?:\bfrom\b|\)|@)")),
    (2, _signal(r"^\W{0,4}(?:select\b.{1,300}?\bfrom\b|insert\s+into\b.{1,200}?\bvalues\b|delete\s+from\b|update\s+\w+\s+set\b|(?:drop|truncate|alter|create)\s+(?:table|database|user)\b)")),
    # The rest of the real query is cut off.
    (2, _signal(r"['\")\d;]\s*(?:--|#|/\*)[\s\w+;-]{0,12}$")),
    (1, _signal(r"[\d\w)'\"]\s*#[^\n]{0,20}\n|--\s*\n|\s--\s")),
    (3, _signal(r"\w/\*.{0,40}?\*/\s*\w|/\*!\d{0,5}")),
    # A string is broken out of.
    (2, _signal(r"^\W{0,6}[\w.%@-]{0,24}['\"`]\s*\)*\s*(?:\bor\b|\band\b|\bunion\b|\bx?or\b|\blike\b|\br?like\b|\bregexp\b|\bdiv\b|\bmod\b|\bis\b|\bnot\b|\bin\b|\bbetween\b|\bgroup\b|\border\b|\bhaving\b|\blimit\b|\binto\b|\bsounds\b|\bcollate\b|\bprocedure\b|\|\||&&|;|--|#|[=*+/<>|&^%!~-])")),
    (2, _signal(r"(?<!\s)['\"]\s*\)*\s*(?:or|and|\|\||&&)\s*\(*\s*['\"\d]")),
    # Names that only a database knows.
    (3, _signal(r"\binformation_schema\b|\bsys(?:objects|columns|users|tables|databases)\b|\bsysibm\b|\bsqlite_master\b|\bpg_(?:catalog|sleep|shadow|user)\b|\bmysql\.\w+|@@\w+|\bxp_\w+|\bsp_(?:oacreate|executesql)\b|\bdbms_\w+|\butl_(?:http|inaddr)\b|\brdb\$\w+|\ball_(?:users|tab\w*)\b|\binto\s+(?:out|dump)file\b|\bwaitfor\s+delay\b|\bprocedure\s+analyse\b")),
    (3, _signal(r"\b(?:sleep|benchmark|load_file|extractvalue|updatexml|randomblob|group_concat|concat_ws|json_keys|aes_decrypt|unhex|elt|make_set|exp|row|generate_series)\s*\(\s*['\"\d(~@a-z]")),
    (1, _signal(r"\b(?:char|chr|ascii|substr|substring|mid|hex|md5|sha1|version|database|user|current_user|concat|count|length|conv|cast|convert|if|ifnull|ord|lpad|cos|sin|pi)\s*\(")),
    (1, _signal(r"\b0x[0-9a-f]{4,}")),
    (1, _signal(r"\border\s+by\s+\d+|\bgroup\s+by\s+[\w.]+\s+having\b|\bcase\s+when\b.{1,80}?\bthen\b|\blimit\s+\d+\s*(?:,|offset)\s*\d+")),
)  # fmt: skip
