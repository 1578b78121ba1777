"""Integer arrays by number: each in the narrowest type, without its shape, and equal ones once.

The integers of a committed tensor and those that a step computes with are the same: both are references to one array.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from zkseal.errors import InvalidEncoding
from zkseal.quantize.integers import Integers, Narrow, narrow, widen

__all__ = ["ArrayStore", "Arrays"]


class ArrayStore:
    """Collects arrays; `items` are all of them so far, flat, by number."""

    def __init__(self) -> None:
        self.items: list[Narrow] = []
        self._numbers: dict[tuple[str, bytes], int] = {}

    def add(self, array: Narrow) -> int:
        """The number of these integers, read row-major."""
        flat = np.ascontiguousarray(narrow(array)).reshape(-1)
        key = flat.dtype.name, hashlib.sha256(flat.view(np.uint8).data).digest()
        if key not in self._numbers:
            self._numbers[key] = len(self.items)
            self.items.append(flat)
        return self._numbers[key]


class Arrays:
    """Arrays of a file: references to them become arrays of a shape."""

    def __init__(self, items: Sequence[Narrow]) -> None:
        self._items = items
        self._wide: dict[int, Integers] = {}

    def narrow(self, number: Any, shape: Any) -> Narrow:
        """Array `number` in this shape, where it lies. Raises `InvalidEncoding` if there is none such."""
        flat = self._at(number)
        return flat.reshape(_sizes(flat, shape))

    def wide(self, number: Any, shape: Any) -> Integers:
        """The same as int64; one copy for all references."""
        flat = self._at(number)
        if number not in self._wide:
            self._wide[number] = widen(flat)
        return self._wide[number].reshape(_sizes(flat, shape))

    def _at(self, number: Any) -> Narrow:
        if type(number) is not int or not 0 <= number < len(self._items):
            raise InvalidEncoding("A program names an array that does not exist.", reason="program")
        flat = self._items[number]
        if flat.dtype.kind != "i":
            raise InvalidEncoding(f"A program computes with integers, not with {flat.dtype}.", reason="program")
        return flat


def _sizes(flat: Narrow, shape: Any) -> list[int]:
    if isinstance(shape, list) and all(type(size) is int and size >= 0 for size in shape) and prod(shape) == flat.size:
        return shape
    raise InvalidEncoding(f"An array of {flat.size} integers has not the shape {shape!r}.", reason="program")
