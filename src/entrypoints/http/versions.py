"""Which versions of the API there are, which one a request gets, and which routes are on their way out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from domain.errors import NotFound
from entrypoints.http.errors import NotAcceptable

SUPPORTED = ("v1",)
MIN_NOTICE_DAYS = 183

_VENDOR = re.compile(r"application/vnd\.supportrag\.(v[0-9]{1,9})\+json")
_PATH = re.compile(r"/+api/+(v[0-9]{1,9})(?=/|$)")
_WILD = frozenset({"*/*", "application/*", "application/json"})
_NAMED = tuple(f"application/vnd.supportrag.{version}+json" for version in SUPPORTED)


def check_accept(accept: str) -> None:
    """Refuses a request that names only versions nobody serves; what it accepts besides decides otherwise."""
    if "vnd.supportrag." not in accept:
        return
    wanted = {kind for kind, quality in map(_entry, accept.split(",")) if quality > 0}
    unknown = [kind for kind in wanted if (found := _VENDOR.fullmatch(kind)) and found[1] not in SUPPORTED]
    if unknown and wanted.isdisjoint(_WILD) and wanted.isdisjoint(_NAMED):
        raise NotAcceptable(
            f"This version of the API is not served; supported: {', '.join(_NAMED)}.",
            field="accept",
            details={"supported": list(SUPPORTED), "accepted": [*_NAMED, "application/json"]},
        )


def _entry(entry: str) -> tuple[str, float]:
    """`text/html;q=0.5` as its lower-case type and quality; what cannot be read counts as 1."""
    kind, *parameters = [part.strip().lower() for part in entry.split(";")]
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    return kind, float(quality) if re.fullmatch(r"[01](\.[0-9]{0,3})?", quality) else 1.0


def check_path(path: str) -> None:
    found = _PATH.match(path)
    if found and found[1] not in SUPPORTED:
        raise NotFound(
            f"There is no version {found[1]} of the API; there is {', '.join(SUPPORTED)}.",
            details={"supported": list(SUPPORTED)},
        )


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A route on its way out. Until `sunset` it answers as before, with headers that say so.

    One line each: `Deprecation("/api/v1/old", since=date(2026, 1, 1), sunset=date(2026, 9, 1),
    successor="/api/v1/new")`; `path` is the route's template, no methods means all of them.
    """

    path: str
    since: date
    sunset: date
    successor: str
    methods: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.sunset - self.since).days < MIN_NOTICE_DAYS:
            raise ValueError(f"{self.path}: sunset must be at least {MIN_NOTICE_DAYS} days after deprecation")

    def covers(self, path: str, method: str) -> bool:
        return path == self.path and (not self.methods or method in self.methods)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """RFC 9745 (a structured date, `@unix`), RFC 8594 (an HTTP date), and where to go instead."""
        return (
            ("Deprecation", f"@{int(_midnight(self.since).timestamp())}"),
            ("Sunset", format_datetime(_midnight(self.sunset), usegmt=True)),
            ("Link", f'<{self.successor}>; rel="successor-version"'),
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


DEPRECATIONS: Sequence[Deprecation] = ()
"""The registry. Nothing is deprecated yet."""


def deprecation_of(registry: Sequence[Deprecation], path: str, method: str) -> Deprecation | None:
    return next((entry for entry in registry if entry.covers(path, method)), None)
