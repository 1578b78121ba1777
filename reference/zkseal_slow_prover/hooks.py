"""Randomness, and the places where a prover may lie."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zkseal_reference.field import P
from zkseal_reference.layout import Layout
from zkseal_reference.relation import (
    Column,
)

if TYPE_CHECKING:
    from .helper import Lanes
    from .mercury import Mercury

Values = dict[int, list[int]]
Randomness = Callable[[str, int], list[int]]
"""(what for, how many) -> uniform field elements, never the same twice."""


def system_randomness(_name: str, count: int) -> list[int]:
    """Fresh entropy for every call."""
    return [secrets.randbelow(P) for _ in range(count)]


def seeded_randomness(seed: int) -> Randomness:
    """Repeatable randomness, for tests only."""
    source = random.Random(seed)  # noqa: S311
    return lambda _name, count: [source.randrange(P) for _ in range(count)]


@dataclass
class Hooks:
    """Places to lie. Each callable may change its arguments in place, `tree_values` and `message` return the new ones.

    tensors(layout, values)            after the honest values were taken, before multiplicities are counted
    multiplicities(layout, values)     after the multiplicities were added to the values
    rows(layout, column, rows)         dense rows of a column by row number, padding positions included
    mu(layout, mu)                     the mask vector before it is committed
    tree_nodes(layout, levels)         levels[j] = (p_j, q_j), lists of 2^j
    tree_values(j, values)             p^_0 p^_1 q^_0 q^_1 before they are sent
    lanes(layout, lanes)               keys, selectors, multiplicities, pads, before h is computed from them
    helper(layout, lanes, h)           the helper column before it is committed
    q(layout, q, q_prime)              the blinding vectors before they are committed
    opening(step, mercury)             what Mercury's step with this label is to send, before it is committed
    message(label, scalars)            any list of scalars before it is absorbed and sent
    """

    tensors: Callable[[Layout, Values], None] | None = None
    multiplicities: Callable[[Layout, Values], None] | None = None
    rows: Callable[[Layout, Column, dict[int, list[int]]], None] | None = None
    mu: Callable[[Layout, list[int]], None] | None = None
    tree_nodes: Callable[[Layout, list[tuple[list[int], list[int]]]], None] | None = None
    tree_values: Callable[[int, tuple[int, ...]], tuple[int, ...]] | None = None
    lanes: Callable[[Layout, Lanes], None] | None = None
    helper: Callable[[Layout, Lanes, list[int]], None] | None = None
    q: Callable[[Layout, list[int], list[int]], None] | None = None
    opening: Callable[[str, Mercury], None] | None = None
    message: Callable[[str, tuple[int, ...]], tuple[int, ...]] | None = None
