"""Keeping what was read within bounds, and saying what was not kept."""

from collections.abc import Iterable
from dataclasses import replace

from domain.extraction import ExtractedPair, ExtractionLimits, Place, Warning_


def within_limits(
    pairs: Iterable[ExtractedPair], file: str, limits: ExtractionLimits
) -> tuple[tuple[ExtractedPair, ...], tuple[Warning_, ...]]:
    """Empty pairs and over-long questions dropped, over-long answers cut, surplus pairs left out."""
    kept: list[ExtractedPair] = []
    warnings: list[Warning_] = []
    surplus = 0
    for pair in pairs:
        fitting, warning = _fitting(pair, limits)
        if warning:
            warnings.append(warning)
        if fitting and len(kept) < limits.max_pairs:
            kept.append(fitting)
        elif fitting:
            surplus += 1
    if surplus:
        message = f"Only the first {limits.max_pairs} pairs were read; {surplus} more were left out"
        warnings.append(Warning_(file, message, "TOO_MANY_PAIRS"))
    return tuple(kept), tuple(warnings)


def _fitting(pair: ExtractedPair, limits: ExtractionLimits) -> tuple[ExtractedPair | None, Warning_ | None]:
    if not pair.question and not pair.answer:
        return None, None
    if not pair.question:
        return None, _warning(pair, "EMPTY_QUESTION", "has an answer but no question and was dropped")
    if not pair.answer:
        return None, _warning(pair, "EMPTY_ANSWER", f"has no answer and was dropped: {_short(pair.question)}")
    if len(pair.question) > limits.max_question_chars:
        return _too_long_question(pair, limits)
    if len(pair.answer) > limits.max_answer_chars:
        cut = replace(pair, answer=_cut(pair.answer, limits.max_answer_chars))
        what = f"has an answer of {len(pair.answer)} characters, cut to {limits.max_answer_chars}"
        return cut, _warning(pair, "ANSWER_TOO_LONG", f"{what}: {_short(pair.question)}")
    return pair, None


def _too_long_question(pair: ExtractedPair, limits: ExtractionLimits) -> tuple[ExtractedPair | None, Warning_]:
    what = f"has a question of {len(pair.question)} characters, more than {limits.max_question_chars}"
    return None, _warning(pair, "QUESTION_TOO_LONG", f"{what}, and was dropped: {_short(pair.question)}")


def _cut(text: str, length: int) -> str:
    """At the last space of the allowed length, where there is one near."""
    head = text[:length]
    space = head.rfind(" ")
    return (head[:space] if space > length * 0.8 else head).rstrip()


def _short(text: str) -> str:
    return f"“{text[:60]}{'…' if len(text) > 60 else ''}”"


def _warning(pair: ExtractedPair, code: str, what: str) -> Warning_:
    return Warning_(pair.place.file, f"{_place(pair.place)} {what}", code)


def _place(place: Place) -> str:
    if place.line is not None:
        return f"Line {place.line}"
    if place.page is not None:
        return f"Page {place.page}"
    return f"A pair under “{place.section}”" if place.section else "A pair"
