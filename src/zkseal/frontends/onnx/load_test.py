"""Loading: what comes in, what is refused and how, which outputs remain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from zkseal.errors import DynamicShape, InvalidModel, NonFiniteWeight, ResourceLimit, UnsupportedDtype, UnsupportedOp
from zkseal.frontends.onnx import OPSET, FloatSession, export, load

Dims = Sequence[int | str | None]


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, Dims],
    outputs: dict[str, int],
    constants: dict[str, Any] | None = None,
    *,
    opset: int = 18,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs.items()],
        [helper.make_tensor_value_info(name, kind, []) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()],
    )
    for output in graph.output:
        output.type.tensor_type.shape.Clear()
        output.type.tensor_type.shape.dim.add()
        output.type.tensor_type.shape.dim.add()
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    made = helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    made.ir_version = 10
    return made


def mlp(weight: Any = None, dims: Dims = ("batch", 3)) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="first"),
        helper.make_node("Add", ["h", "b"], ["s"], name="bias"),
        helper.make_node("Relu", ["s"], ["r"], name="relu"),
        helper.make_node("Softmax", ["r"], ["y"], name="softmax", axis=1),
    ]
    constants = {
        "w": rng.standard_normal((3, 4)).astype(np.float32) if weight is None else weight,
        "b": rng.standard_normal(4).astype(np.float32),
    }
    return model(nodes, {"x": dims}, {"y": TensorProto.FLOAT}, constants)


def test_load_gives_a_plain_static_graph() -> None:
    graph = load(mlp())
    assert graph.ops() == {"Gemm": 1, "Relu": 1, "Softmax": 1}
    assert graph.inputs[0].shape == (1, 3)
    assert graph.values["y"].shape == (1, 4)
    assert {entry.domain: entry.version for entry in export(graph).opset_import}[""] == OPSET


def test_load_takes_path_bytes_and_model_alike(tmp_path: Path) -> None:
    source = mlp()
    path = tmp_path / "model.onnx"
    onnx.save(source, path)
    before = source.SerializeToString()
    graphs = [load(source), load(before), load(path), load(str(path))]
    assert source.SerializeToString() == before
    assert all(graph.nodes == graphs[0].nodes for graph in graphs)


def test_load_with_batch() -> None:
    assert load(mlp(), batch=7).values["y"].shape == (7, 4)


def test_float_session_equals_onnxruntime_on_the_file() -> None:
    source, x = mlp(), np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
    want = onnxruntime.InferenceSession(source.SerializeToString()).run(None, {"x": x})[0]
    np.testing.assert_allclose(FloatSession(load(source)).run({"x": x})["y"], want, rtol=1e-6)


def test_outputs_select_inner_values_and_cut_the_rest() -> None:
    graph = load(mlp(), outputs="s")
    assert (graph.outputs, graph.ops()) == (("s",), {"Gemm": 1})
    assert load(mlp(), outputs=["y", "s"]).outputs == ("y", "s")


def test_outputs_refuses_unknown_and_repeated_names() -> None:
    for names in ("nothing", ["y", "y"], []):
        with pytest.raises(InvalidModel):
            load(mlp(), outputs=names)


def test_string_output_is_left_out_with_a_note() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["y"]),
        helper.make_node("ArgMax", ["x"], ["i"], axis=1, keepdims=0),
        helper.make_node("Gather", ["names", "i"], ["label"]),
    ]
    source = model(
        nodes,
        {"x": ["n", 2]},
        {"y": TensorProto.FLOAT, "label": TensorProto.STRING},
        {"names": np.array(["a", "b"], object)},
    )
    del source.graph.output[1].type.tensor_type.shape.dim[1]
    graph = load(source)
    assert graph.outputs == ("y",)
    assert any("'label'" in note for note in graph.notes)
    with pytest.raises(UnsupportedDtype):
        load(source, outputs="label")


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x00" * 50])
def test_bytes_that_are_no_model(data: bytes) -> None:
    with pytest.raises(InvalidModel):
        load(data)


def test_truncated_file(tmp_path: Path) -> None:
    data = mlp().SerializeToString()
    for length in range(1, len(data), 37):
        with pytest.raises(InvalidModel):
            load(data[:length])
    with pytest.raises(InvalidModel):
        load(tmp_path / "missing.onnx")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("m.pt", "torch.onnx"), ("m.keras", "load_model"), ("m.tflite", "tf2onnx"), ("m.pkl", "never opened")],
)
def test_files_of_other_libraries_have_a_remedy(name: str, remedy: str, tmp_path: Path) -> None:
    for contents in (b"", b"\x80\x04\x95 what others write"):
        (tmp_path / name).write_bytes(contents)
        with pytest.raises(InvalidModel, match=remedy):
            load(tmp_path / name)


def test_a_name_that_is_no_text() -> None:
    data = mlp().SerializeToString()
    assert data.count(b"Relu") == 1
    with pytest.raises(InvalidModel, match=r"damaged \(TypeError: .*Export it again"):
        load(data.replace(b"Relu", b"Rel\xff"))


def test_a_machine_without_memory_is_not_a_damaged_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(source: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sys.modules[load.__module__], "read", exhausted)
    with pytest.raises(ResourceLimit, match="memory does not suffice"):
        load(mlp())


def test_checker_failure() -> None:
    source = mlp()
    source.graph.node[0].input[0] = "nothing"
    with pytest.raises(InvalidModel, match="checker"):
        load(source)


def test_missing_external_data(tmp_path: Path) -> None:
    source = mlp(np.ones((3, 4), np.float32))
    path = tmp_path / "model.onnx"
    onnx.save(source, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert load(path).ops() == load(mlp()).ops()
    with pytest.raises(InvalidModel, match="by its path"):
        load(path.read_bytes())
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(InvalidModel, match="Copy all files"):
        load(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_weight_is_named(bad: float) -> None:
    weight = np.ones((3, 4), np.float32)
    weight[2, 1] = bad
    with pytest.raises(NonFiniteWeight) as caught:
        load(mlp(weight))
    assert (caught.value.tensor, caught.value.index) == ("w", (2, 1))


def test_infinite_clip_bound_is_no_bound() -> None:
    source = model(
        [helper.make_node("Clip", ["x", "lo", "hi"], ["y"])],
        {"x": [1, 3]},
        {"y": TensorProto.FLOAT},
        {"lo": np.float32(0), "hi": np.float32(np.inf)},
    )
    assert load(source).nodes[0].inputs == ("x", "lo")


def test_dynamic_dimension_names_input_and_axis() -> None:
    source = model([helper.make_node("Relu", ["x"], ["y"])], {"x": ["n", "length"]}, {"y": TensorProto.FLOAT})
    with pytest.raises(DynamicShape, match="input_shapes") as caught:
        load(source)
    assert (caught.value.tensor, caught.value.axis) == ("x", 1)
    assert load(source, input_shapes={"x": (2, 9)}).values["y"].shape == (2, 9)


@pytest.mark.parametrize("shapes", [{"z": (1, 3)}, {"x": (1, 3, 3)}, {"x": (1, 4)}, {"x": (0, 3)}])
def test_input_shapes_that_contradict_the_model(shapes: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(InvalidModel):
        load(mlp(), input_shapes=shapes)


def resized(size: int) -> onnx.ModelProto:
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], name="grow", mode="linear")
    return model([node], {"x": [1, 3]}, {"y": TensorProto.FLOAT}, {"sizes": np.array([1, size], dtype=np.int64)})


def test_value_that_no_memory_holds_is_named() -> None:
    """Found by fuzzing: a flipped bit in the sizes of a Resize asked for 64 GB."""
    with pytest.raises(ResourceLimit, match="'grow' \\(Resize\\) has 8589934592 entries") as caught:
        load(resized(1 << 33))
    assert caught.value.resource == "memory"


def test_resize_by_a_matrix_that_is_too_large_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="grows from 3 to 16777216 entries") as caught:
        load(resized(1 << 24))
    assert caught.value.node == "grow"


def test_shape_that_depends_on_data() -> None:
    source = model([helper.make_node("NonZero", ["x"], ["y"], name="where")], {"x": [1, 3]}, {"y": TensorProto.INT64})
    with pytest.raises(DynamicShape) as caught:
        load(source)
    assert caught.value.tensor == "y"


def test_operator_of_no_standard() -> None:
    source = model(
        [helper.make_node("Magic", ["x"], ["y"], name="trick", domain="com.example")],
        {"x": [1, 3]},
        {"y": TensorProto.FLOAT},
        domains=["com.example"],
    )
    with pytest.raises(UnsupportedOp) as caught:
        load(source)
    assert (caught.value.op, caught.value.node) == ("Magic", "trick")


def test_control_flow_is_refused() -> None:
    branch = [
        helper.make_graph(
            [helper.make_node(op, ["x"], ["r"])],
            op,
            [],
            [helper.make_tensor_value_info("r", TensorProto.FLOAT, shape)],
        )
        for op, shape in (("Relu", [1, 3]), ("NonZero", [2, None]))
    ]
    branch[1].output[0].type.tensor_type.elem_type = TensorProto.INT64
    branch[1].node.append(helper.make_node("Cast", ["r"], ["q"], to=TensorProto.FLOAT))
    branch[1].output[0].CopyFrom(helper.make_tensor_value_info("q", TensorProto.FLOAT, [2, None]))
    nodes = [
        helper.make_node("ReduceSum", ["x"], ["s"], keepdims=0),
        helper.make_node("Cast", ["s"], ["c"], to=TensorProto.BOOL),
        helper.make_node("If", ["c"], ["y"], name="branch", then_branch=branch[0], else_branch=branch[1]),
    ]
    with pytest.raises(UnsupportedOp) as caught:
        load(model(nodes, {"x": [1, 3]}, {"y": TensorProto.FLOAT}))
    assert (caught.value.op, caught.value.node) == ("If", "branch")


def test_functions_are_inlined() -> None:
    body = [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Neg", ["t"], ["b"])]
    function = helper.make_function("my", "NegRelu", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    source = model(
        [helper.make_node("NegRelu", ["x"], ["y"], domain="my")],
        {"x": [1, 3]},
        {"y": TensorProto.FLOAT},
        functions=[function],
        domains=["my"],
    )
    assert load(source).ops() == {"Neg": 1, "Relu": 1}


def test_shape_arithmetic_is_folded() -> None:
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "zero"], ["n"], axis=0),
        helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
        helper.make_node("Concat", ["n1", "rest"], ["target"], axis=0),
        helper.make_node("Reshape", ["x", "target"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    constants = {"zero": np.int64(0), "axes": np.array([0]), "rest": np.array([-1]), "w": np.ones((12, 2), np.float32)}
    source = model(nodes, {"x": ["n", 3, 2, 2]}, {"y": TensorProto.FLOAT}, constants)
    assert load(source).ops() == {"Gemm": 1, "Reshape": 1}


@pytest.mark.parametrize("opset", [9, 11, 13, 17, 21, OPSET])
def test_every_opset_becomes_one(opset: int) -> None:
    rng = np.random.default_rng(2)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "g", "h"], ["y"]),
    ]
    constants = {"w": rng.standard_normal((2, 1, 3, 3)), "g": rng.standard_normal((8, 3)), "h": rng.standard_normal(3)}
    constants |= {name: rng.uniform(0.5, 1.5, 2) for name in "sbmv"}
    source = model(
        nodes,
        {"x": ["n", 1, 4, 4]},
        {"y": TensorProto.FLOAT},
        {name: array.astype(np.float32) for name, array in constants.items()},
        opset=opset,
    )
    x = rng.standard_normal((3, 1, 4, 4)).astype(np.float32)
    want = onnxruntime.InferenceSession(source.SerializeToString()).run(None, {"x": x})[0]
    graph = load(source)
    np.testing.assert_allclose(FloatSession(graph).run({"x": x})["y"], want, rtol=1e-4, atol=1e-5)
    assert graph.ops().keys() <= {"Conv", "Relu", "MaxPool", "Flatten", "Reshape", "Gemm"}
