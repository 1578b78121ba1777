"""Each pass keeps what a graph computes (compared through onnxruntime) and does what it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.frontends.onnx.convert import to_graph
from zkseal.frontends.onnx.session import FloatSession
from zkseal.frontends.onnx.standardize import OPSET, infer_shapes
from zkseal.graph import Graph, normalize, passes, validate


class Net:
    """Writes a raw graph: no folding, no passes."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.last = "x"

    def weight(self, *shape: int, lo: float = -1.0, hi: float = 1.0) -> str:
        return self.const(self.rng.uniform(lo, hi, shape).astype(np.float32))

    def const(self, array: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> Net:
        """Appends `op`; "x" among the inputs stands for the last value."""
        names = [self.last if name == "x" else name for name in inputs]
        self.last = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [self.last], name=f"n_{self.last}", **attributes))
        return self

    def graph(self, dtype: int = TensorProto.FLOAT) -> Graph:
        proto = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, dtype, None)],
            self.constants,
        )
        model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = 10
        return validate(to_graph(infer_shapes(model)))


def assert_same(before: Graph, after: Graph) -> None:
    """Both graphs compute the same outputs on random input, up to rounding of folded constants."""
    validate(after)
    shape = before.inputs[0].shape
    x = np.random.default_rng(1).uniform(-2, 2, (4 * shape[0], *shape[1:])).astype(np.float32)
    want, got = FloatSession(before, threads=1).run({"x": x}), FloatSession(after, threads=1).run({"x": x})
    assert before.outputs == after.outputs
    for name in before.outputs:
        np.testing.assert_allclose(got[name], want[name], rtol=2e-4, atol=2e-5)


def ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def test_fuse_linear_turns_matmul_and_add_into_gemm() -> None:
    net = Net((1, 5))
    graph = net.add("MatMul", "x", net.weight(5, 3)).add("Add", net.weight(1, 3), "x").graph()
    fused = passes.fuse_linear(graph)
    assert ops(fused) == ["Gemm"]
    assert_same(graph, fused)


def test_fuse_linear_moves_gemm_attributes_into_constants() -> None:
    net = Net((1, 5))
    graph = net.add("Gemm", "x", net.weight(3, 5), net.weight(1), transB=1, alpha=0.5, beta=2.0).graph()
    fused = passes.fuse_linear(graph)
    assert not fused.nodes[0].attributes
    assert fused.initializers[fused.nodes[0].inputs[1]].shape == (5, 3)
    assert fused.initializers[fused.nodes[0].inputs[2]].shape == (3,)
    assert_same(graph, fused)


def test_fuse_linear_keeps_matmul_of_rank_three() -> None:
    net = Net((1, 2, 5))
    graph = net.add("MatMul", "x", net.weight(5, 3)).graph()
    assert ops(passes.fuse_linear(graph)) == ["MatMul"]


@pytest.mark.parametrize("op", ["Mul", "Div"])
@pytest.mark.parametrize("side", [0, 1])
def test_fold_scale_goes_through_moves_into_a_linear_layer(op: str, side: int) -> None:
    net = Net((2, 3, 4))
    query = net.add("MatMul", "x", net.weight(4, 4)).add("Add", "x", net.weight(4)).last
    if side == 1:
        query = net.add("Relu", query).last
    net.last = "x"
    net.add("MatMul", "x", net.weight(4, 4)).add("Add", net.weight(4), "x").add("Transpose", "x", perm=[0, 2, 1])
    graph = net.add("MatMul", query, "x").add(op, "x", net.const(np.float32(0.3))).graph()
    folded = passes.fold_scale(graph)
    assert folded.ops() == {"Add": 2, "MatMul": 3, "Transpose": 1} | ({"Relu": 1} if side else {})
    assert_same(graph, folded)


def test_fold_scale_keeps_values_that_others_read() -> None:
    net = Net((3, 4))
    query = net.add("MatMul", "x", net.weight(4, 4)).last
    product = net.add("MatMul", query, net.add("Transpose", query).last).last
    graph = net.add("Mul", "x", net.const(np.float32(0.3))).graph()
    assert passes.fold_scale(graph).ops()["Mul"] == 1
    assert product


def test_batch_norm_folds_into_conv() -> None:
    net = Net((1, 3, 6, 6))
    net.add("Conv", "x", net.weight(4, 3, 3, 3), pads=[1, 1, 1, 1])
    net.add("BatchNormalization", "x", *[net.weight(4) for _ in range(3)], net.weight(4, lo=0.5, hi=2.0))
    graph = net.graph()
    folded = passes.fold_affine(passes.unfold_batch_norm(graph))
    assert ops(folded) == ["Conv"]
    assert_same(graph, folded)


def test_batch_norm_without_conv_becomes_mul_and_add() -> None:
    net = Net((2, 3, 4))
    net.add("Relu", "x").add("BatchNormalization", "x", *[net.weight(3, lo=0.5, hi=1.5) for _ in range(4)])
    graph = net.graph()
    folded = normalize(graph)
    assert ops(folded) == ["Relu", "Mul", "Add"]
    assert_same(graph, folded)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div"])
