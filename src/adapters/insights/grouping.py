"""Texts in groups by average linkage: the two nearest groups become one until none are near enough.

Measured beside leader clustering in `benchmarks/gaps.py`: a leader takes along whatever is near to it alone.
"""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from application.ports.insights import Views

Matrix = NDArray[np.float32]

_APART = np.float32(-4.0)
"""Below what any cosine falls short by: of texts that no space has both of."""


class AverageLinkage:
    async def group(self, texts: Sequence[Views], nearness: Mapping[str, float]) -> list[list[int]]:
        return await asyncio.to_thread(_grouped, texts, nearness)

    async def place(
        self, texts: Sequence[Views], groups: Sequence[Sequence[Views]], nearness: Mapping[str, float]
    ) -> list[int | None]:
        return await asyncio.to_thread(_placed, texts, groups, nearness)


def _grouped(texts: Sequence[Views], nearness: Mapping[str, float]) -> list[list[int]]:
    if not texts:
        return []
    margins = _margins(texts, texts, nearness)
    labels = _linked(margins.copy())
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    groups.sort(key=lambda members: (-len(members), int(members[0])))
    return [_typical_first(members, margins) for members in groups]


def _typical_first(members: NDArray[np.intp], margins: Matrix) -> list[int]:
    centrality = margins[np.ix_(members, members)].mean(1)
    return [int(n) for n in members[np.argsort(-centrality, kind="stable")]]


def _placed(
    texts: Sequence[Views], groups: Sequence[Sequence[Views]], nearness: Mapping[str, float]
) -> list[int | None]:
    if not texts or not groups:
        return [None] * len(texts)
    means = np.stack([_margins(texts, members, nearness).mean(1) for members in groups], 1)
    return [int(row.argmax()) if row.max() >= 0 else None for row in means]


def _margins(texts: Sequence[Views], others: Sequence[Views], nearness: Mapping[str, float]) -> Matrix:
    """By how much each cosine exceeds the nearness of the first space that both have."""
    margins = np.full((len(texts), len(others)), _APART, np.float32)
    for space, threshold in reversed(tuple(nearness.items())):
        mine = [n for n, views in enumerate(texts) if space in views]
        theirs = [n for n, views in enumerate(others) if space in views]
        if mine and theirs:
            cosines = _rows(texts, mine, space) @ _rows(others, theirs, space).T
            margins[np.ix_(mine, theirs)] = cosines - np.float32(threshold)
    return margins


def _rows(texts: Sequence[Views], chosen: Sequence[int], space: str) -> Matrix:
    return np.stack([np.asarray(texts[n][space], dtype=np.float32) for n in chosen])


def _linked(near: Matrix) -> NDArray[np.intp]:
    """A label for each row of the mean margins between groups, which at first hold one text each (Lance and
    Williams' update for average linkage). `near` is used up."""
    labels, sizes = np.arange(len(near)), np.ones(len(near), np.float32)
    np.fill_diagonal(near, -np.inf)
    best = near.argmax(1)
    height = near[labels, best]
    while height.max() >= 0:
        into = int(height.argmax())
        gone = int(best[into])
        merged = (near[into] * sizes[into] + near[gone] * sizes[gone]) / (sizes[into] + sizes[gone])
        sizes[into] += sizes[gone]
        labels[labels == gone] = into
        _replace(near, into, gone, merged)
        _look_again(near, best, height, into, gone)
    return labels


def _replace(near: Matrix, into: int, gone: int, merged: Matrix) -> None:
    merged[into] = -np.inf
    near[into], near[:, into] = merged, merged
    near[gone], near[:, gone] = -np.inf, -np.inf


def _look_again(near: Matrix, best: NDArray[np.intp], height: Matrix, into: int, gone: int) -> None:
    """Only where the nearest group was one of the two; and where the merged one is nearer now."""
    stale = np.union1d(np.flatnonzero((best == into) | (best == gone)), [into, gone])
    best[stale] = near[stale].argmax(1)
    height[stale] = near[stale, best[stale]]
    nearer = near[:, into] > height
    best[nearer], height[nearer] = into, near[nearer, into]
