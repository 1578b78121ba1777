"""The algebra in which relations are written: loops, affine indices, tensors, expressions.

Overview: a `Loop` is an index variable. Loops add up to `Affine` indices (`2*h + k - 1`). Indexing a `TensorRef` with
one index for each axis gives an `Expr`; expressions add, subtract, multiply (to at most two accesses a term), are
summed over loops, and are divided exactly by powers of two. Everything is immutable.

An `Expr` keeps `num / 2^shift` for each distinct (sum loops, accesses), so equal terms merge and constants fold while
the expression is being written.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import SupportsIndex

from zkseal.errors import InvalidRelation
from zkseal.relation.types import (
    Access,
    AffineMap,
    AxisMap,
    Column,
    Expression,
    GatherMap,
    PublicGatherMap,
    Tensor,
    Term,
    access_sort_key,
)

__all__ = ["Affine", "Expr", "Gather", "Index", "Loop", "PublicGather", "TensorRef", "invalid"]

_TermKey = tuple[tuple[int, ...], tuple[Access, ...]]
"""Sum loops (ascending) and accesses (sorted) of a term."""


def invalid(reason: str) -> InvalidRelation:
    """The error for a broken rule of chapter 2; the sentence is also its field `reason`."""
    return InvalidRelation(reason, reason=reason)


class _AffineOperations(ABC):
    """`+`, `-` and `* int` for everything that is an affine function of loops."""

    __slots__ = ()

    @abstractmethod
    def _affine(self) -> Affine:
        """The function that the operators work on."""

    def __add__(self, other: _AffineOperations | SupportsIndex) -> Affine:
        return _add_affine(self._affine(), _as_affine(other), 1)

    __radd__ = __add__

    def __sub__(self, other: _AffineOperations | SupportsIndex) -> Affine:
        return _add_affine(self._affine(), _as_affine(other), -1)

    def __rsub__(self, other: SupportsIndex) -> Affine:
        return _add_affine(_as_affine(other), self._affine(), -1)

    def __mul__(self, factor: SupportsIndex) -> Affine:
        affine, k = self._affine(), operator.index(factor)
        return _affine_of({loop: stride * k for loop, stride in affine.strides}, affine.offset * k)

    __rmul__ = __mul__

    def __neg__(self) -> Affine:
        return self * -1


@dataclass(frozen=True, slots=True)
class Loop(_AffineOperations):
    """An index variable with values 0 .. size - 1. Made by `RelationBuilder.loop`."""

    index: int
    size: int
    name: str
    owner: object = field(repr=False, compare=False, default=None)

    def _affine(self) -> Affine:
        return Affine(((self, 1),), 0)


@dataclass(frozen=True, slots=True)
class Affine(_AffineOperations):
    """`offset + sum of stride * loop`, the strides not zero."""

    strides: tuple[tuple[Loop, int], ...]
    offset: int

    def _affine(self) -> Affine:
        return self


@dataclass(frozen=True, slots=True)
class Gather:
    """The index `list[loop]`. Made by `RelationBuilder.gather`; `largest` is the largest entry of the list."""

    loop: Loop
    list_index: int
    largest: int


@dataclass(frozen=True, slots=True)
class PublicGather:
    """The index `T[loop]`, T a public tensor. Made by `RelationBuilder.gather_public`."""

    loop: Loop
    tensor: TensorRef


Index = Loop | Affine | Gather | PublicGather | SupportsIndex
"""What may stand for one axis between the brackets of `tensor[...]`."""


def _as_affine(value: _AffineOperations | SupportsIndex) -> Affine:
    return value._affine() if isinstance(value, _AffineOperations) else Affine((), operator.index(value))


def _affine_of(strides: Mapping[Loop, int], offset: int) -> Affine:
    return Affine(tuple((loop, stride) for loop, stride in strides.items() if stride != 0), offset)


def _add_affine(left: Affine, right: Affine, sign: int) -> Affine:
    strides = dict(left.strides)
    for loop, stride in right.strides:
        strides[loop] = strides.get(loop, 0) + sign * stride
    return _affine_of(strides, left.offset + sign * right.offset)


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A tensor of a relation that is being built. Indexing it, one index for each axis, gives an expression."""

    index: int
    name: str
    tensor: Tensor
    owner: object = field(repr=False, compare=False, default=None)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.tensor.shape

    @property
    def column(self) -> Column:
        """Who holds the values."""
        return self.tensor.column

    @property
    def lo(self) -> int:
        """Smallest allowed value."""
        return self.tensor.lo

    @property
    def hi(self) -> int:
        """Largest allowed value."""
        return self.tensor.hi

    def __getitem__(self, indices: Index | tuple[Index, ...]) -> Expr:
        """The entry at `indices`: a loop, an integer, an affine expression of loops or a gather for each axis.

        Raises `InvalidRelation` for a wrong number of indices, a loop that occurs twice, or a gather beyond its axis.
        """
        parts = indices if isinstance(indices, tuple) else (indices,)
        if len(parts) != len(self.shape):
            raise invalid(f"Tensor '{self.name}' has {len(self.shape)} axes but is accessed with {len(parts)} indices.")
        maps = tuple(self._axis_map(axis, part) for axis, part in enumerate(parts))
        access = Access(self.index, maps)
        loops = access.loops
        if len(set(loops)) != len(loops):
            raise invalid(
                f"An access of tensor '{self.name}' uses a loop twice. Use a second loop and a gather, "
                "or copy the diagonal to a tensor of its own."
            )
        return Expr({((), (access,)): (1, 0)})

    def _axis_map(self, axis: int, part: Index) -> AxisMap:
        if isinstance(part, _AffineOperations):
            affine = part._affine()
            for loop, _ in affine.strides:
                self._check_owner(loop)
            by_loop = sorted(affine.strides, key=lambda pair: pair[0].index)
            return AffineMap(tuple((stride, loop.index) for loop, stride in by_loop), affine.offset)
        if isinstance(part, Gather):
            self._check_owner(part.loop)
            if part.largest >= self.shape[axis]:
                raise invalid(
                    f"A gather reads index {part.largest} of axis {axis} of tensor '{self.name}', "
                    f"which has {self.shape[axis]} entries."
                )
            return GatherMap(part.loop.index, part.list_index)
        if isinstance(part, PublicGather):
            self._check_owner(part.loop)
            return PublicGatherMap(part.loop.index, part.tensor.index)
        return AffineMap((), operator.index(part))

    def _check_owner(self, loop: Loop) -> None:
        if loop.owner is not self.owner:
            raise invalid(f"Loop '{loop.name}' belongs to another builder than tensor '{self.name}'.")


