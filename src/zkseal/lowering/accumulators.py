"""Accumulators that several rules build: sums, constants, products and scalings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zkseal.lowering.emitter import Emitter
from zkseal.lowering.values import Accumulator, Environment, Operand, Parameter, Quantized
from zkseal.lowering.view import AxisIndex
from zkseal.quantize.integers import Integers
from zkseal.relation import Expr

__all__ = [
    "Constant",
    "Offset",
    "Product",
    "Scaled",
    "Sum",
    "broadcast_axes",
    "broadcast_cuts",
    "broadcast_index",
    "broadcast_operands",
]


def broadcast_axes(shape: Sequence[int], result: Sequence[int]) -> tuple[int | None, ...]:
    """For each axis of `result` the axis of `shape` that runs with it when broadcast, None where it is new."""
    missing = len(result) - len(shape)
    return tuple(k - missing if k >= missing else None for k in range(len(result)))


def broadcast_index(shape: Sequence[int], index: Sequence[AxisIndex]) -> tuple[AxisIndex, ...]:
    """The index of a value of `shape` at index `index` of the (broadcast) result."""
    tail = index[len(index) - len(shape) :]
    return tuple(part if size > 1 else () for part, size in zip(tail, shape, strict=True))


def broadcast_operands(parts: Sequence[Accumulator], result: Sequence[int]) -> tuple[Operand, ...]:
    """The operands of all `parts`, each broadcast to the shape `result`."""
    found = []
    for part in parts:
        axes = broadcast_axes(part.shape, result)
        for operand in part.operands():
            found.append(Operand(operand.name, tuple(None if a is None else operand.axes[a] for a in axes)))
    return tuple(found)


def broadcast_cuts(parts: Sequence[Accumulator], result: Sequence[int]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The cuts of all `parts`, each broadcast to the shape `result`."""
    return tuple((len(result) - len(part.shape) + axis, cut) for part in parts for axis, cut in part.cuts())


