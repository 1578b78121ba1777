"""How far each integer value of a program is from the float model, and how near to the ends of its range it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zkseal.graph import Graph

__all__ = ["NodeAccuracy", "ValueErrors", "node_accuracies"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NodeAccuracy:
    """The error of one value that has integers of its own.

    - `node`, `op`: what computes it; "" for an input.
    - `bits`: width of its integers; `step`: the real number that one of them stands for (of features with steps of
      their own, the coarsest).
    - `relative_error`: 2-norm of the error over that of the float value, all samples together.
    - `introduced`: how much of it was not there before: `relative_error` less the largest of the values that the node
      was computed from.
    - `max_absolute_error`: over all entries.
    - `reach`: the largest integer seen, as a share of the range; near 1 little headroom is left.
    - `entries`: entries seen over all samples; `saturated`: those that were clamped.
    """

    value: str
    node: str
    op: str
    bits: int
    step: float
    relative_error: float
    introduced: float
    max_absolute_error: float
    reach: float
    entries: int
    saturated: int


class ValueErrors:
    """Errors of one value, added up sample by sample."""

    def __init__(self, *, lo: int, hi: int, exponents: int | npt.NDArray[np.int64]) -> None:
        self._lo, self._hi = lo, hi
        self._exponents = np.asarray(exponents)
        self._error = self._size = self._largest = self._reach = 0.0
        self.entries = self._saturated = 0

    def add(self, expected: npt.ArrayLike, integers: npt.NDArray[np.int64], saturated: int = 0) -> None:
        """One sample: the float value, and the integers in the same shape; `saturated` entries were clamped."""
        reals: Floats = np.asarray(expected, dtype=np.float64)
        error = np.abs(np.ldexp(integers.astype(np.float64), -self._exponents) - reals)
        self._error += float((error**2).sum())
        self._size += float((reals**2).sum())
        self._largest = max(self._largest, float(error.max(initial=0.0)))
        ends = max(abs(self._lo), abs(self._hi), 1)
        self._reach = max(self._reach, float(np.abs(integers).max(initial=0)) / ends)
        self.entries += int(integers.size)
        self._saturated += saturated

    @property
    def relative(self) -> float:
        """|y' - y| / |y|, 2-norms over all samples; 0 where both are 0."""
        if self._size == 0.0:
            return 0.0 if self._error == 0.0 else float("inf")
        return float(np.sqrt(self._error / self._size))

    def accuracy(self, value: str, node: str, op: str, introduced: float) -> NodeAccuracy:
        """The report of what was added."""
        magnitude = max(self._hi, -self._lo - 1)
        return NodeAccuracy(
            value=value,
            node=node,
            op=op,
            bits=magnitude.bit_length() + (1 if self._lo < 0 else 0),
            step=float(np.ldexp(1.0, -int(self._exponents.min()))),
            relative_error=self.relative,
            introduced=introduced,
            max_absolute_error=self._largest,
            reach=self._reach,
            entries=self.entries,
            saturated=self._saturated,
        )


def node_accuracies(graph: Graph, errors: Mapping[str, ValueErrors]) -> tuple[NodeAccuracy, ...]:
    """One report for each value of `errors`, in the order of the graph.

    Values without integers of their own (sums that are rounded behind a Relu) pass on the error of their operands.
    """
    before = {value.name: errors[value.name].relative if value.name in errors else 0.0 for value in graph.inputs}
    found = [
        errors[value.name].accuracy(value.name, "", "", errors[value.name].relative)
        for value in graph.inputs
        if value.name in errors
    ]
    for node in graph.nodes:
        earlier = max((before.get(name, 0.0) for name in node.inputs), default=0.0)
        for name in node.outputs:
            before[name] = errors[name].relative if name in errors else earlier
            if name in errors:
                introduced = max(before[name] - earlier, 0.0) if np.isfinite(earlier) else 0.0
                found.append(errors[name].accuracy(name, node.name, node.op, introduced))
    return tuple(found)


def worst(nodes: Sequence[NodeAccuracy]) -> NodeAccuracy | None:
    """The node that adds the most error; None without nodes."""
    return max((node for node in nodes if node.node), key=lambda node: node.introduced, default=None)
