"""What the guardrails find and what they stop by mistake: a table a rule, and the time a text takes.

.venv/bin/python -m benchmarks.guardrails [--misses]

The patterns were tuned on the half `seen` of each set (by a hash of the text); `unseen` is the other half.
The judged sets are in ../shared/data; without them there is nothing to measure.
"""

import argparse
import hashlib
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from benchmarks.lab.data import ROOT, rows
from rich.console import Console
from rich.table import Table

from adapters.guardrails.builtin import BuiltinDetectors
from domain.guardrails import PROFANITY, PROMPT_INJECTION, RULES, SQL_INJECTION, Direction, screen
from domain.languages import SUPPORTED

DETECTORS = BuiltinDetectors()
HALVES = ("seen", "unseen")
PRESIDIO = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
    "IP_ADDRESS": "IP",
    "US_DRIVER_LICENSE": "DOCUMENT",
    "DATE_TIME": "DATE_OF_BIRTH",
}
Text = tuple[str, str]
"""A text and its language."""


def half(text: str) -> str:
    return HALVES[hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[-1] % 2]


def labelled(path: str, label: str) -> list[Text]:
    return [(row["text"], "en") for row in rows(f"guardrails/{path}.jsonl") if row["label"] == label]


def questions() -> dict[str, list[Text]]:
    """What people really ask: none of it should be stopped."""
    return {
        "BANKING77": [(r["text"], "en") for part in ("train", "test") for r in rows(f"intents/banking77/{part}.jsonl")],
        "covidfaq": [(r["query"], r["lang"]) for r in rows("faq/covidfaq/queries.jsonl")],
        "stackfaq": [(r["query"], r["lang"]) for r in rows("faq/stackfaq/queries.jsonl")],
        "debianfaq de fr ru": [
            (r["query"], r["lang"]) for x in "de fr ru".split() for r in rows(f"faq/debianfaq/queries.{x}.jsonl")
        ],
        "CLINC150": [(r["text"], "en") for part in ("train", "test") for r in rows(f"intents/clinc150/{part}.jsonl")],
        "xquad questions": [
            (r["query"], r["lang"]) for x in "en de es ru".split() for r in rows(f"xquad/questions.{x}.jsonl")
        ],
        "tatoeba": [(r["text"], x) for x in "de fr es ru".split() for r in rows(f"tatoeba/{x}-en.jsonl")],
    }


def stopped(rule_id: str, texts: Iterable[Text]) -> list[str]:
    return [
        text
        for text, language in texts
        if any(f.rule_id == rule_id for f in DETECTORS.find(text, Direction.INPUT, language))
    ]


def table(title: str, columns: Sequence[str]) -> Table:
    made = Table(title=title, title_justify="left", min_width=len(title) + 4)
    for at, column in enumerate(columns):
        made.add_column(column, justify="right" if at else "left")
    return made


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part}/{whole})" if whole else "–"


def by_half(texts: Sequence[Text], found: Callable[[Sequence[Text]], int]) -> list[str]:
    parts = [[text for text in texts if half(text[0]) == name] for name in HALVES]
    return [share(found(part), len(part)) for part in (*parts, texts)]


def rule_table(rule_id: str, sets: dict[str, Sequence[Text]], misses: list[str] | None) -> Table:
    made = table(f"{rule_id}: share in which something was found", ("set", *HALVES, "all"))
    for name, texts in sets.items():
        made.add_row(name, *by_half(texts, lambda part: len(stopped(rule_id, part))))
        if misses is not None:
            hits = set(stopped(rule_id, texts))
            misses += [
                f"{rule_id} {name}: {t!r}"
                for t, _ in texts
                if half(t) == "seen" and (t in hits) is name.startswith("innocent")
            ]
    return made


def profanity_sets() -> dict[str, Sequence[Text]]:
    own = {x: [(r["term"], x) for r in rows(f"guardrails/profanity.{x}.jsonl")] for x in SUPPORTED}
    framed = [(f"hello, {term}, where is my order?", x) for x, terms in own.items() for term, _ in terms]
    return {**{f"terms {x}": terms for x, terms in own.items()}, "terms in a sentence": framed, **innocent()}


def sql_sets() -> dict[str, Sequence[Text]]:
    return {
        "sqli": labelled("sqli_xss", "sqli"),
        "innocent look-alikes": labelled("sqli_xss", "benign_lookalike"),
        **innocent(),
    }


