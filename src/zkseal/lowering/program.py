"""`lower`: a float graph becomes a `Program`: an exact integer program, its relation, and what decodes its outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import UnsupportedOp, WrongInput
from zkseal.graph import Graph, Node
from zkseal.graph.masking import mark_masks
from zkseal.lowering.emitter import Emitter, Visibility
from zkseal.lowering.folding import fold_affine_inputs
from zkseal.lowering.fusion import fuse_functions
from zkseal.lowering.inputs import declare_inputs, quantize_input
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import find_rule
from zkseal.lowering.saturation import saturate
from zkseal.lowering.values import Environment, Quantized, Step
from zkseal.quantize.calibration import Calibration
from zkseal.quantize.integers import Integers, Narrow
from zkseal.quantize.options import QuantizationOptions
from zkseal.relation import Relation

__all__ = ["Program", "Witness", "lower"]


@dataclass(frozen=True)
class Witness:
    """One run of a program.

    - `tensors`: integers of every tensor of the relation but progressions, by name, in storage shape, with limbs.
    - `outputs`: decoded outputs by name (float64, or int64 for integer outputs), `integers`: the same before decoding.
    """

    tensors: Mapping[str, Narrow] = field(repr=False)
    outputs: Mapping[str, npt.NDArray[Any]]
    integers: Mapping[str, Integers] = field(repr=False)


@dataclass(frozen=True)
class Program:
    """An exact integer program. `inputs` and `outputs` say how floats and integers correspond.

    `parameters` are the private weights: integers of the relation's `model` tensors, by name. Public weights and
    tables are in `relation.fixed`.
    """

    inputs: tuple[Quantized, ...]
    outputs: tuple[Quantized, ...]
    steps: tuple[Step, ...] = field(repr=False)
    relation: Relation = field(repr=False)
    parameters: Mapping[str, Narrow] = field(repr=False)
    layouts: Mapping[str, tuple[str, tuple[int, ...]]] = field(repr=False)
    """For each tensor of a run: its name in the environment and its storage shape."""
    integer_outputs: frozenset[str]
    notes: tuple[str, ...] = ()
    """Sentences for people about what lowering rounded."""
    values: Mapping[str, Quantized] = field(default_factory=dict, repr=False)
    """Every graph value that has integers of its own, by name; sums that are never rounded have none."""
    nodes: Mapping[str, Node] = field(default_factory=dict, repr=False)
    """The nodes that were lowered, by name: what the origins of constraints mean."""
    starts: tuple[int, ...] = field(default=(), repr=False)
    """Where in `relation.order` the constraints of each step begin, and where the last one's end."""

    def for_proving(self, relation: Relation, parameters: Mapping[str, Narrow]) -> Program:
        """What proving needs of it and nothing more, with this relation (annotated, say) and these private weights.

        Without what only people and reports read: notes, and the names of values and nodes.
        """
        return Program(self.inputs, self.outputs, self.steps, relation, parameters, self.layouts, self.integer_outputs)

    def execute(self, inputs: Mapping[str, npt.ArrayLike]) -> Environment:
        """Integer values of everything, from float inputs by name, without the relation.

        Raises `WrongInput(name, expected, got)` and `RangeExceeded(tensor, value, lo, hi)`.
        """
        known = {value.name for value in self.inputs}
        for name in inputs:
            if name not in known:
                raise WrongInput(
                    f"The model has no input '{name}'; it has {sorted(known)}.",
                    name=name,
                    expected=sorted(known),
                    got=name,
                )
        environment = Environment()
        self.read(inputs, environment)
        for step in self.steps:
            step.execute(environment)
        return environment

    def read(self, inputs: Mapping[str, npt.ArrayLike], environment: Environment) -> None:
        """Puts the integers of float inputs into the environment. Raises `WrongInput`, `RangeExceeded`."""
        for value in self.inputs:
            environment[value.name] = quantize_input(value, inputs.get(value.name))

    def predict(self, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, npt.NDArray[Any]]:
        """Decoded outputs of the integer program, by name; no relation is touched."""
        environment = self.execute(inputs)
        return {value.name: self.decode(value.name, environment[value.name]) for value in self.outputs}

    def run(self, inputs: Mapping[str, npt.ArrayLike]) -> Witness:
        """The complete witness for float inputs by name. Raises as `execute`."""
        return self.witness(self.execute(inputs))

    def witness(self, environment: Environment) -> Witness:
        """The complete witness of a run that left these values."""
        tensors: dict[str, Narrow] = {**self.relation.fixed, **self.parameters}
        for name, (key, shape) in self.layouts.items():
            tensors[name] = environment[key].reshape(shape)
        integers = {value.name: environment[value.name] for value in self.outputs}
        decoded = {name: self.decode(name, array) for name, array in integers.items()}
        return Witness(self.relation.complete(tensors), decoded, integers)

    def decode(self, name: str, integers: Integers) -> npt.NDArray[Any]:
        """Integers of output `name` as the numbers that they stand for."""
        value = next(value for value in self.outputs if value.name == name)
        if name in self.integer_outputs:
            return np.asarray(integers, dtype=np.int64).reshape(value.shape)
        return np.ldexp(np.asarray(integers, dtype=np.float64), -value.exponent).reshape(value.shape)


