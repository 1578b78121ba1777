"""If, Loop, Scan and sequences whose course is known before the model runs, written out as plain nodes.

| construct | written out when | as |
| --- | --- | --- |
| If | its condition is constant | the branch that is taken |
| If | its results are tensors of the same shape in both branches | both branches, and Where |
| Loop | trip count and conditions are constant, as far as they can be computed | one copy of the body an iteration |
| Scan | the scanned axis has a known size | one copy of the body a slice |
| sequences, optionals | lengths and positions are constant | the tensors themselves (`sequences`) |

This happens before the version of the model is converted, as onnx's converter leaves bodies alone. What is still
there afterwards is refused by `convert`. Bodies are copied with new names; what they capture keeps its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import sequences
from zkseal.frontends.onnx.fold import fold_constants
from zkseal.frontends.onnx.inference import infer_shapes
from zkseal.frontends.onnx.read import subgraphs
from zkseal.frontends.onnx.written import Writer
from zkseal.graph.steps import step_scope

__all__ = ["write_out_control_flow"]

MAX_NODES = 200_000
"""A short loop with a long trip count must not unfold into much memory."""

MAX_STEPS = 10_000
"""Iterations of a loop that its condition ends; each takes time before anything is known of the next."""

_MAX_ROUNDS = 16

Names = Mapping[str, str]


def write_out_control_flow(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` without the control flow and sequences that are resolved statically; itself if it has none.

    Raises UnsupportedOp for a loop that would become more than `MAX_NODES` nodes.
    """
    for _ in range(_MAX_ROUNDS):
        if not any(_is_control(node) for node in model.graph.node):
            break
        model = infer_shapes(model)
        fold_constants(model)
        model = infer_shapes(model)
        if not _Unroller(model).run():
            break
    return model


def _is_control(node: onnx.NodeProto) -> bool:
    return node.op_type in sequences.OPS or any(True for _ in subgraphs(node.attribute))


