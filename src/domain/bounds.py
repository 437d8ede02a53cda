"""What a value of the configuration may be; the bounds stand in the value's type: `Annotated[int, Between(1, 50)]`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol
from zoneinfo import available_timezones


@dataclass(frozen=True, slots=True)
class Offence:
    message: str
    details: Mapping[str, Any]


class Bound(Protocol):
    def offences(self, value: Any) -> Iterator[Offence]:
        """Of a value that has the right type."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A number, both ends included."""

    minimum: float
    maximum: float

    def offences(self, value: float) -> Iterator[Offence]:
        if not self.minimum <= value <= self.maximum:
            details = {"minimum": self.minimum, "maximum": self.maximum, "provided": value}
            yield Offence(f"must be between {self.minimum:g} and {self.maximum:g}", details)


@dataclass(frozen=True, slots=True)
class Length:
    """Of a text or a list, both ends included."""

    minimum: int
    maximum: int

    def offences(self, value: Any) -> Iterator[Offence]:
        unit = "characters" if isinstance(value, str) else "items"
        if not self.minimum <= len(value) <= self.maximum:
            ends = {"min_length": self.minimum, "max_length": self.maximum, "provided_length": len(value)}
            yield Offence(f"must have {self.minimum} to {self.maximum} {unit}", ends)


@dataclass(frozen=True, slots=True)
class Among:
    """One of these, or for a list: some of these, each once."""

    allowed: tuple[str, ...]

    def offences(self, value: Any) -> Iterator[Offence]:
        given = [value] if isinstance(value, str) else list(value)
        if not set(given) <= set(self.allowed):
            yield Offence(f"must be of {', '.join(self.allowed)}", {"allowed": list(self.allowed)})
        elif len(set(given)) < len(given):
            yield Offence("must name each only once", {"rule": "unique", "provided_length": len(given)})


@dataclass(frozen=True, slots=True)
class TimeZone:
    """A name of the IANA database."""

    def offences(self, value: str) -> Iterator[Offence]:
        if value not in _zones():
            yield Offence("must be a time zone such as Europe/Berlin", {"rule": "time_zone"})


@dataclass(frozen=True, slots=True)
class Fixed:
    """Set by the deployment; a tenant may read it and not change it."""

    def offences(self, value: Any) -> Iterator[Offence]:
        """Only a change of it is one, which the walk sees."""
        yield from ()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