def lower(
    graph: Graph,
    calibration: Calibration,
    options: QuantizationOptions | None = None,
    *,
    inputs: Visibility = "private",
    outputs: Visibility = "public",
    weights: Visibility = "private",
) -> Program:
    """Quantizes and lowers a graph.

    `calibration` must hold every value that the graph computes (`FloatSession.run` on samples). Raises `UnsupportedOp`,
    `CalibrationMissing`, `AccumulatorTooWide`, `NonFiniteWeight`.
    """
    graph = fuse_functions(mark_masks(fold_affine_inputs(graph)))
    plan = Plan(*saturate(graph, calibration, options or QuantizationOptions()))
    graph = plan.graph
    input_values = declare_inputs(plan)
    for node in graph.nodes:
        find_rule(node)(node, plan)
    for name in graph.outputs:
        if not plan.is_known(name) or any(name == value.name for value in input_values):
            raise UnsupportedOp(
                f"Output '{name}' of the graph is an input or a constant. Leave it out of the outputs.",
                op="",
                node=name,
            )
    output_values = tuple(plan.committed(name) for name in graph.outputs)
    emitter = Emitter(inputs=inputs, outputs=outputs, weights=weights, output_names=graph.outputs)
    for value in input_values:
        emitter.declare_input(value)
    written = [emitter.builder.written]
    for step in plan.steps:
        step.constrain(emitter)
        written.append(emitter.builder.written)
    annotation = _annotation(graph, input_values, output_values, (inputs, outputs, weights))
    relation = emitter.builder.finish(annotation)
    integer = frozenset(name for name in graph.outputs if not graph.values[name].dtype.startswith("float"))
    layouts = {name: (layout.key, layout.shape) for name, layout in emitter.layouts.items()}
    return Program(
        input_values,
        output_values,
        tuple(plan.steps),
        relation,
        emitter.parameters,
        layouts,
        integer,
        tuple(plan.notes),
        plan.committed_values(),
        {node.name: node for node in graph.nodes},
        tuple(emitter.builder.place(count) for count in written),
    )


def _annotation(
    graph: Graph, inputs: tuple[Quantized, ...], outputs: tuple[Quantized, ...], visibility: tuple[str, str, str]
) -> bytes:
    """What a verifier must know to read public values, as canonical JSON (sorted keys, no spaces, ASCII)."""

    def described(value: Quantized, how: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": value.name,
            "shape": list(value.shape),
            "dtype": graph.values[value.name].dtype,
            "exponent": value.exponent,
            "lo": value.lo,
            "hi": value.hi,
            "visibility": how,
        }
        if value.feature_exponents is not None:
            entry["feature_exponents"] = list(value.feature_exponents)
        if value.order is not None:
            entry["order"] = value.order
        return entry

    document = {
        "format": "zkseal program v1",
        "rounding": "half up",
        "inputs": [described(value, visibility[0]) for value in inputs],
        "outputs": [described(value, visibility[1]) for value in outputs],
        "weights": visibility[2],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