class _Unroller:
    """One pass over the main graph; bodies are expanded as they are met."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.graph = model.graph
        self.writer = Writer(model, MAX_NODES)
        self.sequences = sequences.Sequences(self.writer)
        self.changed = False

    def run(self) -> bool:
        """Rewrites the graph in place; says whether anything was written out."""
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in self.graph.node]
        for node in nodes:
            self._emit(node, {})
        self.changed |= self.sequences.changed
        if self.changed:
            self.writer.finish()
        return self.changed

    def _emit(self, node: onnx.NodeProto, names: Names) -> None:
        """Adds a node whose names are translated by `names` (those that are absent stay)."""
        renamed = _renamed(node, names)
        expand = {"If": self._branch, "Loop": self._loop, "Scan": self._scan}.get(node.op_type)
        if expand is not None and expand(renamed):
            self.changed = True
        elif not self.sequences.emit(renamed):
            self.writer.add(renamed)

    def _inline(self, body: onnx.GraphProto, prefix: str, inputs: Sequence[str]) -> list[str]:
        """The nodes of a body with new names, `inputs` in the place of its own; returns the names of its results."""
        names = {own.name: given for own, given in zip(body.input, inputs, strict=True)}
        for tensor in body.initializer:
            if tensor.name not in names:
                names[tensor.name] = self.writer.constant(f"{prefix}{tensor.name}", numpy_helper.to_array(tensor))
        for node in body.node:
            names |= {name: self.writer.fresh(f"{prefix}{name}") for name in node.output if name}
            self._emit(node, names)
        return [names.get(value.name, value.name) for value in body.output]

    # If ------------------------------------------------------------------------------------------------------------

    def _branch(self, node: onnx.NodeProto) -> bool:
        bodies = _bodies(node)
        condition = self.writer.known(node.input[0])
        prefix = f"{node.name or node.output[0]}/"
        if condition is not None:
            taken = bodies["then_branch" if bool(condition.reshape(-1)[0]) else "else_branch"]
            self._alias(self._inline(taken, prefix, ()), node.output)
            return True
        if not all(self.writer.shape(name) is not None for name in node.output if name):
            return False
        condition_name = node.input[0]
        if self.writer.shape(condition_name) == (1,):
            condition_name = self.writer.squeeze(condition_name, 0)
        chosen, other = (self._inline(bodies[f"{b}_branch"], f"{prefix}{b}/", ()) for b in ("then", "else"))
        for name, yes, no in zip(node.output, chosen, other, strict=True):
            if name:
                self.writer.add(helper.make_node("Where", [condition_name, yes, no], [name], f"{prefix}{name}"))
        return True

    def _alias(self, values: Sequence[str], outputs: Sequence[str]) -> None:
        for value, name in zip(values, outputs, strict=True):
            if name:
                self.sequences.alias(value, name)
                self.writer.add(helper.make_node("Identity", [value], [name], f"{name}/result"))

    # Loop ----------------------------------------------------------------------------------------------------------

    def _loop(self, node: onnx.NodeProto) -> bool:
        body = _bodies(node)["body"]
        trips, condition = (self.writer.known(name) if name else None for name in node.input[:2])
        unknown = (name != "" and value is None for name, value in zip(node.input, (trips, condition), strict=False))
        if any(unknown) or (trips is None and condition is None):
            return False
        limit = None if trips is None else int(trips.reshape(-1)[0])
        most = MAX_NODES // max(len(body.node), 1)
        if limit is not None and limit > most and not node.input[1]:
            raise self._too_large(node)  # A condition may end a loop long before its limit: TensorFlow's is 2^63.
        most = min(most, MAX_STEPS) if node.input[1] else most
        carried, count = list(node.input[2:]), 0
        collected: list[list[str]] = [[] for _ in body.output[1 + len(carried) :]]
        prefix = node.name or node.output[0]
        going = True if condition is None else bool(condition.reshape(-1)[0])
        state = self.writer.constant(f"{prefix}/condition", np.array(going))
        while going and (limit is None or count < limit):
            if count >= most:
                raise self._too_large(node)
            number = self.writer.constant(f"{prefix}/{count}/number", np.array(count, np.int64))
            results = self._inline(body, f"{prefix}/{step_scope(count)}", [number, state, *carried])
            state, carried, scanned = results[0], results[1 : 1 + len(carried)], results[1 + len(carried) :]
            for values, value in zip(collected, scanned, strict=True):
                values.append(value)
            count += 1
            if node.input[1] == "":
                continue  # Without a condition of its own a loop ignores what its body says.
            known = self.writer.known(state)
            if known is None:
                raise UnsupportedOp(
                    f"Loop {prefix!r} ends when computed data says so, which a proof of fixed shape cannot follow. "
                    "Export the model with a fixed number of iterations.",
                    op="Loop",
                    node=prefix,
                )
            going = bool(known.reshape(-1)[0])
        self._alias(carried, node.output[: len(carried)])
        self._stack(node, collected, node.output[len(carried) :], [0] * len(collected))
        return True

    def _too_large(self, node: onnx.NodeProto) -> UnsupportedOp:
        name = node.name or node.output[0]
        return UnsupportedOp(
            f"{node.op_type} {name!r} becomes more than {MAX_NODES} nodes or {MAX_STEPS} steps when written out. Use "
            "fewer iterations.",
            op=node.op_type,
            node=name,
        )

    def _stack(
        self, node: onnx.NodeProto, collected: Sequence[Sequence[str]], outputs: Sequence[str], axes: Sequence[int]
    ) -> None:
        """Joins what each iteration gave along a new axis."""
        for values, name, axis in zip(collected, outputs, axes, strict=True):
            if not name:
                continue
            if not values:
                raise UnsupportedOp(
                    f"{node.op_type} {node.name or name!r} has no iteration, so its result {name!r} is empty. "
                    "Cut it off with `outputs=`.",
                    op=node.op_type,
                    node=node.name or name,
                )
            wide = [self.writer.unsqueeze(value, axis) for value in values]
            self.writer.add(helper.make_node("Concat", wide, [name], f"{name}/stacked", axis=axis))

    # Scan ----------------------------------------------------------------------------------------------------------

    def _scan(self, node: onnx.NodeProto) -> bool:
        body = _bodies(node)["body"]
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute if not a.HasField("g")}
        scanned = int(attributes["num_scan_inputs"])
        states, streams = list(node.input[: len(node.input) - scanned]), node.input[len(node.input) - scanned :]
        if "" in states or len(body.input) != len(node.input):
            return False  # The form of opset 8, with a batch axis and lengths.
        shapes = [self.writer.shape(name) for name in streams]
        if any(shape is None for shape in shapes):
            return False
        known = [shape for shape in shapes if shape is not None]
        axes = [int(a) % len(s) for a, s in zip(attributes.get("scan_input_axes", [0] * scanned), known, strict=True)]
        backwards = [bool(b) for b in attributes.get("scan_input_directions", [0] * scanned)]
        count = known[0][axes[0]]
        if count * max(len(body.node), 1) > MAX_NODES:
            raise self._too_large(node)
        results = len(body.output) - len(states)
        collected: list[list[str]] = [[] for _ in range(results)]
        prefix = node.name or node.output[0]
        for step in range(count):
            slices = [
                self.writer.entry(name, axis, count - 1 - step if back else step, f"{prefix}/{step_scope(step)}")
                for name, axis, back in zip(streams, axes, backwards, strict=True)
            ]
            found = self._inline(body, f"{prefix}/{step_scope(step)}", [*states, *slices])
            states = found[: len(states)]
            for values, value in zip(collected, found[len(states) :], strict=True):
                values.append(value)
        reverse = [bool(b) for b in attributes.get("scan_output_directions", [0] * results)]
        collected = [values[::-1] if back else values for values, back in zip(collected, reverse, strict=True)]
        self._alias(states, node.output[: len(states)])
        outer = [int(axis) for axis in attributes.get("scan_output_axes", [0] * results)]
        self._stack(node, collected, node.output[len(states) :], outer)
        return True


def _bodies(node: onnx.NodeProto) -> dict[str, onnx.GraphProto]:
    return {attribute.name: attribute.g for attribute in node.attribute if attribute.HasField("g")}


def _renamed(node: onnx.NodeProto, names: Names) -> onnx.NodeProto:
    """A copy with translated names, inside bodies too, where they are not defined anew."""
    if not names:
        return node
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    copy.name = copy.output[0] if copy.output else node.name
    for body in subgraphs(copy.attribute):
        _rename_captured(body, names)
    return copy


def _rename_captured(body: onnx.GraphProto, names: Names) -> None:
    own = {value.name for value in body.input} | {tensor.name for tensor in body.initializer}
    own |= {name for node in body.node for name in node.output}
    outer = {name: new for name, new in names.items() if name not in own}
    for node in body.node:
        node.input[:] = [outer.get(name, name) for name in node.input]
        for inner in subgraphs(node.attribute):
            _rename_captured(inner, outer)
    for value in body.output:
        value.name = outer.get(value.name, value.name)
