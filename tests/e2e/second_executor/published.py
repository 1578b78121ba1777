"""What a compiled model publishes, read from the canonical bytes of its relation.

The rounding of a linear layer is a constraint: `A * sum(x w) + B * b + 2^(s-1) - 2^s * y` lies in [0, 2^s). Its
coefficients say how the layer is computed; nothing else in a compiled model does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal_reference.decoder import decode_relation
from zkseal_reference.relation import Column, Expression, Term

CONSTANTS = (Column.MODEL, Column.TABLE)


@dataclass(frozen=True)
class Rounding:
    """value = floor((product_factor * sum(x w) + addend_factor * b + 2^(shift-1)) / 2^shift); no half for shift 0."""

    weights: str
    product_factor: int
    addend: str | None
    addend_factor: int
    shift: int


@dataclass(frozen=True)
class Port:
    """An input or output: number = integer * 2^-(exponent + feature exponent), integers in [lo, hi]."""

    name: str
    exponents: npt.NDArray[np.int64]
    lo: int
    hi: int


class Published:
    """The description of a compiled model. `integers` are its constants by name."""

    def __init__(self, relation: bytes, names: Sequence[str], integers: Mapping[str, npt.NDArray[Any]]) -> None:
        self.relation = decode_relation(relation)
        self.names = list(names)
        self.integers = {name: np.asarray(array, np.int64) for name, array in integers.items()}
        document = json.loads(self.relation.annotation)
        if document["rounding"] != "half up":
            raise ValueError(f"unknown rounding {document['rounding']!r}")
        self.inputs = [self._port(entry) for entry in document["inputs"]]
        self.outputs = [self._port(entry) for entry in document["outputs"]]

    @staticmethod
    def _port(entry: Mapping[str, Any]) -> Port:
        features = np.asarray(entry.get("feature_exponents", 0), np.int64)
        return Port(entry["name"], entry["exponent"] + features, entry["lo"], entry["hi"])

    def bounds(self, name: str) -> tuple[int, int]:
        """Bounds of a tensor."""
        tensor = self.relation.tensors[self.names.index(name)]
        return tensor.lo, tensor.hi

    def rounding(self, value: str) -> Rounding:
        """How the linear layer that ends in `value` is rounded."""
        found = [r for e in self._expressions() if (r := self._as_rounding(e, self.names.index(value))) is not None]
        if len(found) != 1:
            raise ValueError(f"{len(found)} constraints round '{value}'")
        return found[0]

    def _expressions(self) -> Iterator[Expression]:
        for constraint in self.relation.constraints:
            yield from constraint.expressions

    def _is_constant(self, tensor: int) -> bool:
        return self.relation.tensors[tensor].column in CONSTANTS

    def _as_rounding(self, expression: Expression, value: int) -> Rounding | None:
        """The expression as the remainder of `value`; None if it is something else."""

        def constants(term: Term) -> list[int]:
            return [access.tensor for access in term.accesses if self._is_constant(access.tensor)]

        products = [t for t in expression if len(t.accesses) == 2 and len(constants(t)) == 1]
        values = [t for t in expression if [access.tensor for access in t.accesses] == [value]]
        if len(products) != 1 or len(values) != 1:
            return None
        denominator = max(term.shift for term in expression)

        def whole(term: Term) -> int:
            """The coefficient, times the common denominator: the expression is a remainder's top limb, or all of it."""
            return term.num << (denominator - term.shift)

        shift = (-whole(values[0])).bit_length() - 1
        addends = [t for t in expression if len(t.accesses) == 1 and constants(t)]
        half = sum(whole(term) for term in expression if not term.accesses)
        if whole(values[0]) != -(1 << shift) or len(addends) > 1 or half != (1 << shift) >> 1:
            raise ValueError(f"the rounding of '{self.names[value]}' is not half up by a power of two")
        return Rounding(
            weights=self.names[constants(products[0])[0]],
            product_factor=whole(products[0]),
            addend=self.names[constants(addends[0])[0]] if addends else None,
            addend_factor=whole(addends[0]) if addends else 0,
            shift=shift,
        )
