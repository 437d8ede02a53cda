"""Which spaces an index was opened for; what all dense indexes refuse."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from application.ports.vectors import VectorHit, VectorRow
from domain.errors import Conflict
from domain.vectors import EmbeddingSpace, Vector

Matrix = NDArray[np.float32]


def refuse_other_digest(kept: EmbeddingSpace, offered: EmbeddingSpace) -> None:
    if (kept.model, kept.digest, kept.dimension) != (offered.model, offered.digest, offered.dimension):
        raise Conflict(
            f"The index of space {offered.name} was built with {kept.model} {kept.digest} "
            f"({kept.dimension} dimensions), not with {offered.model} {offered.digest} "
            f"({offered.dimension}); rebuild it with 'supportrag reindex'."
        )


class OpenSpaces:
    """The spaces that are open, by name."""

    def __init__(self) -> None:
        self._spaces: dict[str, EmbeddingSpace] = {}

    def add(self, spaces: Sequence[EmbeddingSpace]) -> None:
        """All or none."""
        for space in spaces:
            if space.name in self._spaces:
                refuse_other_digest(self._spaces[space.name], space)
        self._spaces.update({space.name: space for space in spaces})

    def names(self) -> list[str]:
        return list(self._spaces)

    def get(self, name: str) -> EmbeddingSpace:
        if name not in self._spaces:
            raise Conflict(f"The index was not opened for space {name}.")
        return self._spaces[name]

    def query(self, name: str, vector: Vector) -> Matrix:
        """One row, checked against the space."""
        return self._as_matrix(self.get(name), [vector])

    def matrix(self, name: str, rows: Sequence[VectorRow]) -> Matrix:
        return self._as_matrix(self.get(name), [row.vector for row in rows])

    def _as_matrix(self, space: EmbeddingSpace, vectors: Sequence[Vector]) -> Matrix:
        for vector in vectors:
            if len(vector) != space.dimension:
                raise Conflict(
                    f"A vector of {len(vector)} dimensions does not fit space {space.name} of {space.dimension}."
                )
        joined = b"".join(memoryview(vector).cast("B") for vector in vectors)
        return np.frombuffer(joined, np.float32).reshape(len(vectors), space.dimension)


def last_of_each(rows: Iterable[VectorRow]) -> list[VectorRow]:
    """Where one batch names an id twice, its last row holds."""
    return list({row.id: row for row in rows}.values())


def ranked(hits: Iterable[VectorHit]) -> list[VectorHit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


def is_settled(hits: Sequence[VectorHit], limit: int, asked: int) -> bool:
    """Whether the first `limit` of these `asked`-for hits are certain: equal scores at the cut are
    ordered by id only among all rows that have that score."""
    return len(hits) < asked or hits[-1].score < hits[limit - 1].score
