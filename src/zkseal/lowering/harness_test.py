"""What the tests of rules share: small ONNX models, and the checks that every rule must pass.

`verify` compares the integer program with onnxruntime, checks the relation, and lies in every hint and result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.errors import UnsatisfiedConstraint
from zkseal.frontends.onnx import OPSET, FloatSession
from zkseal.graph import Graph, Node, Value
from zkseal.lowering import Program, Visibility, lower
from zkseal.lowering.archive import ArrayStore, from_plain, to_plain
from zkseal.quantize import Calibration, QuantizationOptions, values_to_calibrate
from zkseal.quantize.integers import narrow
from zkseal.receipts import cbor
from zkseal.relation import Column, Relation

Arrays = Mapping[str, npt.NDArray[Any]]
Typed = tuple[str, Sequence[int]]
"""numpy name of an element type, and a shape."""

__all__ = [
    "archived",
    "calibrated",
    "f32",
    "false_values",
    "from_file",
    "graph_of",
    "lies",
    "require_same_from_file",
    "rng_of",
    "verify",
]


def rng_of(seed: int) -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(seed)


def graph_of(
    nodes: Sequence[tuple[Any, ...]],
    inputs: Mapping[str, Sequence[int] | Typed],
    outputs: Sequence[str],
    initializers: Mapping[str, npt.ArrayLike] | None = None,
    *,
    domain: str = "",
) -> Graph:
    """A graph exactly as written, with shapes inferred by onnx; nothing is folded.

    A node is (operator, inputs, outputs) or (operator, inputs, outputs, attributes). An input is a shape (float32) or
    an element type and a shape.
    """
    shapes = {name: _typed(given)[1] for name, given in inputs.items()}
    constants = {name: np.asarray(array) for name, array in (initializers or {}).items()}
    protos = [
        helper.make_node(op, ins, outs, name=f"n{k}", domain=domain if op == "Scaler" else "", **attributes)
        for k, (op, ins, outs, attributes) in enumerate((*node, {})[:4] for node in nodes)
    ]
    graph = helper.make_graph(
        protos,
        "case",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), list(shape))
            for name, (dtype, shape) in ((name, _typed(given)) for name, given in inputs.items())
        ],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", 3)]
    inferred = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=opsets), strict_mode=False)
    values = {name: Value(name, tuple(array.shape), str(array.dtype)) for name, array in constants.items()}
    for info in (*inferred.graph.input, *inferred.graph.output, *inferred.graph.value_info):
        tensor = info.type.tensor_type
        if tensor.elem_type == TensorProto.UNDEFINED:  # onnx infers nothing for ai.onnx.ml: our cases keep the shape
            first = next(iter(inputs))
            values[info.name] = Value(info.name, tuple(shapes[first]), "float32")
            continue
        shape = tuple(d.dim_value for d in tensor.shape.dim)
        values[info.name] = Value(info.name, shape, str(helper.tensor_dtype_to_np_dtype(tensor.elem_type)))
    frozen = tuple(
        Node(p.name, p.op_type, tuple(p.input), tuple(p.output), {a.name: _attribute(a) for a in p.attribute})
        for p in protos
    )
    return Graph("case", tuple(values[name] for name in inputs), tuple(outputs), values, constants, frozen)


def _typed(given: Sequence[int] | Typed) -> Typed:
    return cast(Typed, given) if given and isinstance(given[0], str) else ("float32", cast(Sequence[int], given))


def _attribute(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    return value if isinstance(value, int | float | bytes) else tuple(value)


def f32(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Single-precision array."""
    return np.asarray(values, dtype=np.float32)


def calibrated(
    graph: Graph, samples: Sequence[Arrays], options: QuantizationOptions | None = None, **visibility: Visibility
) -> Program:
    """The program of a graph, calibrated on these samples."""
    session = FloatSession(graph, threads=1)
    names = values_to_calibrate(graph)
    percentile = (options or QuantizationOptions()).percentile
    runs = (session.run(dict(sample), names) for sample in samples)
    return lower(graph, Calibration.from_runs(runs, percentile=percentile), options, **visibility)


