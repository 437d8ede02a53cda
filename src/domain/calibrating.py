"""What people said of answers, as labels that confidence is calibrated by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.aggregates import Aggregate
from domain.confidence import Calibration, Label, from_json, to_json
from domain.queries import Feedback, QueryRecord

GOOD_RATING, BAD_RATING = 4, 2
"""From here on an answer counts as right, up to there as wrong; in between nobody can tell."""


def verdict(feedback: Feedback | None) -> bool | None:
    """Whether the answer was right, as far as its feedback says; the plainest word in it counts."""
    if feedback is None:
        return None
    if feedback.correct is not None:
        return feedback.correct
    if feedback.helpful is not None:
        return feedback.helpful
    if feedback.rating >= GOOD_RATING:
        return True
    return False if feedback.rating <= BAD_RATING else None


def label_of(query: QueryRecord, right: bool | None) -> Label | None:
    """None where nobody can tell, or the answer came by a way that has no logit (the cache, an operator)."""
    logit = query.metadata.get("logit")
    return Label(float(logit), right) if right is not None and logit is not None else None


@dataclass(slots=True, kw_only=True)
class CalibrationFit(Aggregate):
    """One fitting; the newest counts, where it was made from the constants that are in use."""

    stored: Mapping[str, Any]
    by_feedback: int = 0
    by_resolution: int = 0
    loss_before: float = 0.0
    loss_after: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def calibration(self) -> Calibration:
        return from_json(self.stored)

    def over(self, base: Calibration) -> Calibration | None:
        """The fit, if it stands on the same constants; another model's labels say nothing of this one."""
        return self.calibration if to_json(base)["constants"] == self.stored["constants"] else None