@pytest.mark.parametrize("shape", [(1,), (4,), (1, 4)])
def test_fold_affine_into_gemm(op: str, shape: tuple[int, ...]) -> None:
    net = Net((1, 5))
    graph = net.add("Gemm", "x", net.weight(5, 4), net.weight(4)).add(op, "x", net.weight(*shape, lo=0.5)).graph()
    folded = passes.fold_affine(graph)
    assert ops(folded) == ["Gemm"]
    assert_same(graph, folded)


def test_fold_affine_keeps_a_factor_that_varies_over_pixels() -> None:
    net = Net((1, 2, 3, 3))
    graph = net.add("Conv", "x", net.weight(2, 2, 1, 1)).add("Mul", "x", net.weight(3, 3)).graph()
    assert ops(passes.fold_affine(graph)) == ["Conv", "Mul"]


def test_fold_affine_keeps_a_product_that_others_read() -> None:
    net = Net((1, 5))
    net.add("Gemm", "x", net.weight(5, 4))
    product = net.last
    graph = net.add("Mul", "x", net.weight(4)).add("Add", "x", product).graph()
    folded = passes.fold_affine(graph)
    assert ops(folded) == ["Gemm", "Mul", "Add"]


def test_merge_affine_makes_one_scaler() -> None:
    net = Net((1, 5))
    net.add("Sub", "x", net.weight(5)).add("Div", "x", net.weight(1, 5, lo=0.5)).add("Mul", "x", net.weight(1, lo=0.5))
    graph = net.graph()
    merged = passes.merge_affine(graph)
    assert ops(merged) == ["Scaler"]
    assert_same(graph, merged)


def test_merge_affine_writes_mul_and_add_for_images() -> None:
    net = Net((1, 3, 4, 4))
    net.add("Mul", "x", net.const(np.float32(1 / 255))).add("Sub", "x", net.weight(3, 1, 1))
    graph = net.add("Div", "x", net.weight(3, 1, 1, lo=0.5)).graph()
    merged = passes.merge_affine(graph)
    assert ops(merged) == ["Mul", "Add"]
    assert_same(graph, merged)


def test_merge_affine_cancels_what_does_nothing() -> None:
    net = Net((1, 4))
    two = net.const(np.float32(2))
    graph = net.add("Relu", "x").add("Mul", "x", two).add("Div", "x", two).add("Tanh", "x").graph()
    assert ops(passes.merge_affine(graph)) == ["Relu", "Tanh"]


def test_expand_scaler_inverts_merge() -> None:
    net = Net((1, 4))
    graph = passes.merge_affine(net.add("Sub", "x", net.weight(4)).add("Mul", "x", net.weight(4, lo=0.5)).graph())
    assert ops(graph) == ["Scaler"]
    expanded = passes.expand_scaler(graph)
    assert ops(expanded) == ["Sub", "Mul"]
    assert_same(graph, expanded)


def test_argmax_of_softmax_reads_scores() -> None:
    net = Net((1, 5))
    graph = net.add("Softmax", "x", axis=1).add("ArgMax", "x", axis=-1).graph(TensorProto.INT64)
    changed = passes.argmax_of_monotone(graph)
    assert ops(changed) == ["ArgMax"]
    assert_same(graph, changed)


def test_argmax_along_another_axis_keeps_softmax() -> None:
    net = Net((3, 5))
    graph = net.add("Softmax", "x", axis=1).add("ArgMax", "x", axis=0).graph(TensorProto.INT64)
    assert ops(passes.argmax_of_monotone(graph)) == ["Softmax", "ArgMax"]


IDENTITIES: dict[str, Callable[[Net], Net]] = {
    "Identity": lambda net: net.add("Identity", "x"),
    "Dropout": lambda net: net.add("Dropout", "x"),
    "Cast": lambda net: net.add("Cast", "x", to=TensorProto.FLOAT),
    "Reshape": lambda net: net.add("Reshape", "x", net.const(np.array([1, -1, 3], np.int64))),
    "Transpose": lambda net: net.add("Transpose", "x", perm=[1, 0, 2]).add("Transpose", "x", perm=[1, 0, 2]),
    "Concat": lambda net: net.add("Concat", "x", axis=0),
    "Pad": lambda net: net.add("Pad", "x", net.const(np.zeros(6, np.int64))),
    "Slice": lambda net: net.add("Slice", "x", net.const(np.array([0])), net.const(np.array([99]))),
}


@pytest.mark.parametrize("kind", IDENTITIES)
def test_drop_identities(kind: str) -> None:
    net = IDENTITIES[kind](Net((1, 1, 3)).add("Tanh", "x")).add("Relu", "x")
    graph = net.graph()
    dropped = passes.drop_identities(graph)
    assert ops(dropped) == ["Tanh", "Relu"]
    assert_same(graph, dropped)


