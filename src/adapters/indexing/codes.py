"""Small integers for recurring values."""

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Codes(Generic[T]):
    """Numbers values from 0; a value that nobody holds any more gives its number back."""

    def __init__(self) -> None:
        self._code_of: dict[T, int] = {}
        self._values: list[T | None] = []
        self._holders: list[int] = []
        self._free: list[int] = []

    def __len__(self) -> int:
        """One more than the largest code there has been."""
        return len(self._values)

    def __iter__(self) -> Iterator[T]:
        return iter(self._code_of)

    def acquire(self, value: T) -> int:
        code = self._code_of.get(value)
        if code is None:
            code = self._code_of[value] = self._new(value)
        self._holders[code] += 1
        return code

    def release(self, code: int) -> None:
        self._holders[code] -= 1
        if self._holders[code] == 0:
            del self._code_of[self.value(code)]
            self._values[code] = None
            self._free.append(code)

    def get(self, value: T) -> int | None:
        return self._code_of.get(value)

    def known(self, values: Iterable[T]) -> list[int]:
        return [code for value in values if (code := self._code_of.get(value)) is not None]

    def value(self, code: int) -> T:
        return self._values[code]  # type: ignore[return-value]  # only free codes have None for "no value"

    def _new(self, value: T) -> int:
        if self._free:
            code = self._free.pop()
            self._values[code] = value
            return code
        self._values.append(value)
        self._holders.append(0)
        return len(self._values) - 1