def verify(
    graph: Graph,
    *,
    seed: int = 0,
    tolerance: float = 2.0**-10,
    samples: Sequence[Arrays] | None = None,
    options: QuantizationOptions | None = None,
    seen: Sequence[Arrays] = (),
    **visibility: Visibility,
) -> Program:
    """Lowers the graph and checks it on samples: outputs within `tolerance` of the largest |y| of
    all samples, relation, every lie. Calibration sees the samples in `seen`, too."""
    rng = rng_of(seed)
    if samples is None:
        samples = [{v.name: rng.normal(size=v.shape).astype(np.float32) for v in graph.inputs} for _ in range(6)]
    program = calibrated(graph, [*samples, *seen], options, **visibility)
    session = FloatSession(graph, threads=1)
    expected = [session.run(dict(sample)) for sample in samples]
    largest = {name: max(float(np.abs(run[name]).max(initial=0.0)) for run in expected) for name in graph.outputs}
    for sample, run in zip(samples, expected, strict=True):
        actual = program.predict(sample)
        for name, y in run.items():
            assert actual[name].shape == y.shape
            bound = tolerance * largest[name] if y.dtype.kind == "f" else 0.0
            assert np.abs(actual[name] - y).max(initial=0.0) <= bound, name
    witness = program.run(samples[0])
    program.relation.check(witness.tensors, sampled=40)
    program.relation.check(witness.tensors, fast=True)
    require_same_from_file(program, samples[0])
    lies(program, witness.tensors, rng)
    return program


def archived(program: Program) -> tuple[Any, ArrayStore]:
    """The program as a file holds it: plain data that came back from CBOR, and its arrays by number, read-only."""
    store = ArrayStore()
    plain = cbor.loads(cbor.dumps(to_plain(program, store)), max_bytes=1 << 28)
    for array in store.items:
        array.flags.writeable = False
    return plain, store


def from_file(program: Program) -> Program:
    """The program as it is read from a key, with arrays in the narrowest types."""
    plain, store = archived(program)
    fixed = {name: narrow(array) for name, array in program.relation.fixed.items()}
    relation = Relation.restore(program.relation.encode(), program.relation.sidecar(), fixed)
    return from_plain(plain, store.items, relation, program.parameters)


def require_same_from_file(program: Program, sample: Arrays) -> None:
    """A program that was written and read computes the same, integer by integer, and is written again as it was."""
    read = from_file(program)
    assert archived(read)[0] == archived(program)[0]
    before, after = program.run(sample), read.run(sample)
    assert list(after.tensors) == list(before.tensors)
    for name, integers in before.tensors.items():
        assert np.array_equal(after.tensors[name], integers), name
    for name, numbers in before.outputs.items():
        assert after.outputs[name].dtype == numbers.dtype
        assert np.array_equal(after.outputs[name], numbers), name


def lies(program: Program, tensors: Arrays, rng: np.random.Generator, count: int = 3) -> None:
    """Each of `false_values` must be rejected by the relation."""
    lied = 0
    for _name, false in false_values(program, tensors, rng, count):
        with pytest.raises(UnsatisfiedConstraint):
            program.relation.check(false, fast=True)
        lied += 1
    assert lied > 0


def false_values(
    program: Program, tensors: Arrays, rng: np.random.Generator, count: int = 3
) -> Iterator[tuple[str, dict[str, npt.NDArray[np.int64]]]]:
    """Changes committed values that are not derived, in bounds, one entry at a time, `count` times for each tensor.

    Yields the name of the tensor and the values of all tensors: what is derived follows honestly from the lie.
    """
    relation = program.relation
    derived = {relation.names.tensors[index] for item in relation.derived for index in item.limbs}
    honest = {name: array for name, array in tensors.items() if name not in derived}
    for name, tensor in zip(relation.names.tensors, relation.tensors, strict=True):
        if tensor.column not in (Column.WITNESS, Column.OUTPUT, Column.PUBLIC) or name in derived:
            continue
        if tensor.column == Column.PUBLIC and any(name == value.name for value in program.inputs):
            continue
        for _ in range(count):
            position = tuple(int(rng.integers(size)) for size in tensor.shape)
            old = int(honest[name][position])
            options = [v for v in (old - 1, old + 1, old + int(rng.integers(2, 50))) if tensor.lo <= v <= tensor.hi]
            if not options:
                continue
            changed = honest[name].copy()
            changed[position] = options[int(rng.integers(len(options)))]
            yield name, relation.complete({**honest, name: changed})
