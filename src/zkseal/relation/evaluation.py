"""Exact evaluation of expressions at BLAS speed.

A term with two accesses is a (batched) matrix product: loops of both accesses that are summed are contracted, loops of
both that stay are the batch. As long as `max|A| * max|B| * (contracted indices)` is below 2^53, every partial sum is a
float64 integer, so BLAS gives the exact result in any order of summation. Above that int64 is used while it cannot
overflow, and Python integers where it could. Bounds come from the values themselves, never from declared bounds, so
that a value outside its bounds cannot make the result wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from zkseal.errors import UnsatisfiedConstraint
from zkseal.relation.expressions import Expr, Loop
from zkseal.relation.operands import Assignment, Spans
from zkseal.relation.relation import Relation, Values
from zkseal.relation.types import Access, Expression, Lookup, Term, Zero

__all__ = ["Evaluator", "evaluate"]

FLOAT_LIMIT = 1 << 53
INT_LIMIT = 1 << 62

# Entries of one operand of a matrix product that are converted to float64 at a time (32 MiB).
_OPERAND_LIMIT = 1 << 22


def evaluate(
    relation: Relation,
    what: Expr | Expression | Zero | Lookup,
    values: Values,
    loops: Sequence[Loop] | None = None,
) -> np.ndarray:
    """See `Relation.evaluate`."""
    evaluator = Evaluator(relation, values)
    if isinstance(what, Zero):
        return evaluator.exact(what.expression, what.loops)
    if isinstance(what, Lookup):
        return np.stack([evaluator.exact(expression, what.loops) for expression in what.expressions])
    expression = what.terms if isinstance(what, Expr) else what
    if loops is not None:
        return evaluator.exact(expression, tuple(loop.index for loop in loops))
    free = {loop for term in expression for access in term.accesses for loop in access.loops if loop not in term.sums}
    return evaluator.exact(expression, tuple(sorted(free)))


class Evaluator:
    """Evaluates expressions of one relation on one assignment; arrays and their magnitudes are looked up once."""

    def __init__(self, relation: Relation, values: Values | Assignment) -> None:
        self._relation = relation
        self._assignment = values if isinstance(values, Assignment) else Assignment(relation, values)

    def exact(self, expression: Expression, loops: tuple[int, ...]) -> np.ndarray:
        """The expression at every index of `loops`. Raises `UnsatisfiedConstraint` where it is not an integer."""
        scaled, shift = self.scaled(expression, loops)
        remainder = np.argwhere(scaled & ((1 << shift) - 1))
        if len(remainder):
            index = tuple(int(k) for k in remainder[0])
            raise UnsatisfiedConstraint(
                f"A division by 2^{shift} leaves a remainder at index {list(index)}: the expression is not an integer.",
                constraint="exact division",
                index=index,
                node="",
            )
        return np.asarray(scaled >> shift, dtype=scaled.dtype)

    def scaled(self, expression: Expression, loops: tuple[int, ...], least_shift: int = 0) -> tuple[np.ndarray, int]:
        """(2^S * expression, S): S is the largest shift of the expression, but not below `least_shift`."""
        shift = max((term.shift for term in expression), default=0)
        shift = max(shift, least_shift)
        factors = [term.num << (shift - term.shift) for term in expression]
        bounds = [abs(factor) * max(1, self._bound(term)) for factor, term in zip(factors, expression, strict=True)]
        dtype = np.dtype(np.int64) if sum(bounds) < INT_LIMIT and shift < 62 else np.dtype(object)
        total = np.zeros(self._shape(loops), dtype=dtype)
        for factor, term in zip(factors, expression, strict=True):
            values = self._term(term, loops).astype(dtype, copy=False)
            total += values if factor == 1 else values * np.asarray(factor, dtype=dtype)
        return total, shift

    def _shape(self, loops: tuple[int, ...]) -> list[int]:
        return [self._relation.loops[loop] for loop in loops]

    def _bound(self, term: Term) -> int:
        magnitudes = prod(self._assignment.magnitude(access.tensor) for access in term.accesses)
        return magnitudes * prod(self._shape(term.sums))

    def _term(self, term: Term, outer: tuple[int, ...]) -> np.ndarray:
        """The term without its coefficient; one axis for each outer loop, of size 1 where the term does not read it."""
        used = {loop for access in term.accesses for loop in access.loops}
        repeated = prod(self._relation.loops[loop] for loop in term.sums if loop not in used)
        if not term.accesses:
            return np.full((1,) * len(outer), repeated, dtype=object)
        if len(term.accesses) == 1:
            array, loops = self._reduced(term.accesses[0], set(term.sums), {})
            result = _aligned(array, loops, outer)
        else:
            result = self._product(term, outer, {}, _number_type(self._bound(term)))
        return result if repeated == 1 else np.asarray(result.astype(object) * repeated, dtype=object)

    def _reduced(self, access: Access, sums: set[int], spans: Spans) -> tuple[np.ndarray, list[int]]:
        """The operand of an access summed over `sums`, and the loops of its axes."""
        array, loops = self._assignment.operand(access, spans), list(access.loops)
        axes = tuple(axis for axis, loop in enumerate(loops) if loop in sums)
        if axes:
            count = prod(array.shape[axis] for axis in axes)
            fits = self._assignment.magnitude(access.tensor) * count < INT_LIMIT
            dtype = np.dtype(np.int64 if fits else object)
            array = np.asarray(array.sum(axis=axes, dtype=dtype), dtype=dtype)
        return array, [loop for loop in loops if loop not in sums]

    # Products ----------------------------------------------------------------------------------------------------

    def _product(
        self, term: Term, outer: tuple[int, ...], spans: dict[int, tuple[int, int]], dtype: np.dtype[np.generic]
    ) -> np.ndarray:
        """The product of a term, aligned to `outer` and computed in `dtype`, which holds every partial sum.

        Where an operand would be large, a loop is cut in two.
        """
        for access in term.accesses:
            sizes = {loop: self._extent(loop, spans) for loop in access.loops}
            if prod(sizes.values()) > _OPERAND_LIMIT:
                loop = max(sizes, key=lambda candidate: sizes[candidate])
                start, stop = spans.get(loop, (0, self._relation.loops[loop]))
                middle = (start + stop) // 2
                low = self._product(term, outer, {**spans, loop: (start, middle)}, dtype)
                high = self._product(term, outer, {**spans, loop: (middle, stop)}, dtype)
                if loop in term.sums:
                    return np.asarray(low + high, dtype=low.dtype)
                return np.concatenate([low, high], axis=outer.index(loop))
        first, second = term.accesses
        contracted = [loop for loop in first.loops if loop in term.sums and loop in second.loops]
        left, left_loops = self._reduced(first, set(term.sums) - set(contracted), spans)
        right, right_loops = self._reduced(second, set(term.sums) - set(contracted), spans)
        if not contracted:
            # Elementwise: there is nothing for BLAS to do, so floats would only cost conversions.
            integer = np.dtype(object) if dtype.kind == "O" else np.dtype(np.int64)
            factors = _aligned(left, left_loops, outer), _aligned(right, right_loops, outer)
            return np.asarray(np.multiply(*(factor.astype(integer, copy=False) for factor in factors)), dtype=integer)
        product, loops = _contract(left, left_loops, right, right_loops, contracted, dtype)
        return _aligned(product, loops, outer)

    def _extent(self, loop: int, spans: Spans) -> int:
        start, stop = spans.get(loop, (0, self._relation.loops[loop]))
        return stop - start


def _number_type(bound: int) -> np.dtype[np.generic]:
    """The fastest type in which sums of products are exact if the sum of their absolute values is at most `bound`."""
    return np.dtype(np.float64 if bound < FLOAT_LIMIT else np.int64 if bound < INT_LIMIT else object)


def _aligned(array: np.ndarray, loops: Sequence[int], outer: tuple[int, ...]) -> np.ndarray:
    """`array`, whose axes belong to `loops`, as a view with one axis for each outer loop (size 1 where it has none)."""
    order = [loops.index(loop) for loop in outer if loop in loops]
    shape = tuple(array.shape[loops.index(loop)] if loop in loops else 1 for loop in outer)
    return array.transpose(order).reshape(shape)


def _contract(
    left: np.ndarray,
    left_loops: list[int],
    right: np.ndarray,
    right_loops: list[int],
    contracted: list[int],
    dtype: np.dtype[np.generic],
) -> tuple[np.ndarray, list[int]]:
    """Sum over the contracted loops of left * right, and the loops of the axes of the result."""
    batch = [loop for loop in left_loops if loop in right_loops and loop not in contracted]
    left_kept = [loop for loop in left_loops if loop not in contracted and loop not in batch]
    right_kept = [loop for loop in right_loops if loop not in contracted and loop not in batch]
    sizes = {**dict(zip(left_loops, left.shape, strict=True)), **dict(zip(right_loops, right.shape, strict=True))}
    a = _matrices(left, left_loops, batch, left_kept, contracted, dtype)
    b = _matrices(right, right_loops, batch, right_kept, contracted, dtype)
    if not left_kept and not right_kept and batch:
        result = (a[:, 0, :] * b[:, 0, :]).sum(axis=1)
    else:
        result = np.matmul(a, b.swapaxes(1, 2))
    loops = [*batch, *left_kept, *right_kept]
    result = result if dtype.kind == "O" else result.astype(np.int64, copy=False)
    return result.reshape([sizes[loop] for loop in loops]), loops


def _matrices(
    array: np.ndarray,
    loops: list[int],
    batch: list[int],
    kept: list[int],
    contracted: list[int],
    dtype: np.dtype[np.generic],
) -> np.ndarray:
    """`array` copied to [batch, kept, contracted]; laid out the other way round if that follows the memory better."""
    innermost = min(kept + contracted, key=lambda loop: abs(array.strides[loops.index(loop)]) or 1 << 62)
    groups = [batch, contracted, kept] if innermost in kept else [batch, kept, contracted]
    order = [loops.index(loop) for group in groups for loop in group]
    shape = [prod(array.shape[loops.index(loop)] for loop in group) for group in groups]
    matrices = array.transpose(order).astype(dtype, order="C").reshape(shape)
    return matrices.swapaxes(1, 2) if innermost in kept else matrices
