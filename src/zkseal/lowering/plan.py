"""`Plan`: the state of a graph that is being lowered, as rules see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import UnsupportedOp
from zkseal.graph import Graph, Node
from zkseal.graph.steps import family
from zkseal.lowering.blocks.piecewise import Family
from zkseal.lowering.blocks.rescale import INTEGER_LIMIT, Rescale, half, plan_rescale, proven_range
from zkseal.lowering.blocks.wrap import Wrap
from zkseal.lowering.families import families
from zkseal.lowering.precision import wanted_exponents
from zkseal.lowering.values import Accumulator, Parameter, Quantized, Step, Stored
from zkseal.quantize.affine import integer_range
from zkseal.quantize.calibration import Calibration, ValueStatistics
from zkseal.quantize.options import QuantizationOptions
from zkseal.quantize.scales import activation_exponent, fitting_exponent, quantize

__all__ = ["Plan"]

CONSTANT_BITS = 24
"""Width of constants that are added to accumulators (biases): they are few, so their bits cost little."""


class Plan:
    """Values that are known so far and the steps that compute them.

    A graph value is `committed`, or an `accumulator` that waits for its only consumer to decide how it is rounded.
    """

    def __init__(self, graph: Graph, calibration: Calibration, options: QuantizationOptions) -> None:
        self.graph = graph
        self.calibration = calibration
        self.options = options
        self.steps: list[Step] = []
        self.notes: list[str] = []
        self._quantized: dict[str, Quantized] = {}
        self._accumulators: dict[str, Accumulator] = {}
        self._parameter_names: set[str] = set()
        self._shared: dict[str, list[Parameter]] = {}
        self._uses: dict[str, int] = {}
        self._step_counts: Counter[str | None] | None = None
        for node in graph.nodes:
            for name in node.inputs:
                self._uses[name] = self._uses.get(name, 0) + 1
        self._wanted = wanted_exponents(self)
        self._families = families(self)

    # Reading operands ----------------------------------------------------------------------------------------------

    def shape(self, name: str) -> tuple[int, ...]:
        """Static shape of a graph value."""
        return tuple(self.graph.values[name].shape)

    def constant(self, name: str) -> npt.NDArray[Any] | None:
        """The contents of an initializer; None for anything else."""
        array = self.graph.initializers.get(name)
        return None if array is None else np.asarray(array)

    def required_constant(self, node: Node, position: int, what: str) -> npt.NDArray[Any]:
        """The contents of an operand that must be constant. Raises `UnsupportedOp`."""
        array = self.constant(node.inputs[position]) if self.has_input(node, position) else None
        if array is None:
            raise self.unsupported(node, f"its {what} is not constant. Make it an initializer")
        return array

    @staticmethod
    def has_input(node: Node, position: int) -> bool:
        """Whether an optional operand is given."""
        return position < len(node.inputs) and node.inputs[position] != ""

    @staticmethod
    def unsupported(node: Node, reason: str) -> UnsupportedOp:
        """The error for a form of an operator that its rule does not accept; `reason` ends with a remedy."""
        return UnsupportedOp(f"Node '{node.name}' ({node.op}): {reason}.", op=node.op, node=node.name)

    def note(self, sentence: str) -> None:
        """Tells people something about the integer program that is not an error."""
        self.notes.append(sentence)

    def committed(self, name: str) -> Quantized:
        """A value as committed integers; an accumulator is rounded to its calibrated scale first."""
        if name in self._accumulators:
            self.add(plan_rescale(self._accumulators.pop(name), self))
        return self._quantized[name]

    def rounded(self, name: str) -> Quantized:
        """A value as committed integers no finer than its calibrated scale.

        Scores of trees are committed exactly, in 40 bits and more; operators whose cost grows with the fineness of
        their operand read them through this.
        """
        value = self.committed(name)
        if self.is_integer(name) or value.feature_exponents is not None or value.exponent <= self.scale(name)[0]:
            return value
        copy = f"{name}/rounded"
        if copy not in self._quantized:
            exact = Stored(value.name, name, value.shape, value.exponent, value.lo, value.hi)
            exponent, limit = self.scale(name)
            shift = value.exponent - exponent
            lo, hi = ((bound + half(shift)) >> shift for bound in (value.lo, value.hi))
            self.add(Rescale(exact, Quantized(copy, value.shape, exponent, *proven_range(lo, hi, limit)), shift))
        return self._quantized[copy]

    def accumulator(self, name: str, node: Node) -> Accumulator:
        """A value without rounding if this is its only use, else as it is committed."""
        if name in self._accumulators and self._uses.get(name, 0) == 1 and name not in self.graph.outputs:
            return self._accumulators.pop(name)
        return Stored.of(self.committed(name), node.name)

    def take_accumulator(self, name: str) -> Accumulator:
        """The accumulator that was just defined under `name`, to be replaced by a larger one."""
        return self._accumulators.pop(name)

    def is_known(self, name: str) -> bool:
        """Whether `name` is a value that was defined (not a constant)."""
        return name in self._quantized or name in self._accumulators

    def committed_values(self) -> dict[str, Quantized]:
        """The graph values that have been committed so far (views of committed values among them), by name."""
        return {name: value for name, value in self._quantized.items() if name in self.graph.values}

    def is_integer(self, name: str) -> bool:
        """Whether a graph value has an integer or boolean element type: its integers are the numbers themselves."""
        value = self.graph.values.get(name)
        return value is not None and not value.dtype.startswith("float")

    def steps_of(self, name: str) -> int:
        """How many steps of a sequence compute a value like this one (`graph.steps`); 1 outside of sequences."""
        if self._step_counts is None:
            self._step_counts = Counter(family(other) for other in self.graph.values)
        kind = family(name)
        return 1 if kind is None else self._step_counts[kind]

    # Scales --------------------------------------------------------------------------------------------------------

    def statistics(self, name: str) -> ValueStatistics:
        """What calibration saw of a value. Raises `CalibrationMissing`."""
        return self.calibration.of(name)

    def target_exponent(self, name: str, bound: float | None = None) -> int:
        """The exponent that a value gets when it is committed; `bound` is a proven bound of its magnitude."""
        if self.is_integer(name):
            return 0
        magnitude = self.statistics(name).magnitude * self.options.headroom
        if bound is not None and bound <= magnitude:
            return fitting_exponent(bound, self.limit(name))
        return activation_exponent(magnitude, 1.0, self.limit(name))

    def limit(self, name: str) -> int:
        """The largest integer that a value of floats is committed with, but for the extra bits of `scale`."""
        return self.options.limit_of(name)

    def scale(self, name: str, bound: float | None = None) -> tuple[int, int]:
        """The exponent with which a value is committed, and the largest integer that it may reach.

        A value has the usual bits, and more where the operator behind it needs them (`lowering.precision`). Values of
        integer type are the integers themselves.
        """
        if self.is_integer(name):
            return 0, INTEGER_LIMIT
        usual = self.target_exponent(name, bound)
        extra = max(self._wanted.get(name, usual) - usual, 0)
        return usual + extra, ((self.limit(name) + 1) << extra) - 1

    def family(self, output: str) -> Family | None:
        """The nodes that share a table with the one that computes `output`; None where it needs none."""
        return self._families.get(output)

    # Defining results ----------------------------------------------------------------------------------------------

    def define(self, value: Quantized | Accumulator, *, wraps: bool = True) -> None:
        """Records a value under its name.

        An accumulator of integer type that can leave its type is committed at once: modulo 2^n as the model computes
        it, or with `wraps=False`, and for types of 64 bits, as a value that raises `RangeExceeded` there.
        """
        if isinstance(value, Quantized):
            self._quantized[value.name] = value
        elif self.is_integer(value.name) and value.exponent == 0 and self._leaves_type(value):
            self._commit_integer(value, wraps)
        else:
            self._accumulators[value.name] = value

    def _leaves_type(self, value: Accumulator) -> bool:
        lo, hi = integer_range(self.graph.values[value.name].dtype)
        return value.lo < lo or value.hi > hi

    def _commit_integer(self, value: Accumulator, wraps: bool) -> None:
        lo, hi = integer_range(self.graph.values[value.name].dtype)
        if wraps and 1 < hi - lo < 1 << 32:
            wrap = Wrap(value, Quantized(value.name, value.shape, 0, lo, hi))
            self.add(wrap, wrap.value)
            return
        lo, hi = proven_range(max(value.lo, lo), min(value.hi, hi), INTEGER_LIMIT)
        self.add(Rescale(value, Quantized(value.name, value.shape, 0, lo, hi), 0))

    def add(self, step: Rescale | Step, *values: Quantized) -> None:
        """Appends a step that computes `values` (a `Rescale` knows its own)."""
        self.steps.append(step)
        for value in (step.value,) if isinstance(step, Rescale) else values:
            self._quantized[value.name] = value

    def parameter(
        self, name: str, array: npt.ArrayLike, exponent: int | npt.NDArray[np.int64], *, stated: int
    ) -> Parameter:
        """A constant as stored integers of (one or per-entry) `exponent`; `stated` is the parameter's own exponent.

        Equal integers under the same name are one parameter: weights that several nodes share are stored once.
        """
        integers = quantize(name, array, exponent)
        for known in self._shared.get(name, ()):
            if known.exponent == stated and np.array_equal(known.stored, integers):
                return known
        unique, count = name, 1
        while unique in self._parameter_names:
            count += 1
            unique = f"{name}/{count}"
        self._parameter_names.add(unique)
        made = Parameter(unique, integers, stated)
        self._shared.setdefault(name, []).append(made)
        return made

    def stored_exponent(self, name: str) -> int | None:
        """The exponent at which the constant `name` was stored first; None if it was not yet."""
        known = self._shared.get(name)
        return known[0].exponent if known else None

    def addend(self, name: str, array: npt.ArrayLike, target: int) -> Parameter:
        """A constant that is added to an accumulator, at most 24 bits wide.

        Steps finer than 2^-6 of the rounding that follows (`target`) would be wasted on it.
        """
        values = np.asarray(array, dtype=np.float64)
        largest = float(np.abs(values).max(initial=0.0))
        widest = fitting_exponent(largest, (1 << (CONSTANT_BITS - 1)) - 1) if np.isfinite(largest) else 0
        exponent = min(widest, target + 6)
        return self.parameter(name, values, exponent, stated=exponent)

    def rename(self, value: Quantized, name: str, shape: tuple[int, ...]) -> Quantized:
        """The same integers under another name and shape, for views."""
        return replace(value, name=name, shape=shape)

    def attributes(self, node: Node) -> Mapping[str, Any]:
        """Attributes of a node."""
        return node.attributes
