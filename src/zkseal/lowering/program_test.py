"""Whole programs: visibility, annotation, inputs, folding, errors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from zkseal.errors import AccumulatorTooWide, CalibrationMissing, RangeExceeded, UnsupportedOp, WrongInput
from zkseal.lowering import Program, lower, require_rules, supported_ops
from zkseal.lowering.accumulators import Scaled
from zkseal.lowering.folding import LINEAR, fold_affine_inputs
from zkseal.lowering.harness_test import calibrated, f32, graph_of, rng_of, verify
from zkseal.lowering.values import Parameter, Quantized
from zkseal.quantize import Calibration, QuantizationOptions
from zkseal.relation import Column


def _mlp(**visibility: str) -> Program:
    rng = rng_of(0)
    constants = {"w": f32(rng.normal(size=(6, 8))), "b": f32(rng.normal(size=8)), "v": f32(rng.normal(size=(8, 3)))}
    nodes = [
        ("Gemm", ["x", "w", "b"], ["h"]),
        ("Relu", ["h"], ["r"]),
        ("MatMul", ["r", "v"], ["y"]),
        ("ArgMax", ["y"], ["k"], {"axis": 1, "keepdims": 0}),
    ]
    return verify(graph_of(nodes, {"x": (1, 6)}, ["y", "k"], constants), **visibility)  # type: ignore[arg-type]


@pytest.mark.parametrize("inputs", ["private", "public"])
@pytest.mark.parametrize("outputs", ["private", "public"])
@pytest.mark.parametrize("weights", ["private", "public"])
def test_visibility_decides_columns(inputs: str, outputs: str, weights: str) -> None:
    relation = _mlp(inputs=inputs, outputs=outputs, weights=weights).relation
    assert relation.tensor("x").column == (Column.INPUT if inputs == "private" else Column.PUBLIC)
    assert relation.tensor("y").column == (Column.OUTPUT if outputs == "private" else Column.PUBLIC)
    assert relation.tensor("k").column == (Column.OUTPUT if outputs == "private" else Column.PUBLIC)
    assert relation.tensor("w").column == (Column.MODEL if weights == "private" else Column.TABLE)
    assert relation.tensor("r").column == Column.WITNESS


def test_annotation_is_canonical_json_that_decodes_outputs() -> None:
    program = _mlp()
    document = json.loads(program.relation.annotation)
    assert json.dumps(document, sort_keys=True, separators=(",", ":")).encode() == program.relation.annotation
    witness = program.run({"x": np.zeros((1, 6))})
    port = document["outputs"][0]
    decoded = witness.tensors["y"] * 2.0 ** -port["exponent"]
    assert (decoded.reshape(port["shape"]) == witness.outputs["y"]).all()
    assert witness.outputs["k"].dtype == np.int64


def test_same_arguments_give_the_same_relation() -> None:
    assert _mlp().relation.encode() == _mlp().relation.encode()


def test_eight_bit_activations() -> None:
    w = f32(rng_of(0).normal(size=(6, 4)))
    nodes = [("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"])]
    graph = graph_of(nodes, {"x": (1, 6)}, ["y"], {"w": w})
    program = verify(graph, options=QuantizationOptions(bits=8), tolerance=0.05)
    assert (program.relation.tensor("x").lo, program.relation.tensor("x").hi) == (-128, 127)


def test_scale_and_bias_are_folded_into_all_layers_that_read_them() -> None:
    nodes = [
        ("Mul", ["x", "g"], ["a"]),
        ("Add", ["a", "b"], ["n"]),
        ("MatMul", ["n", "v"], ["q"]),
        ("MatMul", ["n", "w"], ["k"]),
        ("Mul", ["q", "k"], ["y"]),
    ]
    rng = rng_of(4)
    arrays = {name: f32(rng.normal(size=shape)) for name, shape in (("g", 3), ("b", 3), ("v", (3, 2)), ("w", (3, 2)))}
    graph = graph_of(nodes, {"x": (2, 3)}, ["y"], arrays)
    assert sorted(node.op for node in fold_affine_inputs(graph).nodes) == ["Mul", LINEAR, LINEAR]
    verify(graph, tolerance=2.0**-9)
    both = graph_of([*nodes[:4], ("Add", ["q", "k"], ["s"]), ("Relu", ["n"], ["r"])], {"x": (2, 3)}, ["s", "r"], arrays)
    assert fold_affine_inputs(both) is both


def test_scaler_is_folded_into_the_layer_behind_it() -> None:
    rng = rng_of(1)
    w, c = f32(rng.normal(size=(4, 3))), f32(rng.normal(size=4) + 2)
    nodes = [
        ("Sub", ["x", "c"], ["a"]),
        ("Div", ["a", "c"], ["s"]),
        ("Gemm", ["s", "w"], ["h"], {"alpha": 0.5}),
        ("Relu", ["h"], ["y"]),
    ]
    program = verify(graph_of(nodes, {"x": (1, 4)}, ["y"], {"w": w, "c": c}))
    assert not {"a", "s", "h"} & set(program.relation.names.tensors)
    assert len(program.relation.tensors_of(Column.MODEL)) == 2


def test_exact_inputs_take_no_more_bits_than_they_need() -> None:
    graph = graph_of([("MatMul", ["x", "w"], ["y"])], {"x": (1, 4)}, ["y"], {"w": f32(np.ones((4, 2)))})
    samples = [{"x": f32(rng_of(k).integers(0, 17, size=(1, 4)))} for k in range(9)]
    program = verify(graph, samples=samples)
    assert (program.relation.tensor("x").lo, program.relation.tensor("x").hi) == (
        0,
        31 if max(float(sample["x"].max()) for sample in samples) < 16 else 63,
    )


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"x": np.zeros((1, 5))},
        {"x": np.zeros((1, 6)), "z": np.zeros(1)},
        {"x": np.full((1, 6), np.nan)},
        {"x": [["a"] * 6]},
    ],
)
def test_wrong_inputs_are_named(inputs: dict[str, object]) -> None:
    with pytest.raises(WrongInput) as caught:
        _mlp().run(inputs)  # type: ignore[arg-type]
    assert caught.value.fields["name"] in ("x", "z")


def test_pre_activation_beyond_its_range_is_named() -> None:
    w = f32([[1], [-1]])
    graph = graph_of([("MatMul", ["x", "w"], ["h"]), ("Relu", ["h"], ["y"])], {"x": (1, 2)}, ["y"], {"w": w})
    program = calibrated(graph, [{"x": f32([[1.0, 0.9]])}])
    with pytest.raises(RangeExceeded) as caught:
        program.run({"x": f32([[-1.0, 1.0]])})
    assert caught.value.tensor == "h"
    assert caught.value.value == pytest.approx(-2.0, rel=1e-3)
    assert caught.value.lo > -2.0


def test_unsupported_operator_names_op_and_node() -> None:
    graph = graph_of([("Bernoulli", ["x"], ["y"])], {"x": (2,)}, ["y"])
    with pytest.raises(UnsupportedOp) as caught:
        lower(graph, Calibration.from_arrays({"x": f32([[0, 1]]), "y": f32([[0, 1]])}))
    assert (caught.value.op, caught.value.node) == ("Bernoulli", "n0")


def test_missing_calibration_names_the_value() -> None:
    graph = graph_of([("Relu", ["x"], ["y"])], {"x": (2,)}, ["y"])
    with pytest.raises(CalibrationMissing) as caught:
        lower(graph, Calibration({}))
    assert caught.value.tensor == "x"


def test_accumulator_beyond_62_bits_is_refused_at_compile_time() -> None:
    value = Quantized("x", (1,), 0, -(2**40), 2**40 - 1)
    factor = Parameter("w", np.asarray([2**30], dtype=np.int64), 0)
    with pytest.raises(AccumulatorTooWide) as caught:
        Scaled.of("y", "node", (1,), value, factor)
    assert (caught.value.node, caught.value.bits) == ("node", 71)


def test_values_of_very_different_size_can_be_added() -> None:
    graph = graph_of([("Add", ["a", "b"], ["y"])], {"a": (3,), "b": (3,)}, ["y"])
    rng = rng_of(2)
    samples = [{"a": f32(1e5 * rng.normal(size=3)), "b": f32(1e-8 * rng.normal(size=3))} for _ in range(4)]
    verify(graph, samples=samples)


def test_supported_ops_are_those_of_the_issue() -> None:
    asked = """Gemm MatMul Add Sub Mul Div Relu LeakyRelu Clip Sigmoid Tanh Softmax ArgMax Conv BatchNormalization
    MaxPool AveragePool GlobalAveragePool ReduceMean ReduceSum Flatten Reshape Transpose Squeeze Unsqueeze Concat
    Slice Gather Identity Cast Scaler"""
    assert set(asked.split()) <= set(supported_ops())


def test_an_unknown_operator_names_its_nearest_kin() -> None:
    graph = graph_of([("Relu", ["x"], ["y"])], {"x": (2,)}, ["y"])
    unknown = replace(graph, nodes=(replace(graph.nodes[0], op="ReduceSumm"),))
    with pytest.raises(UnsupportedOp, match="such as ReduceSum"):
        require_rules(unknown)
