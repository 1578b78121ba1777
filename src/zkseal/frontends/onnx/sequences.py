"""Sequences and optionals whose lengths are known: each stands for a list of tensors, and its operators vanish."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import onnx
from onnx import helper

from zkseal.frontends.onnx.written import Writer

__all__ = ["OPS", "Sequences"]

OPS = frozenset(
    {
        *("SequenceEmpty", "SequenceConstruct", "SequenceInsert", "SequenceErase", "SequenceAt", "SequenceLength"),
        *("SplitToSequence", "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement"),
    }
)


class Sequences:
    """The sequences of a graph that is being written, by name, as names of tensors. An optional is its element."""

    def __init__(self, writer: Writer) -> None:
        self.changed = False
        self._writer = writer
        self._lists: dict[str, list[str]] = {}
        self._optional: dict[str, str] = {}

    def alias(self, value: str, name: str) -> bool:
        """Makes `name` the sequence or optional `value`; False if that is a tensor."""
        if value in self._lists:
            self._lists[name] = self._lists[value]
        elif value in self._optional:
            self._optional[name] = self._optional[value]
        else:
            return False
        return True

    def emit(self, node: onnx.NodeProto) -> bool:
        """Replaces a node that makes a tensor of a sequence or optional; False if the node has to be kept.

        Nodes that make sequences are kept, and noted: they vanish when nothing needs them any more.
        """
        if node.op_type == "Identity":
            self.alias(node.input[0], node.output[0])
        if node.op_type in self._MAKERS:
            self._MAKERS[node.op_type](self, node)
        replaced = node.op_type in self._READERS and self._READERS[node.op_type](self, node)
        self.changed |= replaced
        return replaced

    def _position(self, node: onnx.NodeProto, operand: int, length: int, default: int) -> int | None:
        """A constant position, not negative; `default` if it is omitted."""
        if len(node.input) <= operand or not node.input[operand]:
            return default
        known = self._writer.known(node.input[operand])
        if known is None:
            return None
        position = int(known.reshape(-1)[0])
        return position + length if position < 0 else position

    def _empty(self, node: onnx.NodeProto) -> bool:
        self._lists[node.output[0]] = []
        return True

    def _construct(self, node: onnx.NodeProto) -> bool:
        self._lists[node.output[0]] = list(node.input)
        return True

    def _insert(self, node: onnx.NodeProto) -> bool:
        source = self._lists.get(node.input[0])
        position = None if source is None else self._position(node, 2, len(source), len(source))
        if source is None or position is None:
            return False
        self._lists[node.output[0]] = [*source[:position], node.input[1], *source[position:]]
        return True

    def _erase(self, node: onnx.NodeProto) -> bool:
        source = self._lists.get(node.input[0])
        position = None if source is None else self._position(node, 1, len(source), len(source) - 1)
        if source is None or position is None or not 0 <= position < len(source):
            return False
        self._lists[node.output[0]] = source[:position] + source[position + 1 :]
        return True

    def _at(self, node: onnx.NodeProto) -> bool:
        source = self._lists.get(node.input[0])
        position = None if source is None else self._position(node, 1, len(source), 0)
        if source is None or position is None or not 0 <= position < len(source):
            return False
        self._tensor(source[position], node.output[0])
        return True

    def _length(self, node: onnx.NodeProto) -> bool:
        source = self._lists.get(node.input[0])
        if source is None:
            return False
        self._constant(np.array(len(source), np.int64), node.output[0])
        return True

    def _split(self, node: onnx.NodeProto) -> bool:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        shape = self._writer.shape(node.input[0])
        if shape is None:
            return False
        axis = int(attributes.get("axis", 0)) % len(shape)
        given = node.input[1] if len(node.input) > 1 else ""
        lengths = self._writer.known(given) if given else None
        if given and lengths is None:
            return False
        if lengths is None:
            sizes = [1] * shape[axis]
        elif lengths.ndim == 0:
            step = int(lengths)
            sizes = [min(step, shape[axis] - start) for start in range(0, shape[axis], step)]
        else:
            sizes = [int(length) for length in lengths]
        parts = self._writer.split(node.input[0], axis, sizes)
        if not given and not attributes.get("keepdims", 1):
            parts = [self._writer.squeeze(part, axis) for part in parts]
        self._lists[node.output[0]] = parts
        return True

    def _concat(self, node: onnx.NodeProto) -> bool:
        source = self._lists.get(node.input[0])
        if not source:
            return False
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        axis = int(attributes["axis"])
        if attributes.get("new_axis", 0):
            source = [self._writer.unsqueeze(name, axis) for name in source]
        self._writer.add(helper.make_node("Concat", source, list(node.output), node.name, axis=axis))
        return True

    def _wrap(self, node: onnx.NodeProto) -> bool:
        if not node.input or not node.input[0]:
            return False
        self._optional[node.output[0]] = node.input[0]
        return True

    def _element(self, node: onnx.NodeProto) -> bool:
        element = self._optional.get(node.input[0])
        if element is None and self._writer.shape(node.input[0]) is None and node.input[0] not in self._lists:
            return False
        # A tensor or sequence is its own element.
        self._tensor(element or node.input[0], node.output[0])
        return True

    def _has_element(self, node: onnx.NodeProto) -> bool:
        name = node.input[0] if node.input else ""
        if name and name not in self._optional and name not in self._lists and self._writer.shape(name) is None:
            return False
        self._constant(np.array(name != ""), node.output[0])
        return True

    def _tensor(self, value: str, name: str) -> None:
        if not self.alias(value, name):
            self._writer.add(helper.make_node("Identity", [value], [name], f"{name}/element"))

    def _constant(self, array: np.ndarray, name: str) -> None:
        value = onnx.numpy_helper.from_array(array)
        self._writer.add(helper.make_node("Constant", [], [name], f"{name}/constant", value=value))

    _MAKERS: ClassVar[dict[str, Callable[[Sequences, onnx.NodeProto], bool]]] = {
        "SequenceEmpty": _empty,
        "SequenceConstruct": _construct,
        "SequenceInsert": _insert,
        "SequenceErase": _erase,
        "SplitToSequence": _split,
        "Optional": _wrap,
    }

    _READERS: ClassVar[dict[str, Callable[[Sequences, onnx.NodeProto], bool]]] = {
        "SequenceAt": _at,
        "SequenceLength": _length,
        "ConcatFromSequence": _concat,
        "OptionalGetElement": _element,
        "OptionalHasElement": _has_element,
    }
