"""The advisory locks that adapters take on PostgreSQL: one number for each purpose, all of them here, since two
purposes with one number shut each other out."""

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """Any numbers that nobody else uses in our database."""

    MIGRATING = 7_235_001
    """One process migrates at a time."""
    PRESENCE = 7_235_002
    """Held as long as a process lives: shared by those who know of each other, alone by one that does not."""
    RELAYING = 7_235_003
    """One relay makes deliveries of events at a time."""
    FOLDING = 7_235_004
    """One process folds notes of questions into sums at a time."""
