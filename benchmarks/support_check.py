"""How well the support check tells what the sources bear out from what they do not.

    python -m benchmarks.support_check [--errors]

Hand-written claims (`data/support_claims.jsonl`, and `data/support_rewordings.jsonl` in words of their own)
against articles of several FAQs, and sentences planted by rule: copied, with a number swapped, a negation added or
taken out, or taken from another article. Each claim is judged with its own article and two others as sources, as
after a search; by words alone, and with meaning, as the service does.
"""

import argparse
import asyncio
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adapters.models.bundled import BundledEmbedder
from application.meaning import Meaning
from domain.ranking import BUILT_IN
from domain.sentences import sentences
from domain.support import Evidence, says_something
from domain.support_text import read

FAQS = Path(__file__).resolve().parents[2] / "shared/data/faq"
WRITTEN = {"written": "support_claims.jsonl", "reworded": "support_rewordings.jsonl"}

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


@cache
def articles(language: str, faq: str = "debianfaq") -> dict[str, str]:
    name = f"corpus.{language}.jsonl" if faq == "debianfaq" else "corpus.jsonl"
    lines = (FAQS / faq / name).read_text(encoding="utf-8").splitlines()
    return {row["id"]: f"{row['question']}\n{row['answer']}" for row in map(json.loads, lines)}


def cases(every: int) -> Iterator[Case]:
    chance = random.Random(7)
    for group, file in WRITTEN.items():
        yield from written(group, file, chance)
    texts = {language: articles(language) for language in FLIPS}
    for language, known in texts.items():
        for name, article in list(known.items())[::every]:
            others = [text for other, text in known.items() if other != name]
            for claim in sentences(article):
                if len(read(claim).words) >= 4:
                    sources = (article, *chance.sample(others, 2))
                    yield from planted(language, claim.strip(), sources, others, chance)


def written(group: str, file: str, chance: random.Random) -> Iterator[Case]:
    for line in (Path(__file__).parent / "data" / file).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        known = articles(row["language"], row.get("corpus", "debianfaq"))
        others = [text for name, text in known.items() if name != row["id"]]
        sources = (known[row["id"]], *chance.sample(others, 2))
        for kind, supported in (("supported", True), ("unsupported", False)):
            for claim in row[kind]:
                yield Case(f"{group}, {kind}", row["language"], claim, sources, supported)
                turned = flip(row["language"])(claim)
                if supported and turned != claim:
                    yield Case(f"{group}, negation flipped", row["language"], turned, sources, False)


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


Judged = defaultdict[tuple[str, bool], list[tuple[str, bool, bool]]]


async def judged(every: int, show: str | None) -> Judged:
    """By kind: language, whether words alone let the claim pass, and whether meaning does."""
    embedder, counts = BundledEmbedder(), Judged(list)
    meaning = Meaning(embedder, BUILT_IN)
    for case in cases(every):
        doubts = Evidence(case.sources).doubts(case.claim)
        passed = not await meaning.unresolved(doubts, case.language)
        counts[case.kind, case.supported].append((case.language, not doubts, passed))
        if show and case.kind.startswith(show) and passed != case.supported:
            print(f"  {case.language}  {case.claim}")
    await embedder.close()
    return counts


def flagged(passed: list[bool]) -> float:
    return 1 - sum(passed) / max(1, len(passed))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--errors", metavar="KIND", help="print what is judged wrong of this kind")
    arguments.add_argument("--every", type=int, default=4, help="plant claims in every so many articles")
    given = arguments.parse_args()
    print(f"{'claims':28} {'n':>5}  flagged by words  and by meaning   by language")
    for (kind, supported), found in asyncio.run(judged(given.every, given.errors)).items():
        rates = {code: flagged([ok for lang, _, ok in found if lang == code]) for code in FLIPS}
        by_language = "  ".join(f"{language} {rate:.3f}" for language, rate in rates.items())
        wanted = "(false alarms)" if supported else "(recall)"
        words, meaning = (flagged([row[n] for row in found]) for n in (1, 2))
        print(f"{kind:28} {len(found):5}  {words:16.3f}  {meaning:14.3f}   {by_language} {wanted}")


if __name__ == "__main__":
    main()
