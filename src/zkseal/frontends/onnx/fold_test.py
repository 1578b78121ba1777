"""Constants that exporters compute, and infinities that have a finite meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.errors import DynamicShape, NonFiniteWeight
from zkseal.frontends.onnx import FloatSession, fold, load


def model(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, npt.ArrayLike],
    shape: Sequence[int | str] = (2, 3),
    *,
    opset: int = 18,
) -> onnx.ModelProto:
    """A model from x to y."""
    graph = helper.make_graph(
        nodes,
        "folded",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", "columns"])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(op: str, inputs: Sequence[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def test_pads_that_pytorch_computes_become_a_constant() -> None:
    """Exported torch.nn.functional.pad: zeros in front of the given pads, reversed, transposed, flattened."""
    nodes = [
        node("ConstantOfShape", ["missing"], "zeros", value=numpy_helper.from_array(np.zeros(1, np.int64))),
        node("Concat", ["given", "zeros"], "all", axis=0),
        node("Reshape", ["all", "pairs"], "paired"),
        node("Slice", ["paired", "last", "first", "axis", "last"], "reversed"),
        node("Transpose", ["reversed"], "transposed", perm=[1, 0]),
        node("Reshape", ["transposed", "flat"], "pads"),
        node("Pad", ["x", "pads"], "y"),
    ]
    constants = {
        "missing": np.array([2]),
        "given": np.array([1, 2]),
        "pairs": np.array([-1, 2]),
        "last": np.array([-1]),
        "first": np.array([-(2**62)]),
        "axis": np.array([0]),
        "flat": np.array([-1]),
    }
    graph = load(model(nodes, constants))
    assert graph.ops() == {"Pad": 1}
    assert graph.values["y"].shape == (2, 6)
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(FloatSession(graph).run({"x": x})["y"], np.pad(x, ((0, 0), (1, 2))))


def test_a_constant_that_would_be_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "LIMIT", 100)
    nodes = [node("ConstantOfShape", ["shape"], "ones"), node("Mul", ["x", "ones"], "y")]
    made = model(nodes, {"shape": np.array([100, 2, 3])})
    inferred = onnx.shape_inference.infer_shapes(made, data_prop=True)
    assert not fold.fold_constants(inferred)
    monkeypatch.setattr(fold, "LIMIT", 1000)
    assert fold.fold_constants(inferred)
    assert [n.op_type for n in inferred.graph.node] == ["Mul"]


def test_quantized_weights_keep_their_integers() -> None:
    nodes = [node("DequantizeLinear", ["q", "scale"], "w"), node("MatMul", ["x", "w"], "y")]
    made = model(nodes, {"q": np.eye(3, dtype=np.int8), "scale": np.float32(0.5)})
    assert not fold.fold_constants(onnx.shape_inference.infer_shapes(made))
    assert [n.op_type for n in made.graph.node] == ["DequantizeLinear", "MatMul"]


def test_max_with_minus_infinity_changes_nothing() -> None:
    nodes = [node("Max", ["least", "x"], "m"), node("Min", ["m", "most"], "n"), node("Relu", ["n"], "y")]
    graph = load(model(nodes, {"least": np.float32(-np.inf), "most": np.float32(np.inf)}))
    assert graph.ops() == {"Relu": 1}


@pytest.mark.parametrize("masked", [-np.inf, np.finfo(np.float32).min])
@pytest.mark.parametrize("op", ["Add", "Where"])
def test_masks_of_softmax_become_finite(op: str, masked: float) -> None:
    mask = np.triu(np.full((2, 3), masked, np.float32), 1)
    put = node("Add", ["x", "mask"], "m") if op == "Add" else node("Where", ["seen", "x", "masked"], "m")
    constants = {"mask": mask, "seen": mask == 0, "masked": np.float32(masked)}
    read = {name: array for name, array in constants.items() if name in put.input}
    made = model([put, node("Softmax", ["m"], "y", axis=-1)], read)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    got = FloatSession(load(made)).run({"x": x})["y"]
    shown = np.where(mask == 0, x, -np.inf)
    expected = np.exp(shown) / np.exp(shown).sum(axis=1, keepdims=True)
    assert np.allclose(got, expected, atol=1e-6)


def test_other_infinite_constants_are_refused() -> None:
    with pytest.raises(NonFiniteWeight, match="'w' is -inf"):
        load(model([node("Mul", ["x", "w"], "y")], {"w": np.array([1, -np.inf, 2], np.float32)}))


def test_sizes_called_by_a_question_mark_may_differ() -> None:
    made = model([node("Relu", ["x"], "y")], {}, ("?", "?"))
    assert load(made, input_shapes={"x": (2, 5)}).inputs[0].shape == (2, 5)
    with pytest.raises(DynamicShape):
        load(made)
