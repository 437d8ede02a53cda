"""How well the support check tells what the sources bear out from what they do not.

    python -m benchmarks.support_check [--errors]

Hand-written claims (`data/support_claims.jsonl`) against articles of the Debian FAQ, and sentences planted
by rule: copied, with a number swapped, a negation added or taken out, or taken from another article.
Each claim is judged with its own article and two others as sources, as after a search.
"""

import argparse
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.sentences import sentences
from domain.support import says_something, unsupported_claims
from domain.support_text import read

DATA = Path(__file__).resolve().parents[2] / "shared/data/faq/debianfaq"
CLAIMS = Path(__file__).parent / "data/support_claims.jsonl"

FLIPS = {
    "en": [(r"\b(is|are|can|will|should|must|do|does) not\b", r"\1"), (r"\b(is|are|will|should|must) ", r"\1 not ")],
    "de": [(r"\bnicht ", ""), (r"\b(ist|sind|wird|werden|können) ", r"\1 nicht ")],
    "fr": [(r"\b(?:ne |n')(\w+) pas\b", r"\1"), (r"\b(est|sont|sera|peut) ", r"ne \1 pas ")],
    "ru": [(r"\bне (?=[а-я])", ""), (r"\b(является|может|будет|был|можно) ", r"не \1 ")],
}


@dataclass(frozen=True)
class Case:
    kind: str
    language: str
    claim: str
    sources: tuple[str, ...]
    supported: bool


def articles(language: str) -> dict[str, str]:
    lines = (DATA / f"corpus.{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["answer"] for row in map(json.loads, lines)}


def cases() -> Iterator[Case]:
    chance = random.Random(7)
    texts = {language: articles(language) for language in FLIPS}
    yield from written(texts, chance)
    for language, known in texts.items():
        for name, article in known.items():
            others = [text for other, text in known.items() if other != name]
            for claim in sentences(article):
                if len(read(claim).words) >= 4:
                    sources = (article, *chance.sample(others, 2))
                    yield from planted(language, claim.strip(), sources, others, chance)


def written(texts: dict[str, dict[str, str]], chance: random.Random) -> Iterator[Case]:
    for line in CLAIMS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        known = texts[row["language"]]
        others = [text for name, text in known.items() if name != row["id"]]
        sources = (known[row["id"]], *chance.sample(others, 2))
        for kind, supported in (("supported", True), ("unsupported", False)):
            for claim in row[kind]:
                yield Case(f"written, {kind}", row["language"], claim, sources, supported)


def planted(
    language: str, claim: str, sources: tuple[str, ...], others: list[str], chance: random.Random
) -> Iterator[Case]:
    yield Case("copied", language, claim, sources, True)
    yield Case("every fifth word left out", language, thinned(claim), sources, True)
    for kind, change in (("number swapped", swap_number), ("negation flipped", flip(language))):
        changed = change(claim)
        if changed != claim:
            yield Case(kind, language, changed, sources, False)
    elsewhere = [text for text in others if text not in sources]
    stranger = chance.choice(sentences(chance.choice(elsewhere))).strip()
    if len(read(stranger).words) >= 4 and says_something(read(stranger)) and stranger not in " ".join(sources):
        yield Case("from another article", language, stranger, sources, False)


def thinned(claim: str) -> str:
    """Never a negation, which would change what is said."""
    kept = [w for n, w in enumerate(claim.split()) if n % 5 != 4 or re.match(r"(?i)n[oei]|ke|pas|не|can", w)]
    return " ".join(kept)


def swap_number(claim: str) -> str:
    return re.sub(r"(?<![\w./\[-])\d+(?![\w./\]-])", lambda match: str(int(match[0]) * 3 + 41), claim, count=1)


def flip(language: str) -> Callable[[str], str]:
    def flipped(claim: str) -> str:
        for pattern, replacement in FLIPS[language]:
            changed, count = re.subn(pattern, replacement, claim, count=1)
            if count:
                return changed
        return claim

    return flipped


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--errors", metavar="KIND", help="print what is judged wrong of this kind")
    show = arguments.parse_args().errors
    counts: defaultdict[tuple[str, bool], list[tuple[str, bool]]] = defaultdict(list)
    for case in cases():
        passed = not unsupported_claims(case.claim, case.sources)
        counts[case.kind, case.supported].append((case.language, passed))
        if show and case.kind.startswith(show) and passed != case.supported:
            print(f"  {case.language}  {case.claim}")
    print(f"{'claims':28} {'n':>5}  {'flagged':>8}   by language")
    for (kind, supported), judged in counts.items():
        rates = {
            language: sum(not passed for lang, passed in judged if lang == language)
            / max(1, sum(lang == language for lang, _ in judged))
            for language in FLIPS
        }
        total = sum(not passed for _, passed in judged) / len(judged)
        by_language = "  ".join(f"{language} {rate:.3f}" for language, rate in rates.items())
        wanted = "(false alarms)" if supported else "(recall)"
        print(f"{kind:28} {len(judged):5}  {total:8.3f}   {by_language} {wanted}")


if __name__ == "__main__":
    main()
