"""Moves of entries: a result that holds entries of its source in another order or shape.

A move is a view where the access stays separable, and then costs nothing. Otherwise the source is copied to a tensor
with a fitting layout, tied entry by entry by a Zero constraint (which fixes the copy), and the copy is viewed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from zkseal.errors import UnsupportedOp
from zkseal.graph import Node
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.values import Environment, Quantized
from zkseal.lowering.view import View
from zkseal.quantize.integers import Integers

__all__ = ["Move", "MoveStep", "Permute", "Reshape", "Take", "define_move"]


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
    """Entries of one axis: those with the indices `entries`; `step` if they are evenly spaced."""

    axis: int
    entries: tuple[int, ...]
    step: int | None = None

    def apply(self, array: Integers) -> Integers:
        return np.take(array, self.entries, axis=self.axis)

    def view(self, view: View) -> View | None:
        if self.step is not None:
            return view.slice(self.axis, self.entries[0], self.step, len(self.entries))
        return view.take(self.axis, self.entries)


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
        environment[self.value.name] = np.ascontiguousarray(array)

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


def define_move(node: Node, plan: Plan, moves: Sequence[Move]) -> None:
    """Defines the first output of `node` as its first input after `moves`."""
    output = node.outputs[0]
    source = plan.committed(node.inputs[0])
    value = plan.rename(source, output, plan.shape(output))
    plan.add(MoveStep(node.name, source.name, value, tuple(moves)), value)
