"""`Expansion`: what a decomposition writes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InternalError, UnsupportedOp
from zkseal.graph.edit import Editor
from zkseal.graph.shapes import expected_shapes
from zkseal.graph.types import Node

__all__ = ["Expansion"]

_BOOLEAN = frozenset({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Not", "Xor"})


class Expansion:
    """The nodes that take the place of one node. Values are names; every method that makes a value returns its name."""

    def __init__(self, edit: Editor, node: Node) -> None:
        self.node = node
        self._edit = edit
        self._scope = ""
        self._nodes: list[Node] = []
        self._defined: dict[int, str] = {}

    # The node that is written out -----------------------------------------------------------------------------------

    def has_input(self, position: int) -> bool:
        """Whether an optional input is given."""
        return position < len(self.node.inputs) and self.node.inputs[position] != ""

    def input(self, position: int) -> str:
        """Name of an input; "" if it is omitted."""
        return self.node.inputs[position] if self.has_input(position) else ""

    def wants_output(self, position: int) -> bool:
        """Whether an output is given a name."""
        return position < len(self.node.outputs) and self.node.outputs[position] != ""

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute of the node, or `default`."""
        return self.node.attributes.get(name, default)

    def unsupported(self, reason: str) -> UnsupportedOp:
        """The error for a form that is not accepted; `reason` ends with a remedy."""
        return UnsupportedOp(
            f"Node '{self.node.name}' ({self.node.op}): {reason}.", op=self.node.op, node=self.node.name
        )

    @contextmanager
    def within(self, scope: str) -> Iterator[None]:
        """Puts `scope` into the names of everything that is made inside; it ends with a slash."""
        outer, self._scope = self._scope, self._scope + scope
        try:
            yield
        finally:
            self._scope = outer

    # Values ---------------------------------------------------------------------------------------------------------

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a value."""
        return self._edit.values[name].shape

    def dtype(self, name: str) -> str:
        """Element type of a value, a numpy name."""
        return self._edit.values[name].dtype

    def array(self, name: str) -> npt.NDArray[Any] | None:
        """The contents of a constant; None for anything else."""
        return self._edit.constant(name) if name else None

    def constant(self, stem: str, array: npt.ArrayLike, dtype: str = "int64") -> str:
        """A new constant."""
        return self._edit.add_initializer(f"{self.node.name}/{self._scope}{stem}", np.asarray(array, np.dtype(dtype)))

    def number(self, value: float, like: str) -> str:
        """A constant of rank 0 with the element type of value `like`."""
        return self.constant("number", value, self.dtype(like))

    # Nodes ----------------------------------------------------------------------------------------------------------

    def apply(
        self, op: str, *inputs: str, shape: Sequence[int] | None = None, dtype: str | None = None, **attributes: Any
    ) -> str:
        """Adds a node with one output. `shape` is needed for operators that `graph.shapes` does not know.

        The element type is bool for comparisons and logic, else that of the first given input, unless `dtype` says it.
        """
        return self.apply_all(op, *inputs, shapes=None if shape is None else [shape], dtypes=[dtype], **attributes)[0]

    def apply_all(
        self,
        op: str,
        *inputs: str,
        shapes: Sequence[Sequence[int]] | None = None,
        dtypes: Sequence[str | None] = (),
        **attributes: Any,
    ) -> list[str]:
        """Adds a node with one output for each of `shapes`, and returns their names."""
        stem = f"{self.node.name}/{self._scope}{op}"
        node = self._edit.make_node(stem, op, inputs, (), attributes)
        if shapes is None:
            shapes = expected_shapes(
                node,
                [self.shape(name) if name else None for name in inputs],
                [self.array(name) for name in inputs],
            )
        if shapes is None:
            raise InternalError(f"The decomposition of {self.node.op} does not state the shape of its {op}.")
        first = next((self.dtype(name) for name in inputs if name), "float32")
        default = "bool" if op in _BOOLEAN else first
        given = [*dtypes, *([None] * (len(shapes) - len(dtypes)))]
        outputs = [
            self._edit.add_value(f"{stem}_{k}" if k else stem, tuple(int(size) for size in s), given[k] or default)
            for k, s in enumerate(shapes)
        ]
        self._nodes.append(Node(node.name, op, node.inputs, tuple(outputs), node.attributes))
        return outputs

    def reshape(self, name: str, shape: Sequence[int]) -> str:
        """Row-major reshape."""
        if tuple(shape) == self.shape(name):
            return name
        if len(shape) == 0:  # an empty list of sizes would be a constant without entries
            return self.apply("Squeeze", name, shape=())
        return self.apply("Reshape", name, self.constant("shape", list(shape)), shape=shape)

    def transpose(self, name: str, permutation: Sequence[int]) -> str:
        """Axis k of the result is axis `permutation[k]` of the value."""
        if list(permutation) == list(range(len(permutation))):
            return name
        return self.apply("Transpose", name, perm=tuple(permutation))

    def slice(self, name: str, axis: int, start: int, end: int) -> str:
        """Entries start .. end - 1 of one axis."""
        shape = list(self.shape(name))
        if (start, end) == (0, shape[axis]):
            return name
        shape[axis] = end - start
        bounds = [self.constant(what, [value]) for what, value in (("start", start), ("end", end), ("axis", axis))]
        return self.apply("Slice", name, *bounds, shape=shape)

    def concat(self, names: Sequence[str], axis: int) -> str:
        """Values behind each other along an axis."""
        return names[0] if len(names) == 1 else self.apply("Concat", *names, axis=axis)

    def cast(self, name: str, dtype: str) -> str:
        """A value as another element type."""
        if self.dtype(name) == dtype:
            return name
        return self.apply("Cast", name, shape=self.shape(name), dtype=dtype, to=_ELEMENT_TYPES[dtype])

    # Results --------------------------------------------------------------------------------------------------------

    def define(self, position: int, name: str) -> None:
        """Makes a value the output `position` of the node, if that output is wanted."""
        if self.wants_output(position):
            self._defined[position] = name

    def finish(self) -> list[Node]:
        """The new nodes; each output of the node is one of their outputs."""
        for position, output in enumerate(self.node.outputs):
            if output and position not in self._defined:
                raise InternalError(f"The decomposition of {self.node.op} does not define its output {position}.")
            if output:
                self._nodes.append(
                    self._edit.make_node(
                        f"{self.node.name}/output", "Identity", (self._defined[position],), (output,), {}
                    )
                )
        return self._nodes


_NAMES = ("float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16", "float64")
_ELEMENT_TYPES = {name: number for number, name in enumerate((*_NAMES, "uint32", "uint64"), start=1)}
"""Numbers of TensorProto.DataType."""
