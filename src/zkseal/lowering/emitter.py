"""`Emitter`: where steps write their tensors and constraints; it knows visibility, layouts and views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

import numpy as np

from zkseal.errors import UnsupportedOp
from zkseal.lowering.values import Accumulator, Operand, Parameter, Quantized
from zkseal.lowering.view import MAX_AFFINE_LOOPS, AxisIndex, View, common_refinement
from zkseal.quantize.integers import Narrow
from zkseal.quantize.scales import model_bounds
from zkseal.relation import Column, Expr, Loop, RelationBuilder, TensorRef

__all__ = ["Emitter", "Visibility", "flat_loops"]

Visibility = Literal["private", "public"]

MAX_AXES = 8

Sizes = tuple[tuple[int, ...], ...]
"""For each logical axis the sizes of its loops, outermost first; () for an axis of size 1."""


def flat_loops(index: Sequence[AxisIndex]) -> list[Loop]:
    """All loops of an index that consists of loops, in order: the outer loops of a constraint."""
    return [loop for part in index if isinstance(part, tuple) for loop in part]


@dataclass(frozen=True)
class _Layout:
    """Where the values of a tensor come from: the environment's `key`, reshaped."""

    key: str
    shape: tuple[int, ...]


class Emitter:
    """Collects one relation. Names of tensors are names of graph values or `<value>/<hint>`."""

    def __init__(
        self, *, inputs: Visibility, outputs: Visibility, weights: Visibility, output_names: Sequence[str]
    ) -> None:
        self.builder = RelationBuilder()
        self.layouts: dict[str, _Layout] = {}
        self.parameters: dict[str, Narrow] = {}
        self._input_column = Column.INPUT if inputs == "private" else Column.PUBLIC
        self._output_column = Column.OUTPUT if outputs == "private" else Column.PUBLIC
        self._private_weights = weights == "private"
        self._output_names = frozenset(output_names)
        self._views: dict[str, View] = {}
        self._parameter_views: dict[str, View] = {}
        self._flat: dict[str, TensorRef] = {}

    # Tensors -------------------------------------------------------------------------------------------------------

    def declare_input(self, value: Quantized) -> None:
        """A graph input: private ones are range-checked here, the verifier checks public ones."""
        view = self._declare(value, self.plain(value.shape), self._input_column, "input")
        self._views[value.name] = view
        if self._input_column == Column.INPUT:
            index = self.loops(self.plain(value.shape))
            self.bound(flat_loops(index), view.at(self.builder, index), value.lo, value.hi, origin="input")

    def declare(self, value: Quantized, sizes: Sizes, origin: str) -> View:
        """A committed value, in the output column if it is an output of the graph, else in the witness."""
        column = self._output_column if value.name in self._output_names else Column.WITNESS
        view = self._declare(value, sizes, column, origin)
        self._views[value.name] = view
        return view

    def is_public(self, name: str) -> bool:
        """Whether the verifier itself checks the bounds of this output."""
        return name in self._output_names and self._output_column == Column.PUBLIC

    def is_output(self, name: str) -> bool:
        """Whether `name` is an output of the graph, which needs a tensor of its own."""
        return name in self._output_names

    def _declare(self, value: Quantized, sizes: Sizes, column: Column, origin: str, tensor_name: str = "") -> View:
        axes = [s if s else (1,) for s in sizes]
        if sum(len(s) for s in axes) > MAX_AXES:
            axes = [s for s in sizes if s]
        if sum(len(s) for s in axes) > MAX_AXES:
            axes = [(prod(s),) for s in axes]
        padded = self._spread(axes, value.shape)
        storage = tuple(size for s in padded for size in s) or (1,)
        name = tensor_name or value.name
        tensor = self.builder.tensor(name, storage, column, lo=value.lo, hi=value.hi, origin=origin)
        self.layouts[name] = _Layout(value.name, storage)
        return View.of(tensor, padded)

    @staticmethod
    def _spread(axes: Sequence[tuple[int, ...]], shape: Sequence[int]) -> Sizes:
        """`axes` with () put back for the axes of size 1 that were left out."""
        if len(axes) == len(shape):
            return tuple(axes)
        pending = list(axes)
        return tuple(pending.pop(0) if size > 1 else () for size in shape)

    def read(self, name: str, index: Sequence[AxisIndex]) -> Expr:
        """A committed value at `index`, one entry for each of its axes."""
        return self._views[name].at(self.builder, index)

    def view(self, name: str) -> View:
        """How the committed value `name` is read."""
        return self._views[name]

    def set_view(self, value: Quantized, view: View, origin: str) -> None:
        """Makes `value` a view of another one; an output gets a copy, as it needs a tensor of its own."""
        self._views[value.name] = view
        if self.is_output(value.name):
            self._views[value.name] = self._copy(value, view, self._output_column, origin, value.name)

    def copy(self, name: str) -> View:
        """Replaces the view of `name` by a copy with one tensor axis for each logical axis, tied entry by entry."""
        view = self._views[name]
        value = Quantized(name, view.shape, 0, *view.bounds)
        copied = self._copy(value, view, Column.WITNESS, "copy", f"{name}/copy")
        self._views[name] = copied
        return copied

    def whole_axis(self, name: str, axis: int) -> None:
        """Copies `name` unless this axis is read by one loop or affine index (not merged from several, no list)."""
        view = self._views[name]
        if view.gathers(axis) or len(view.factor_sizes(axis)) > 1:
            self.copy(name)

    def _copy(self, value: Quantized, view: View, column: Column, origin: str, tensor_name: str) -> View:
        sizes = tuple(view.factor_sizes(axis) for axis in range(len(view.shape)))
        if max(map(len, sizes), default=0) > MAX_AFFINE_LOOPS:
            view = self._with_fewer_factors(view, value.name, f"{tensor_name}/axes", origin)
            sizes = tuple(view.factor_sizes(axis) for axis in range(len(view.shape)))
        copied = self._declare(value, self.plain(value.shape), column, origin, tensor_name)
        index = self.loops(sizes)
        difference = copied.at(self.builder, index) - view.at(self.builder, index)
        self.builder.zero(flat_loops(index), difference, origin=origin)
        return copied

    def copied_view(self, view: View, key: str, *, flat: bool, origin: str) -> View:
        """A copy of what `view` reads, in a fresh tensor with one axis for each logical axis, or one in all.

        Of a `flat` copy every reshape is a view. `key`: name of the tensor and of its integers in the environment.
        """
        if flat:
            return self._flat_copy(view, key, key, origin)
        value = Quantized(key, view.shape, 0, *view.bounds)
        return self._copy(value, view, Column.WITNESS, origin, key)

    def _flat_copy(self, view: View, key: str, tensor_name: str, origin: str) -> View:
        """A copy with one axis, through one with four where the axis would be read with more loops than a map takes."""
        order = [size for axis in range(len(view.shape)) for size in view.factor_sizes(axis)]
        if len(order) > MAX_AFFINE_LOOPS:
            start = len(order) - 2 * (MAX_AFFINE_LOOPS - 1)
            parts = [order[: max(start, 1)], *(order[k : k + 2] for k in range(max(start, 1), len(order), 2))]
            view = self._gathered_copy(view, parts, key, f"{tensor_name}_axes", origin)
            order = list(view.shape)
        return self._gathered_copy(view, [order], key, tensor_name, origin)

    def _with_fewer_factors(self, view: View, key: str, tensor_name: str, origin: str) -> View:
        """A copy that reads each logical axis with at most four loops."""
        parts: list[list[Sequence[int]]] = []
        for axis in range(len(view.shape)):
            sizes = view.factor_sizes(axis)
            width = -(-len(sizes) // MAX_AFFINE_LOOPS) or 1
            parts.append([sizes[k : k + width] for k in range(0, len(sizes), width)])
        copied = self._gathered_copy(view, [part for axis in parts for part in axis], key, tensor_name, origin)
        return View.of(copied.tensor, [[prod(part) for part in axis] for axis in parts])

    def _gathered_copy(
        self, view: View, parts: Sequence[Sequence[int]], key: str, tensor_name: str, origin: str
    ) -> View:
        """A copy with one axis for each of `parts`, consecutive factors of the view."""
        value = Quantized(key, tuple(prod(part) for part in parts), 0, *view.bounds)
        copied = self._declare(value, tuple((size,) for size in value.shape), Column.WITNESS, origin, tensor_name)
        index = self.loops(tuple(view.factor_sizes(axis) for axis in range(len(view.shape))))
        loops, pending = flat_loops(index), list(flat_loops(index))
        target = [tuple(pending.pop(0) for _ in part) for part in parts]
        self.builder.zero(loops, copied.at(self.builder, target) - view.at(self.builder, index), origin=origin)
        return copied

    def flat(self, name: str) -> TensorRef:
        """A tensor with one axis that holds the committed value `name` row-major: its own, or a copy tied to it."""
        view = self._views[name]
        if view.is_flat():
            return view.tensor
        key = f"{name}/flat"
        if key not in self._flat:
            self._flat[key] = self._flat_copy(view, name, key, "copy").tensor
        return self._flat[key]

    def flat_parameter(self, parameter: Parameter) -> TensorRef:
        """A stored constant, row-major in a tensor with one axis."""
        stored = Parameter(parameter.name, parameter.stored.reshape(-1), parameter.exponent)
        if stored.name not in self._parameter_views:
            self.parameter(stored, self.loops(self.plain(stored.shape)))
        return self._parameter_views[stored.name].tensor

    def hint(self, value: Quantized, sizes: Sizes, origin: str) -> View:
        """A witness tensor that is no graph value: `value.name` is its key in the environment."""
        view = self._declare(value, sizes, Column.WITNESS, origin)
        self._views[value.name] = view
        return view

    def parameter(self, parameter: Parameter, index: Sequence[AxisIndex], *, public: bool = False) -> Expr:
        """A stored constant at `index` (loops or 0 for each axis); stored with one tensor axis for each loop.

        A constant that is read again with other loops is stored a second time if those are too coarse for it.

        `public`: it is part of the structure of the model, and shown even if weights are hidden.
        """
        return self._parameter_view(parameter, index, self._private_weights and not public).at(self.builder, index)

    def _parameter_view(self, parameter: Parameter, index: Sequence[AxisIndex], private: bool) -> View:
        key, count = parameter.name, 1
        while (known := self._parameter_views.get(key)) is not None:
            if known.admits(index):
                return known
            key, count = f"{parameter.name}/layout_{count}", count + 1
        view = self._declare_parameter(replace(parameter, name=key), index, private)
        self._parameter_views[key] = view
        return view

    def _declare_parameter(self, parameter: Parameter, index: Sequence[AxisIndex], private: bool) -> View:
        sizes = tuple(
            tuple(loop.size for loop in part) if isinstance(part, tuple) and size > 1 else ((size,) if size > 1 else ())
            for part, size in zip(index, parameter.shape, strict=True)
        )
        if sum(map(len, sizes)) > MAX_AXES:
            sizes = tuple((prod(s),) if s else () for s in sizes)
        storage = tuple(size for s in sizes for size in s) or (1,)
        integers = parameter.stored.reshape(storage)
        lo, hi = model_bounds(integers)
        if private:
            tensor = self.builder.tensor(parameter.name, storage, Column.MODEL, lo=lo, hi=hi, origin=parameter.name)
            self.parameters[parameter.name] = integers
        else:
            tensor = self.constant(parameter.name, integers)
        return View.of(tensor, sizes)

    def constant(self, name: str, integers: Narrow) -> TensorRef:
        """A public tensor whose contents are part of the relation's key, whatever the visibility of weights."""
        contents = np.ascontiguousarray(integers, dtype=np.int64)
        return self.builder.tensor(name, contents.shape, Column.TABLE, contents=contents, origin=name)

    # Loops ---------------------------------------------------------------------------------------------------------

    @staticmethod
    def plain(shape: Sequence[int]) -> Sizes:
        """One loop for each axis, none for axes of size 1."""
        return tuple((size,) if size > 1 else () for size in shape)

    def loops(self, sizes: Sizes) -> tuple[tuple[Loop, ...], ...]:
        """Fresh loops of these sizes."""
        return tuple(tuple(self.builder.loop(size) for size in axis) for axis in sizes)

    def sizes_for(self, accumulator: Accumulator) -> Sizes:
        """Sizes of loops that fit an accumulator's operands and cuts."""
        return self.refine(accumulator.shape, accumulator.operands(), accumulator.cuts())

    def refine(
        self, shape: Sequence[int], operands: Sequence[Operand], cuts: Sequence[tuple[int, tuple[int, ...]]] = ()
    ) -> Sizes:
        """Sizes of loops for the axes of `shape` that are fine enough for every operand and every (axis, sizes) cut.

        Operands that cannot agree are copied to tensors with whole axes.
        """
        return tuple(
            self._refine_axis(k, size, operands, [cut for axis, cut in cuts if axis == k])
            for k, size in enumerate(shape)
        )

    def _refine_axis(
        self, axis: int, size: int, operands: Sequence[Operand], cuts: Sequence[tuple[int, ...]]
    ) -> tuple[int, ...]:
        if size == 1:
            return ()
        reading = [
            (operand.name, own)
            for operand in operands
            if (own := operand.axes[axis]) is not None and self._views[operand.name].shape[own] == size
        ]
        wanted = [self._views[name].factor_sizes(own) for name, own in reading]
        refined = common_refinement([(size,), *cuts, *wanted])
        gathered = any(self._views[name].gathers(own) for name, own in reading)
        if refined is not None and len(refined) <= MAX_AFFINE_LOOPS and not (gathered and len(refined) > 1):
            return refined
        for name in {name: None for name, _ in reading}:
            self.copy(name)
        refined = common_refinement([(size,), *cuts])
        if refined is None:
            raise UnsupportedOp(
                f"An axis of {size} channels is cut in ways that do not nest: {list(cuts)}. Do not add the results of "
                "convolutions with such groups.",
                op="Conv",
                node="",
            )
        return refined

    # Constraints ---------------------------------------------------------------------------------------------------

    def bound(self, loops: Sequence[Loop], expression: Expr, lo: int, hi: int, *, origin: str) -> None:
        """Demands lo <= expression <= hi; the span must be a power of two, or two ranges are used."""
        bits = (hi - lo).bit_length()
        self.builder.range(loops, expression, lo=lo, bits=bits, origin=origin)
        if hi - lo + 1 != 1 << bits:
            self.builder.range(loops, Expr.constant(hi) - expression, bits=bits, origin=origin)

    def magnitude(self, loops: Sequence[Loop], expression: Expr, bits: int, *, origin: str) -> None:
        """Demands 0 <= expression < 2^bits, or < 2^(bits+1) if that is the width of a signed activation.

        It bounds magnitudes that other constraints determine, so that nothing wraps; a bit more changes no value, and
        ranges of 15 and 16 bits then share their tables.
        """
        self.builder.range(loops, expression, bits=bits + 1 if bits % 8 == 7 else bits, origin=origin)

    def remainder(self, loops: Sequence[Loop], expression: Expr, shift: int, *, origin: str) -> None:
        """Demands 0 <= expression < 2^shift for an expression that is known to be an integer; 0 for shift 0.

        An integer e is in [0, 2^s) iff e * 2^(w-s) is in [0, 2^w): with w rounded up to a multiple of 8 all remainders
        of a program share their range tables.
        """
        if shift == 0:
            self.builder.zero(loops, expression, origin=origin)
            return
        width = -(-shift // 8) * 8
        self.builder.range(loops, expression * (1 << (width - shift)), bits=width, origin=origin)
