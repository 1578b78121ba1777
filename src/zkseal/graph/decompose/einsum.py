"""Einsum: operands one after the other, each pair as one MatMul between reshapes and transposes, which are views.

Letters that occur in one operand alone and not in the result are summed first, letters that occur twice in one operand
read its diagonal through a constant list. Ellipses become letters of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from zkseal.graph.decompose.expansion import Expansion
from zkseal.graph.decompose.registry import decomposition


@dataclass(frozen=True)
class _Term:
    """A value and the letter of each of its axes; axes of an ellipsis are numbered from its end: "...0" is the last."""

    value: str
    letters: tuple[str, ...]


@decomposition("Einsum")
def einsum(x: Expansion) -> None:
    """Any number of operands; repeated letters, ellipses, implicit results."""
    equation = str(x.attribute("equation", "")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    operands = left.split(",")
    terms = [
        _Term(name, _letters(x, text, len(x.shape(name)))) for text, name in zip(operands, x.node.inputs, strict=True)
    ]
    sizes = _sizes(x, terms)
    result = _result(x, terms, right if arrow else None)
    terms = [_aligned(x, term, sizes) for term in terms]
    left_over = [_summed(x, terms, k, result) for k in range(len(terms))]
    product = left_over[0]
    for k, other in enumerate(left_over[1:], start=1):
        needed = {*result, *(letter for term in left_over[k + 1 :] for letter in term.letters)}
        product = _product(x, product, other, needed, sizes)
    for letter in product.letters:
        if letter not in result:
            product = _sum(x, product, letter)
    moved = x.transpose(product.value, [product.letters.index(letter) for letter in result])
    x.define(0, moved)


def _letters(x: Expansion, text: str, rank: int) -> tuple[str, ...]:
    """The letters of an operand of this rank; an ellipsis takes the axes that are left."""
    before, dots, behind = text.partition("...")
    extra = rank - len(before) - len(behind)
    if extra < 0 or (extra > 0 and not dots):
        raise x.unsupported(f"its operand {text!r} does not fit a value of rank {rank}. Correct the equation")
    return (*before, *(f"...{extra - 1 - k}" for k in range(extra)), *behind)


def _sizes(x: Expansion, terms: list[_Term]) -> dict[str, int]:
    """The size of each letter; sizes of 1 broadcast under an ellipsis."""
    sizes: dict[str, int] = {}
    for term in terms:
        for letter, size in zip(term.letters, x.shape(term.value), strict=True):
            known = sizes.setdefault(letter, size)
            if known != size and 1 not in (known, size):
                raise x.unsupported(f"letter {letter!r} has the sizes {known} and {size}. Correct the equation")
            sizes[letter] = max(known, size)
    return sizes


def _result(x: Expansion, terms: list[_Term], text: str | None) -> tuple[str, ...]:
    """The letters of the result; without an arrow: the ellipsis, then the letters that occur once, in order."""
    every = [letter for term in terms for letter in term.letters]
    dots = sorted({letter for letter in every if letter.startswith("...")}, key=lambda name: -int(name[3:]))
    if text is None:
        return (*dots, *sorted(letter for letter in set(every) if every.count(letter) == 1 and letter not in dots))
    before, ellipsis, behind = text.partition("...")
    return (*before, *(dots if ellipsis else []), *behind)


def _aligned(x: Expansion, term: _Term, sizes: dict[str, int]) -> _Term:
    """The operand with each letter once (its diagonal where one occurs twice) and broadcast to the sizes."""
    letters = tuple(dict.fromkeys(term.letters))
    value, shape = term.value, x.shape(term.value)
    if len(letters) < len(term.letters):
        own = [sizes[letter] for letter in letters]
        grid = np.indices(own).reshape(len(letters), -1)
        index = [grid[letters.index(letter)] for letter in term.letters]
        places = np.ravel_multi_index(index, shape)
        flat = x.reshape(value, [prod(shape)])
        value = x.reshape(x.apply("Gather", flat, x.constant("diagonal", places), axis=0), own)
        shape = tuple(own)
    wanted = tuple(sizes[letter] for letter in letters)
    if shape != wanted:
        value = x.apply("Expand", value, x.constant("shape", list(wanted)), shape=wanted)
    return _Term(value, letters)


def _sum(x: Expansion, term: _Term, letter: str) -> _Term:
    axis, shape = term.letters.index(letter), list(x.shape(term.value))
    del shape[axis]
    value = x.apply("ReduceSum", term.value, x.constant("axes", [axis]), shape=shape, keepdims=0)
    return _Term(value, tuple(other for other in term.letters if other != letter))


def _summed(x: Expansion, terms: list[_Term], position: int, result: tuple[str, ...]) -> _Term:
    """An operand without the letters that nothing else has."""
    term = terms[position]
    others = {letter for k, other in enumerate(terms) if k != position for letter in other.letters}
    for letter in term.letters:
        if letter not in others and letter not in result:
            term = _sum(x, term, letter)
    return term


def _product(x: Expansion, left: _Term, right: _Term, needed: set[str], sizes: dict[str, int]) -> _Term:
    """left * right, summed over the shared letters that are not needed later, as one MatMul."""
    shared = [letter for letter in left.letters if letter in right.letters]
    batch = [letter for letter in shared if letter in needed]
    inner = [letter for letter in shared if letter not in needed]
    rows = [letter for letter in left.letters if letter not in shared]
    columns = [letter for letter in right.letters if letter not in shared]
    if not inner and not rows and not columns:
        value = x.apply("Mul", _ordered(x, left, batch), _ordered(x, right, batch))
        return _Term(value, tuple(batch))

    def count(letters: list[str]) -> int:
        return prod(sizes[letter] for letter in letters)

    lead = [sizes[letter] for letter in batch]
    a = x.reshape(_ordered(x, left, [*batch, *rows, *inner]), [*lead, count(rows), count(inner)])
    b = x.reshape(_ordered(x, right, [*batch, *inner, *columns]), [*lead, count(inner), count(columns)])
    every = [*batch, *rows, *columns]
    return _Term(x.reshape(x.apply("MatMul", a, b), [sizes[letter] for letter in every]), tuple(every))


def _ordered(x: Expansion, term: _Term, letters: list[str]) -> str:
    return x.transpose(term.value, [term.letters.index(letter) for letter in letters])
