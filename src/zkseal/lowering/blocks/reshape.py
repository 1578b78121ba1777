"""Moves of entries: a result that holds entries of its source in another order or shape.

A move is a view where the access stays separable, and then costs nothing. Otherwise the source is copied to a tensor
with a fitting layout, tied entry by entry by a Zero constraint (which fixes the copy), and the copy is viewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from zkseal.errors import UnsupportedOp
from zkseal.graph import Node
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Environment, Quantized
from zkseal.lowering.view import View
from zkseal.quantize.integers import Integers

__all__ = ["Move", "MoveStep", "Pad", "Permute", "Reshape", "Take", "Tile", "define_move", "plan_moves"]


@runtime_checkable
class Move(Protocol):
    """A rearrangement, on arrays and on views."""

    def apply(self, array: Integers) -> Integers:
        """The rearranged array."""

    def view(self, view: View) -> View | None:
        """The rearranged view; None if the layout of the source does not allow one."""


@dataclass(frozen=True)
class Reshape:
    """Row-major reshape."""

    shape: tuple[int, ...]

    def apply(self, array: Integers) -> Integers:
        return array.reshape(self.shape)

    def view(self, view: View) -> View | None:
        return view.reshape(self.shape)


@dataclass(frozen=True)
class Permute:
    """Axis k of the result is axis `permutation[k]` of the source."""

    permutation: tuple[int, ...]

    def apply(self, array: Integers) -> Integers:
        return np.transpose(array, self.permutation)

    def view(self, view: View) -> View | None:
        return view.transpose(self.permutation)


@dataclass(frozen=True)
class Take:
    """Entries of one axis: those with the indices `entries`, -1 for zero; `step` if they are evenly spaced."""

    axis: int
    entries: tuple[int, ...]
    step: int | None = None

    def apply(self, array: Integers) -> Integers:
        taken = np.take(array, self.entries, axis=self.axis)
        if min(self.entries) < 0:
            taken[(slice(None),) * self.axis + (np.asarray(self.entries) < 0,)] = 0
        return taken

    def view(self, view: View) -> View | None:
        if self.step is not None:
            return view.slice(self.axis, self.entries[0], self.step, len(self.entries))
        return view.take(self.axis, self.entries)


@dataclass(frozen=True)
class Tile:
    """One axis `count` times behind itself."""

    axis: int
    count: int

    def apply(self, array: Integers) -> Integers:
        return np.concatenate([array] * self.count, axis=self.axis)

    def view(self, view: View) -> View | None:
        return view.tile(self.axis, self.count)


@dataclass(frozen=True)
class Pad:
    """Zeros before and after the entries of one axis."""

    axis: int
    before: int
    after: int

    def apply(self, array: Integers) -> Integers:
        widths = [(0, 0)] * array.ndim
        widths[self.axis] = (self.before, self.after)
        return np.pad(array, widths)

    def view(self, view: View) -> View | None:
        return view.pad(self.axis, self.before, self.after)


@dataclass(frozen=True)
class MoveStep:
    """`value` = moves applied to the committed value `source`, in order."""

    node: str
    source: str
    value: Quantized
    moves: tuple[Move, ...]

    def execute(self, environment: Environment) -> None:
        array = environment[self.source]
        for number, move in enumerate(self.moves):
            environment[self._copy_key(number)] = array
            array = move.apply(array)
        environment[self.value.name] = np.asarray(array, order="C")

    def _copy_key(self, number: int) -> str:
        """Where the source of move `number` lies, in case it has to be copied."""
        return f"{self.value.name}/copy_{number}"

    def constrain(self, emitter: Emitter) -> None:
        view = emitter.view(self.source)
        for number, move in enumerate(self.moves):
            moved = move.view(view)
            if moved is None:
                flat = isinstance(move, Reshape)
                view = emitter.copied_view(view, self._copy_key(number), flat=flat, origin=self.node)
                moved = move.view(view)
            if moved is None:
                raise UnsupportedOp(
                    f"Node '{self.node}' rearranges '{self.source}' so that an index needs more than four loops. "
                    "Split the reshape in two with fewer axes.",
                    op="Reshape",
                    node=self.node,
                )
            view = moved
        emitter.set_view(self.value, view, self.node)


def plan_moves(
    plan: Plan, node: str, source: Quantized, name: str, shape: Sequence[int], moves: Sequence[Move]
) -> Quantized:
    """Defines `name`, of `shape`, as `source` after `moves`, and returns it."""
    value = replace(source, name=name, shape=tuple(shape))
    if any(isinstance(move, Pad) or (isinstance(move, Take) and min(move.entries) < 0) for move in moves):
        value = replace(value, lo=min(value.lo, 0), hi=max(value.hi, 0))
    plan.add(MoveStep(node, source.name, value, tuple(moves)), value)
    return value


def define_move(node: Node, plan: Plan, moves: Sequence[Move]) -> None:
    """Defines the first output of `node` as its first input after `moves`."""
    output = node.outputs[0]
    plan_moves(plan, node.name, plan.committed(node.inputs[0]), output, plan.shape(output), moves)