@dataclass(frozen=True)
class Constant(Accumulator):
    """A parameter, broadcast to `shape`.

    `public`: it belongs to the structure of the model (the filling of a Pad), and is shown even if weights are hidden.
    """

    parameter: Parameter
    public: bool = False

    @staticmethod
    def of(parameter: Parameter, shape: tuple[int, ...], node: str, *, public: bool = False) -> Constant:
        """The parameter as an accumulator of `shape`."""
        lo, hi = int(parameter.stored.min()), int(parameter.stored.max())
        return Constant(parameter.name, node, shape, parameter.exponent, lo, hi, parameter, public)

    @property
    def is_bounded(self) -> bool:
        return self.public

    def operands(self) -> tuple[Operand, ...]:
        return ()

    def compute(self, environment: Environment) -> Integers:
        return np.broadcast_to(self.parameter.integers, self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        if self.public and self.lo == self.hi:
            return Expr.constant(self.lo)
        return emitter.parameter(self.parameter, broadcast_index(self.parameter.shape, index), public=self.public)


@dataclass(frozen=True)
class Sum(Accumulator):
    """Sum of accumulators times integers, brought to the finest of their exponents; operands broadcast."""

    terms: tuple[tuple[Accumulator, int], ...]
    """(accumulator, factor)"""

    @staticmethod
    def of(name: str, node: str, shape: tuple[int, ...], terms: Sequence[tuple[Accumulator, int]]) -> Sum:
        """The sum of `factor * accumulator` (as real numbers)."""
        exponent = max(acc.exponent for acc, _ in terms)
        scaled = tuple((acc, factor << (exponent - acc.exponent)) for acc, factor in terms)
        lo = sum(min(acc.lo * f, acc.hi * f) for acc, f in scaled)
        hi = sum(max(acc.lo * f, acc.hi * f) for acc, f in scaled)
        return Sum(name, node, shape, exponent, lo, hi, scaled)

    def divided(self, bits: int) -> Sum:
        """The same integers as a real number 2^bits times smaller."""
        return replace(self, exponent=self.exponent + bits)

    @property
    def is_bounded(self) -> bool:
        return all(acc.is_bounded for acc, _ in self.terms)

    def operands(self) -> tuple[Operand, ...]:
        return broadcast_operands([acc for acc, _ in self.terms], self.shape)

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        return broadcast_cuts([acc for acc, _ in self.terms], self.shape)

    def compute(self, environment: Environment) -> Integers:
        total = np.zeros(self.shape, dtype=np.int64)
        for acc, factor in self.terms:
            total += acc.compute(environment) * factor
        return total

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        total = Expr.constant(0)
        for acc, factor in self.terms:
            total = total + acc.expression(emitter, broadcast_index(acc.shape, index)) * factor
        return total


@dataclass(frozen=True)
class Scaled(Accumulator):
    """A committed value times a parameter, entry by entry with broadcasting; `public` as in `Constant` (a mask)."""

    value: Quantized
    factor: Parameter
    public: bool = False

    @staticmethod
    def of(
        name: str, node: str, shape: tuple[int, ...], value: Quantized, factor: Parameter, *, public: bool = False
    ) -> Scaled:
        """`factor` has absorbed the feature exponents of `value`, if it has any."""
        least, most = int(factor.stored.min()), int(factor.stored.max())
        corners = [bound * c for bound in (value.lo, value.hi) for c in (least, most)]
        exponent = value.exponent + factor.exponent
        return Scaled(name, node, shape, exponent, min(corners), max(corners), value, factor, public)

    @property
    def is_bounded(self) -> bool:
        return self.public

    def operands(self) -> tuple[Operand, ...]:
        return (Operand(self.value.name, broadcast_axes(self.value.shape, self.shape)),)

    def compute(self, environment: Environment) -> Integers:
        product: Integers = environment[self.value.name] * self.factor.integers
        return np.broadcast_to(product, self.shape)

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        value = emitter.read(self.value.name, broadcast_index(self.value.shape, index))
        index_of_factor = broadcast_index(self.factor.shape, index)
        return value * emitter.parameter(self.factor, index_of_factor, public=self.public)


@dataclass(frozen=True)
class Product(Accumulator):
    """Two committed values multiplied entry by entry with broadcasting."""

    left: Quantized
    right: Quantized

    @staticmethod
    def of(name: str, node: str, shape: tuple[int, ...], left: Quantized, right: Quantized) -> Product:
        """The exact product."""
        corners = [a * b for a in (left.lo, left.hi) for b in (right.lo, right.hi)]
        lo = 0 if left.name == right.name else min(corners)
        return Product(name, node, shape, left.exponent + right.exponent, lo, max(corners), left, right)

    @property
    def is_bounded(self) -> bool:
        return True

    def operands(self) -> tuple[Operand, ...]:
        return tuple(Operand(v.name, broadcast_axes(v.shape, self.shape)) for v in (self.left, self.right))

    def compute(self, environment: Environment) -> Integers:
        product: Integers = environment[self.left.name] * environment[self.right.name]
        return product

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        left, right = (emitter.read(v.name, broadcast_index(v.shape, index)) for v in (self.left, self.right))
        return left * right


@dataclass(frozen=True)
class Offset(Accumulator):
    """`factor * inner + constant` with public integers."""

    inner: Accumulator
    factor: int
    constant: int

    @staticmethod
    def of(name: str, node: str, inner: Accumulator, factor: int, constant: int) -> Offset:
        """At the exponent of `inner`."""
        ends = sorted((inner.lo * factor + constant, inner.hi * factor + constant))
        return Offset(name, node, inner.shape, inner.exponent, ends[0], ends[1], inner, factor, constant)

    @property
    def is_bounded(self) -> bool:
        return self.inner.is_bounded

    def operands(self) -> tuple[Operand, ...]:
        return self.inner.operands()

    def cuts(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        return self.inner.cuts()

    def compute(self, environment: Environment) -> Integers:
        return self.inner.compute(environment) * self.factor + self.constant

    def expression(self, emitter: Emitter, index: Sequence[AxisIndex]) -> Expr:
        return self.inner.expression(emitter, index) * self.factor + self.constant
