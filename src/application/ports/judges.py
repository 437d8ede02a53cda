"""Who judges answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.errors import DomainError
from domain.evaluation import Sample, Scores


class CannotJudge(DomainError):
    """This sample could not be judged."""

    code = "NOT_JUDGED"


class JudgeMissing(DomainError):
    """The judge cannot be had in this process."""

    code = "JUDGE_MISSING"


class Judge(Protocol):
    """Gives samples their scores, each from 0 to 1, or None where a sample lacks what a metric needs."""

    name: str

    async def open(self) -> None:
        """Loads what it needs, off the event loop. Raises `JudgeMissing`."""
        ...

    async def judge(self, sample: Sample, metrics: Sequence[str]) -> Scores:
        """Raises `CannotJudge` for a sample that it fails on, and `ServiceUnavailable` while what it needs is away."""
        ...


@dataclass(frozen=True, slots=True)
class Judges:
    """The judges of a deployment. `by_model` is there where a language model is configured."""

    built_in: Judge
    by_model: Judge | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(judge.name for judge in (self.built_in, self.by_model) if judge is not None)

    async def chosen(self, name: str | None) -> tuple[Judge, str | None]:
        """The one of that name; without a name the one by the model, or else the built-in one, and then why.
        Raises `JudgeMissing`."""
        wanted = next((judge for judge in (self.by_model, self.built_in) if judge and judge.name == name), None)
        if name is not None:
            if wanted is None:
                raise JudgeMissing(
                    f"There is no judge {name!r} in this deployment; there are: {', '.join(self.names)}."
                )
            await wanted.open()
            return wanted, None
        try:
            if self.by_model is not None:
                await self.by_model.open()
                return self.by_model, None
        except JudgeMissing as missing:
            return self.built_in, f"A language model is configured, but: {missing.message} The built-in judge is used."
        return self.built_in, None
