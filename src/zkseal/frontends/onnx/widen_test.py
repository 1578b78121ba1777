"""Narrow types, shapes that onnx does not infer, and types for which onnxruntime has no kernels."""

from __future__ import annotations

from collections.abc import Sequence

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.errors import DynamicShape, InvalidModel
from zkseal.frontends.onnx import FloatSession, load, session
from zkseal.frontends.onnx.widen import NOTE


def model(
    nodes: Sequence[onnx.NodeProto],
    kind: int,
    shape: Sequence[int],
    constants: dict[str, npt.ArrayLike] | None = None,
    *,
    result: int | None = None,
    opset: int = 24,
) -> onnx.ModelProto:
    """A model from x to y of one element type each."""
    graph = helper.make_graph(
        nodes,
        "narrow",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind if result is None else result, [f"y{k}" for k in range(len(shape))])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def test_bfloat16_becomes_float32() -> None:
    weight = np.array([[0.5, -1.25]], ml_dtypes.bfloat16)
    nodes = [helper.make_node("Mul", ["x", "w"], ["m"]), helper.make_node("Relu", ["m"], ["y"])]
    graph = load(model(nodes, TensorProto.BFLOAT16, (1, 2), {"w": weight}))
    assert graph.inputs[0].dtype == graph.values["y"].dtype == "float32"
    assert graph.notes == (NOTE,)
    assert np.array_equal(FloatSession(graph).run({"x": np.array([[2.0, -2.0]])})["y"], [[1.0, 2.5]])


def test_a_cast_to_bfloat16_is_one_to_float32() -> None:
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.BFLOAT16)
    graph = load(
        model(
            [
                node,
            ],
            TensorProto.FLOAT16,
            (2,),
            result=TensorProto.BFLOAT16,
        )
    )
    assert graph.values["y"].dtype == "float32"


def test_weights_of_four_bits_keep_their_numbers() -> None:
    weight = np.array([[-8, 7], [3, -1]], ml_dtypes.int4)
    nodes = [
        helper.make_node("DequantizeLinear", ["q", "scale"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    graph = load(model(nodes, TensorProto.FLOAT, (1, 2), {"q": weight, "scale": np.float32(0.5)}))
    got = FloatSession(graph).run({"x": np.array([[1.0, 2.0]])})["y"]
    assert np.array_equal(got, np.array([[1.0, 2.0]]) @ (weight.astype(np.float64) * 0.5))


def test_shapes_that_onnx_does_not_infer_are_known() -> None:
    ones = np.ones(4, np.float32)
    nodes = [
        helper.make_node("GroupNormalization", ["x", "one", "one"], ["n"], num_groups=2),
        helper.make_node("Relu", ["n"], ["y"]),
    ]
    graph = load(model(nodes, TensorProto.FLOAT, (1, 4, 3), {"one": ones}))
    assert graph.values["y"].shape == (1, 4, 3)


@pytest.mark.parametrize("limit", [2, 3])
def test_small_graphs_that_onnxruntime_refuses_run_in_the_reference_evaluator(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise RuntimeError("no kernel for 16 bits")

    monkeypatch.setattr(session, "REFERENCE_LIMIT", limit)
    monkeypatch.setattr("onnxruntime.InferenceSession", refuse)
    node = helper.make_node("Add", ["x", "s"], ["y"])
    graph = load(model([node], TensorProto.INT16, (3,), {"s": np.array([1, 2, 3], np.int16)}))
    x = {"x": np.array([1, 2, -3], np.int16)}
    if limit < 3:
        with pytest.raises(InvalidModel, match="onnxruntime refuses the graph: no kernel"):
            FloatSession(graph).run(x)
    else:
        assert np.array_equal(FloatSession(graph).run(x)["y"], [2, 4, 0])


def test_the_newest_operator_set_is_read() -> None:
    node = helper.make_node("BitShift", ["x", "s"], ["y"], direction="LEFT")
    graph = load(model([node], TensorProto.INT32, (3,), {"s": np.array([1, 2, 3], np.int32)}, opset=28))
    got = FloatSession(graph).run({"x": np.array([1, 2, -3], np.int32)})["y"]
    assert np.array_equal(got, [2, 8, -24])


def test_an_input_without_entries_is_refused() -> None:
    with pytest.raises(DynamicShape, match="size 0"):
        load(model([helper.make_node("Relu", ["x"], ["y"])], TensorProto.FLOAT, (2, 0)))


def test_pieces_without_entries_vanish() -> None:
    nodes = [
        helper.make_node("Split", ["x", "sizes"], ["a", "b"], axis=1),
        helper.make_node("Relu", ["a"], ["c"]),
        helper.make_node("Concat", ["c", "b"], ["y"], axis=1),
    ]
    graph = load(model(nodes, TensorProto.FLOAT, (2, 3), {"sizes": np.array([3, 0])}))
    assert graph.ops() == {"Relu": 1}