def prompt_sets() -> dict[str, Sequence[Text]]:
    attacks = [(r, (r["text"], "en")) for r in rows("guardrails/prompt_injection.jsonl") if r["label"] == "injection"]
    kinds = {
        f"injection, {kind}": [text for row, text in attacks if row["type"] == kind] for kind in ("direct", "indirect")
    }
    plain = [text for row, text in attacks if row["variant"] == "ignore_previous_instructions"]
    return {
        **kinds,
        "of it: ignore_previous_instructions": plain,
        "innocent NotInject": labelled("prompt_injection", "benign_lookalike"),
        **innocent(),
    }


def innocent() -> dict[str, Sequence[Text]]:
    naughty = [(r["text"], "en") for r in rows("guardrails/naughty_strings.jsonl") if "sql" not in r["category"]]
    return {"innocent naughty strings": naughty, "innocent questions": list(chain.from_iterable(questions().values()))}


def blocked_table() -> Table:
    made = table("Questions stopped by any rule, as the rules are set", ("set", "stopped", "which"))
    for name, texts in questions().items():
        verdicts = [
            (text, screen(text, DETECTORS.find(text, Direction.INPUT, language), RULES)) for text, language in texts
        ]
        hits = [text for text, screening in verdicts if screening.verdict == "blocked"]
        made.add_row(name, share(len(hits), len(texts)), "; ".join(hits)[:150])
    return made


def personal_table(misses: list[str] | None) -> Table:
    """Recall: labelled spans covered whole. Precision: findings that touch a labelled span of their kind."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows("guardrails/pii_presidio.jsonl"):
        wanted = [(s["start"], s["end"], PRESIDIO[s["type"]]) for s in row["spans"] if s["type"] in PRESIDIO]
        found = [(f.start, f.end, f.kind) for f in DETECTORS.find(row["text"], Direction.OUTPUT, "en")]
        name = half(row["text"])
        for start, end, kind in wanted:
            covered = any(f[0] <= start and end <= f[1] for f in found)
            counts[kind].update({f"wanted {name}": 1, f"covered {name}": int(covered)})
            if not covered and misses is not None and name == "seen" and kind != "DATE_OF_BIRTH":
                misses.append(f"missed {kind}: {row['text'][max(0, start - 40) : end + 20]!r}")
        for start, end, kind in found:
            right = any(start < w[1] and w[0] < end and w[2] == kind for w in wanted)
            counts[kind].update({"found": 1, "right": int(right)})
            if not right and misses is not None and name == "seen":
                misses.append(f"wrong {kind}: {row['text'][max(0, start - 40) : end + 20]!r}")
    made = table(
        "gr_pii and gr_secrets on the Presidio set (names, places and dates are not looked for)",
        ("kind", "recall seen", "recall unseen", "precision"),
    )
    for kind, n in sorted(counts.items()):
        recalls = [
            "not all dates" if kind == "DATE_OF_BIRTH" else share(n[f"covered {name}"], n[f"wanted {name}"])
            for name in HALVES
        ]
        if kind == "DATE_OF_BIRTH":  # the set marks all dates
            recalls = ["–", "–"]
        made.add_row(kind, *recalls, share(n["right"], n["found"]))
    return made


def latency_table() -> Table:
    short = [text for text, _ in questions()["BANKING77"][:500]]
    long = [r["text"] for r in rows("xquad/paragraphs.en.jsonl")][:100]
    longest = [" ".join(r["text"] for r in rows("xquad/paragraphs.en.jsonl"))[:20_000]]
    made = table(
        "Processor time a text takes, ms (each text for the first time)", ("texts", "direction", "median", "p99", "max")
    )
    for name, texts in (("questions", short), ("paragraphs", long), ("20 000 characters", longest)):
        for direction in Direction:
            took = sorted(milliseconds(text, direction) for text in texts)
            made.add_row(
                name, direction, *(f"{x:.3f}" for x in (statistics.median(took), took[int(len(took) * 0.99)], took[-1]))
            )
    return made


def milliseconds(text: str, direction: Direction) -> float:
    began = time.thread_time()
    DETECTORS.find(text, direction, "en")
    return (time.thread_time() - began) * 1000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--misses", action="store_true", help="list what went wrong in the half `seen`")
    misses: list[str] | None = [] if arguments.parse_args().misses else None
    console = Console(width=150)
    if not ROOT.exists():
        console.print(f"{ROOT} is not there")
        return
    console.print(latency_table())
    for rule_id, sets in (
        (PROFANITY, profanity_sets()),
        (SQL_INJECTION, sql_sets()),
        (PROMPT_INJECTION, prompt_sets()),
    ):
        console.print(rule_table(rule_id, sets, misses))
    console.print(personal_table(misses))
    console.print(blocked_table())
    for line in misses or ():
        console.print(line[:300], markup=False, highlight=False)


if __name__ == "__main__":
    main()
