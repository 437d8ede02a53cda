"""The vectors of the texts asked last."""

from collections import OrderedDict

from domain.vectors import Vector


class RecentVectors:
    """Bounded, least recently used first out: a question is embedded for the cache, then for the search."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._vectors: OrderedDict[tuple[str, str], Vector] = OrderedDict()

    def get(self, space: str, text: str) -> Vector | None:
        """A copy, which the caller may change."""
        vector = self._vectors.get((space, text))
        if vector is None:
            return None
        self._vectors.move_to_end((space, text))
        return vector[:]

    def put(self, space: str, text: str, vector: Vector) -> None:
        self._vectors[space, text] = vector[:]
        while len(self._vectors) > self._size:
            self._vectors.popitem(last=False)