class Expr:
    """A sum of terms with exact coefficients: `+`, `-`, `*` (int or Expr) and `>> k`, exact division by 2^k."""

    __slots__ = ("_terms",)

    def __init__(self, terms: Mapping[_TermKey, tuple[int, int]] | None = None) -> None:
        self._terms: dict[_TermKey, tuple[int, int]] = {}
        for key, (num, shift) in (terms or {}).items():
            _accumulate(self._terms, key, num, shift)

    @staticmethod
    def constant(value: SupportsIndex) -> Expr:
        """The expression that is `value` everywhere."""
        return Expr({((), ()): (operator.index(value), 0)})

    @property
    def terms(self) -> Expression:
        """The terms in the order in which they were first written."""
        return tuple(Term(num, shift, *key) for key, (num, shift) in self._terms.items())

    @property
    def free_loops(self) -> tuple[int, ...]:
        """Indices of the loops that are read and not summed, ascending."""
        return tuple(sorted({loop for key in self._terms for loop in _free_loops(key)}))

    def sum(self, loops: Iterable[Loop]) -> Expr:
        """The sum of this expression over `loops`. A term that does not read a loop is multiplied by its size."""
        result = self
        for loop in loops:
            terms: dict[_TermKey, tuple[int, int]] = {}
            for (sums, accesses), (num, shift) in result._terms.items():
                if loop.index in sums:
                    raise invalid(f"Loop '{loop.name}' is summed twice in one term. Use another loop of the same size.")
                if any(loop.index in access.loops for access in accesses):
                    _accumulate(terms, (tuple(sorted((*sums, loop.index))), accesses), num, shift)
                else:
                    _accumulate(terms, (sums, accesses), num * loop.size, shift)
            result = Expr(terms)
        return result

    def __add__(self, other: Expr | SupportsIndex) -> Expr:
        return _combine(self, _as_expr(other), 1)

    __radd__ = __add__

    def __sub__(self, other: Expr | SupportsIndex) -> Expr:
        return _combine(self, _as_expr(other), -1)

    def __rsub__(self, other: SupportsIndex) -> Expr:
        return _combine(_as_expr(other), self, -1)

    def __neg__(self) -> Expr:
        return self * -1

    def __mul__(self, other: Expr | SupportsIndex) -> Expr:
        product: dict[_TermKey, tuple[int, int]] = {}
        for left, (left_num, left_shift) in self._terms.items():
            for right, (right_num, right_shift) in _as_expr(other)._terms.items():
                _accumulate(product, _product_key(left, right), left_num * right_num, left_shift + right_shift)
        return Expr(product)

    __rmul__ = __mul__

    def __rshift__(self, bits: SupportsIndex) -> Expr:
        """Exact division by 2^bits: a constraint on the result demands that the division has no remainder."""
        k = operator.index(bits)
        if k < 0:
            raise invalid("An expression is divided by 2 to a negative power. Multiply by the power of two instead.")
        return Expr({key: (num, shift + k) for key, (num, shift) in self._terms.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expr) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(frozenset(self._terms.items()))

    def __repr__(self) -> str:
        return f"Expr({list(self.terms)!r})"


def _as_expr(value: Expr | SupportsIndex) -> Expr:
    return value if isinstance(value, Expr) else Expr.constant(value)


def _free_loops(key: _TermKey) -> set[int]:
    sums, accesses = key
    return {loop for access in accesses for loop in access.loops} - set(sums)


def _accumulate(terms: dict[_TermKey, tuple[int, int]], key: _TermKey, num: int, shift: int) -> None:
    """Adds `num / 2^shift` to the coefficient of `key`, in lowest terms; a zero coefficient removes the term."""
    old_num, old_shift = terms.get(key, (0, 0))
    common = max(shift, old_shift)
    total = (num << (common - shift)) + (old_num << (common - old_shift))
    if total == 0:
        terms.pop(key, None)
        return
    reduction = min(common, (total & -total).bit_length() - 1)
    terms[key] = (total >> reduction, common - reduction)


def _combine(left: Expr, right: Expr, sign: int) -> Expr:
    terms = dict(left._terms)
    for key, (num, shift) in right._terms.items():
        _accumulate(terms, key, sign * num, shift)
    return Expr(terms)


def _product_key(left: _TermKey, right: _TermKey) -> _TermKey:
    (left_sums, left_accesses), (right_sums, right_accesses) = left, right
    accesses = tuple(sorted((*left_accesses, *right_accesses), key=access_sort_key))
    if len(accesses) > 2:
        raise invalid(
            f"A product of {len(accesses)} accesses: a term holds at most 2. Commit the product of two of them to a "
            "tensor of its own and constrain it."
        )
    captured = set(left_sums) & (set(right_sums) | _free_loops(right)) | set(right_sums) & _free_loops(left)
    if captured:
        raise invalid(
            f"A product multiplies a sum over loop {min(captured)} with a factor that uses the same loop. "
            "Sum one of them over another loop of the same size."
        )
    return tuple(sorted((*left_sums, *right_sums))), accesses
