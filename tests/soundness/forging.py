"""How lies change the honest values of a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .programs import Arrays, Lowered

Forced = Mapping[str, object]
Forge = Callable[[Lowered, Arrays], Forced]


def add(**changes: tuple[int, int]) -> Forge:
    """Adds to one entry (flat position, amount) of each named value; `__` in a name stands for `/`."""

    def forge(_found: Lowered, honest: Arrays) -> Forced:
        forced = {}
        for name, (position, amount) in changes.items():
            array = honest[name.replace("__", "/")]
            array.flat[position] += amount
            forced[name.replace("__", "/")] = array
        return forced

    return forge


def put(**values: object) -> Forge:
    """Takes these values."""
    return lambda _found, _honest: {name.replace("__", "/"): value for name, value in values.items()}
