"""How the service was found last, so that a change is told once, whichever process sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.aggregates import Aggregate

OWN_STATE = "service"
"""The id of the one state that there is."""


@dataclass(slots=True, kw_only=True)
class HealthState(Aggregate):
    """`components` maps the parts in use to healthy or unhealthy."""

    condition: str
    components: Mapping[str, str] = field(default_factory=dict)

    def affected(self, components: Mapping[str, str]) -> tuple[str, ...]:
        """The parts that are otherwise than they were; a part that is new and well has not changed."""
        names = sorted({*self.components, *components})
        return tuple(n for n in names if components.get(n, "healthy") != self.components.get(n, "healthy"))
