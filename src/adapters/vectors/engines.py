"""The two FAISS indexes behind a shard: one compares with every row, one with the nearest cells only.

Rows are addressed by slot. Both leave removed rows to the caller: a slot that must not be found is left
out by the selector.
"""

import math
from collections.abc import Callable
from typing import Any

import faiss as _faiss
import numpy as np
from numpy.typing import NDArray

from adapters.indexing.table import Mask
from adapters.vectors.spaces import Matrix

faiss: Any = _faiss  # its type information knows neither the Python wrappers nor the inner classes
Slots = NDArray[np.int64]
Found = tuple[NDArray[np.float32], Slots]
ITERATIONS = 10
SAMPLES_PER_CELL = 40
"""FAISS asks for 39 to 256 points per centroid; more buys little recall and costs linear time."""
CHUNK = 10_000


class Stopped(Exception):
    """The index was closed while it was being rebuilt."""


def selector(mask: Mask | None) -> Any:
    return None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


def _without_padding(found: tuple[Any, Any]) -> Found:
    scores, slots = found[0][0], found[1][0]
    real = slots >= 0
    return scores[real], slots[real]


class FlatEngine:
    """Exact; slots are FAISS's own row numbers, replaced in place."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexFlatIP(dimension)

    def put(self, slots: Slots, matrix: Matrix) -> None:
        """New slots must continue where the index ends."""
        order = np.argsort(slots)
        known = int(np.searchsorted(slots[order], self._index.ntotal))
        self._view()[slots[order[:known]]] = matrix[order[:known]]
        self._index.add(np.ascontiguousarray(matrix[order[known:]]))

    def vectors(self, slots: Slots) -> Matrix:
        copied: Matrix = self._view()[slots]
        return copied

    def search(self, query: Matrix, limit: int, mask: Mask | None, matching: int) -> Found:
        parameters = faiss.SearchParameters(sel=selector(mask)) if mask is not None else None
        return _without_padding(self._index.search(query, limit, params=parameters))

    def _view(self) -> Matrix:
        rows, dimension = self._index.ntotal, self._index.d
        if rows == 0:
            return np.zeros((0, dimension), np.float32)
        view: Matrix = faiss.rev_swig_ptr(self._index.get_xb(), rows * dimension).reshape(rows, dimension)
        return view


class IvfEngine:
    """Approximate over many rows; exact again where filters leave few, or where it found too few."""

    def __init__(self, slots: Slots, matrix: Matrix, stopped: Callable[[], bool]) -> None:
        """Trains and fills in pieces; raises `Stopped` between two of them when `stopped()`."""
        self._dimension = matrix.shape[1]
        self._cells = max(1, int(2 * len(matrix) ** 0.5))
        self._probes = max(1, self._cells // 16)
        self._index = self._trained(matrix, stopped)
        for start in range(0, len(slots), CHUNK):
            _check(stopped)
            self._add(slots[start : start + CHUNK], matrix[start : start + CHUNK])

    def put(self, slots: Slots, matrix: Matrix) -> None:
        self.remove(slots)
        self._add(slots, matrix)

    def remove(self, slots: Slots) -> None:
        self._index.remove_ids(faiss.IDSelectorArray(np.ascontiguousarray(slots)))

    def vectors(self, slots: Slots) -> Matrix:
        matrix: Matrix = self._index.reconstruct_batch(np.ascontiguousarray(slots))
        return matrix

    def search(self, query: Matrix, limit: int, mask: Mask | None, matching: int) -> Found:
        """The fewer rows a filter leaves, the more cells are looked at: about as many rows are compared."""
        probes = min(self._cells, math.ceil(self._probes * self._index.ntotal / max(1, matching)))
        found = self._search(query, limit, mask, probes)
        if probes < self._cells and len(found[0]) < min(limit, matching):
            return self._search(query, limit, mask, self._cells)
        return found

    def _search(self, query: Matrix, limit: int, mask: Mask | None, probes: int) -> Found:
        parameters = faiss.SearchParametersIVF(sel=selector(mask), nprobe=probes)
        return _without_padding(self._index.search(query, limit, params=parameters))

    def _add(self, slots: Slots, matrix: Matrix) -> None:
        self._index.add_with_ids(np.ascontiguousarray(matrix), np.ascontiguousarray(slots))

    def _trained(self, matrix: Matrix, stopped: Callable[[], bool]) -> Any:
        quantizer = faiss.IndexFlatIP(self._dimension)
        quantizer.add(_centroids(matrix, self._cells, stopped))
        index = faiss.IndexIVFFlat(quantizer, self._dimension, self._cells, faiss.METRIC_INNER_PRODUCT)
        index.is_trained = True
        index.set_direct_map_type(faiss.DirectMap.Hashtable)
        return index


def _check(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Stopped


def _centroids(matrix: Matrix, cells: int, stopped: Callable[[], bool]) -> Matrix:
    """k-means, one iteration at a time so that it can be stopped."""
    chosen = np.random.default_rng(0).permutation(len(matrix))[: cells * SAMPLES_PER_CELL]
    sample = np.ascontiguousarray(matrix[chosen])
    kmeans = faiss.Kmeans(matrix.shape[1], cells, niter=1, spherical=True, seed=0, min_points_per_centroid=1)
    centroids: Matrix | None = None
    for _ in range(ITERATIONS):
        _check(stopped)
        kmeans.train(sample, init_centroids=centroids)
        centroids = kmeans.centroids
    assert centroids is not None  # noqa: S101  # ITERATIONS is not zero
    return centroids
