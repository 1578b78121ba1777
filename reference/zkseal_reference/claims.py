"""Linear forms in the committed columns and mu, with separable coefficients (chapters 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from .field import P, bits, eq_index, evaluate_sparse
from .layout import Layout
from .relation import Column

AxisVector = Mapping[int, int]
"""Weights of the indices of one axis; absent indices have weight 0."""


@dataclass(frozen=True)
class Part:
    """coefficient * sum over in-range (k_1, k_2, ..) of prod_a axes[a][k_a] * tensor[k_1, k_2, ..]."""

    coefficient: int
    tensor: int
    axes: tuple[AxisVector, ...]


class KnownValues:
    """The tensors that V evaluates itself: `public` (from the statement) and `progression`."""

    def __init__(self, layout: Layout, public: Mapping[int, Sequence[int]]) -> None:
        self.layout, self.public = layout, public

    def knows(self, tensor: int) -> bool:
        return self.layout.tensors[tensor].column in (Column.PUBLIC, Column.PROGRESSION)

    def evaluate(self, part: Part) -> int:
        """The value of a part in a known tensor."""
        tensor = self.layout.tensors[part.tensor]
        total = 0
        for indices in product(*(axis.items() for axis in part.axes)):
            position, weight = 0, part.coefficient
            for (index, factor), size in zip(indices, tensor.axes, strict=True):
                position = position * size + index
                weight = weight * factor % P
            known = self.public[part.tensor][position] if part.tensor in self.public else tensor.lo + position
            total += weight * known
        return total % P


@dataclass
class LinearForm:
    """Parts in committed tensors, coefficients of mu by position, and a constant that V evaluated."""

    parts: list[Part] = field(default_factory=list)
    mu: dict[int, int] = field(default_factory=dict)
    constant: int = 0

    def add_part(self, part: Part, known: KnownValues) -> None:
        """Adds a part; one in a public or progression tensor becomes a constant."""
        if known.knows(part.tensor):
            self.constant = (self.constant + known.evaluate(part)) % P
        else:
            self.parts.append(part)

    def add_mu(self, position: int, coefficient: int) -> None:
        self.mu[position] = (self.mu.get(position, 0) + coefficient) % P

    def add_scaled(self, other: LinearForm, factor: int) -> None:
        for part in other.parts:
            self.parts.append(Part(part.coefficient * factor % P, part.tensor, part.axes))
        for position, coefficient in other.mu.items():
            self.add_mu(position, coefficient * factor)
        self.constant = (self.constant + factor * other.constant) % P


@dataclass(frozen=True)
class Claim:
    """form(columns, mu) = value."""

    form: LinearForm
    value: int


def evaluate_parts(layout: Layout, parts: Sequence[Part], point: Sequence[int]) -> int:
    """The MLE, at (r_hi, r_lo), of the coefficients of these parts over the whole address space."""
    total = 0
    for part in parts:
        block = layout.addresses[part.tensor]
        high = len(point) - block.log_size
        value = part.coefficient * eq_index(block.number, point[:high]) % P
        at = high
        for axis, size in zip(part.axes, layout.tensors[part.tensor].axes, strict=True):
            value = value * evaluate_sparse(axis, point[at : at + bits(size)]) % P
            at += bits(size)
        total += value
    return total % P


def mask_coefficients(position: int, point: Sequence[int], centres: Sequence[int], degree: int = 2) -> dict[int, int]:
    """sum over i and d = 1 .. degree of (x_i^d - centre_i) mu[..]; the entries lie in this order from `position` on."""
    form = {}
    for i, (x, centre) in enumerate(zip(point, centres, strict=True)):
        for d in range(1, degree + 1):
            form[position + degree * i + d - 1] = (pow(x, d, P) - centre) % P
    return form
