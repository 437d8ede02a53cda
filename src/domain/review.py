"""Which staged pairs a person has to look at."""

from domain.settings import Ingestion
from domain.staging import StagedPair


def needs_review(pair: StagedPair, rules: Ingestion) -> bool:
    """With `low_confidence`: whatever nobody wrote as a question, whatever validation had a word to say
    about, and whatever was labelled by guess and not surely enough."""
    if rules.review != "low_confidence":
        return rules.review == "always"
    labels = pair.metadata.confidence
    unsure = any(sure is not None and sure < rules.review_threshold for sure in (labels.category, labels.intent))
    return pair.auto_generated or bool(pair.notices) or unsure