def test_drop_identities_keeps_a_reversing_slice() -> None:
    net = Net((1, 3))
    ends = [net.const(np.array([value])) for value in (-1, -99, 1, -1)]
    graph = net.add("Tanh", "x").add("Slice", "x", *ends).add("Relu", "x").graph()
    assert ops(passes.drop_identities(graph)) == ["Tanh", "Slice", "Relu"]


def test_drop_identities_keeps_the_name_of_an_output() -> None:
    graph = Net((1, 3)).add("Relu", "x").add("Identity", "x").graph()
    dropped = passes.drop_identities(graph)
    assert ops(dropped) == ["Relu"]
    assert_same(graph, dropped)


def test_merge_reshapes() -> None:
    net = Net((1, 6))
    net.add("Reshape", "x", net.const(np.array([2, 3]))).add("Flatten", "x", axis=0).add("Tanh", "x")
    graph = net.graph()
    merged = normalize(graph)
    assert ops(merged) == ["Tanh"]
    assert_same(graph, merged)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_explicit_padding(auto_pad: str, stride: int) -> None:
    net = Net((1, 2, 7, 6))
    net.add("Conv", "x", net.weight(3, 2, 3, 2), auto_pad=auto_pad, strides=[stride, stride])
    graph = net.add("MaxPool", "x", auto_pad=auto_pad, kernel_shape=[2, 2]).graph()
    explicit = passes.explicit_padding(graph)
    assert all("auto_pad" not in node.attributes and "kernel_shape" in node.attributes for node in explicit.nodes)
    assert_same(graph, explicit)


def test_fold_constants_and_dead_code() -> None:
    net = Net((1, 4))
    net.nodes.append(helper.make_node("Transpose", [net.weight(3, 4)], ["wt"], name="transpose"))
    net.nodes.append(helper.make_node("Exp", ["x"], ["unused"], name="dead"))
    net.add("MatMul", "x", "wt")
    graph = net.graph()
    folded = passes.eliminate_dead(passes.fold_constants(graph))
    assert ops(folded) == ["MatMul"]
    assert_same(graph, folded)


def test_split_sum() -> None:
    net = Net((1, 4))
    graph = net.add("Tanh", "x").add("Sum", "x", "v0", net.weight(4)).graph()
    split = passes.split_sum(graph)
    assert ops(split) == ["Tanh", "Add", "Add"]
    assert_same(graph, split)


def test_constant_of_shape_is_folded() -> None:
    net = Net((1, 4))
    fill = numpy_helper.from_array(np.array([0.25], np.float32))
    net.nodes.append(helper.make_node("ConstantOfShape", [net.const(np.array([4]))], ["quarter"], value=fill))
    graph = net.add("Add", "x", "quarter").graph()
    folded = passes.fold_constants(graph)
    assert ops(folded) == ["Add"]
    assert_same(graph, folded)


def random_net(seed: int) -> Graph:
    """A random chain of layers on (1, C) or (1, C, 8, 8) tensors."""
    rng = np.random.default_rng(seed)
    is_image = bool(rng.integers(2))
    channels = 3
    net = Net((1, channels, 8, 8) if is_image else (1, channels), seed)
    for _ in range(8):
        vector = (channels, 1, 1) if is_image else (channels,)
        op = str(rng.choice(["linear", "Add", "Sub", "Mul", "Div", "Relu", "Sigmoid", "Identity", "norm", "Neg"]))
        if op == "linear":
            outputs = int(rng.integers(2, 5))
            shape = (outputs, channels, 3, 3) if is_image else (outputs, channels)
            extra = {"pads": [1, 1, 1, 1]} if is_image else {"transB": 1, "alpha": 0.5}
            net.add("Conv" if is_image else "Gemm", "x", net.weight(*shape), net.weight(outputs), **extra)
            channels = outputs
        elif op == "norm":
            net.add("BatchNormalization", "x", *[net.weight(channels, lo=0.5, hi=1.5) for _ in range(4)])
        elif op in ("Add", "Sub", "Mul", "Div"):
            constant = net.weight(*vector, lo=0.5)
            net.add(op, *(("x", constant) if op == "Div" or rng.integers(2) else (constant, "x")))
        else:
            net.add(op, "x")
    return net.graph()


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs_keep_their_meaning(seed: int) -> None:
    graph = random_net(seed)
    for apply in passes.DEFAULT:
        assert_same(graph, apply(graph))
    result = normalize(graph)
    assert_same(graph, result)
    assert not {"Identity", "BatchNormalization", "Div"} & set(ops(result))


def test_log_of_sum_of_exponentials_subtracts_the_maximum() -> None:
    net = Net((2, 6)).add("Exp", "x").add("ReduceSum", "x", "axes", keepdims=0).add("Log", "x")
    net.constants.append(numpy_helper.from_array(np.asarray([1]), "axes"))
    before = net.graph()
    after = normalize(before)
    assert after.ops()["ReduceMax"] == 1
    assert_same(before, after)
