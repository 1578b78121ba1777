"""What the tests of decompositions share: a model of one node, checked as floats and as an integer program."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from zkseal.frontends.onnx import load
from zkseal.frontends.onnx.session import FloatSession
from zkseal.frontends.onnx.standardize import OPSET
from zkseal.graph import Graph
from zkseal.lowering.harness_test import verify

Array = npt.NDArray[Any]

__all__ = ["check", "model_of", "normal"]


PLAIN_FORM = ("LayerNormalization", "RMSNormalization")
"""Operators that stay, in a form that their rules take."""


def normal(seed: int, *shape: int, scale: float = 1.0) -> Array:
    """Normally distributed numbers."""
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def model_of(
    op: str, inputs: Mapping[str, Array | None], outputs: Sequence[str], constants: Collection[str], **attributes: Any
) -> onnx.ModelProto:
    """A model of one node; inputs that are None are omitted, those named in `constants` are initializers."""
    node = helper.make_node(op, [n if a is not None else "" for n, a in inputs.items()], outputs, "node", **attributes)
    fed = {name: array for name, array in inputs.items() if array is not None and name not in constants}
    graph = helper.make_graph(
        [node],
        "case",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in fed.items()
        ],
        [onnx.ValueInfoProto(name=name) for name in outputs if name],
        [
            numpy_helper.from_array(array, name)
            for name, array in inputs.items()
            if array is not None and name in constants
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 10
    inferred = onnx.shape_inference.infer_shapes(model)
    for value in inferred.graph.output:
        if not value.type.tensor_type.HasField("shape"):  # operators that are functions: those here keep shapes
            value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, next(iter(fed.values())).shape))
    return inferred


def check(
    op: str,
    inputs: Mapping[str, Array | None],
    outputs: Sequence[str] = ("y",),
    constants: Collection[str] = (),
    *,
    tolerance: float = 2.0**-10,
    proved: bool = True,
    runtime: Literal["onnx", "onnxruntime"] = "onnx",
    **attributes: Any,
) -> Graph:
    """Compares a node with its decomposition: floats with `runtime` to 1e-5, integers within `tolerance`.

    `proved` also checks the relation and every lie (`lowering.harness_test.verify`). Returns the decomposed graph.
    """
    model = model_of(op, inputs, outputs, constants, **attributes)
    fed: dict[str, Array] = {n: a for n, a in inputs.items() if a is not None and n not in constants}
    graph = load(model)
    assert op not in graph.ops() or op in PLAIN_FORM
    if runtime == "onnx":
        expected = ReferenceEvaluator(model).run(None, fed)
    else:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        expected = session.run(None, fed)
    found = FloatSession(graph, threads=1).run(fed)
    for name, y in zip((name for name in outputs if name), expected, strict=True):
        np.testing.assert_allclose(found[name], y, atol=1e-5 * max(1.0, float(np.abs(y).max())), err_msg=name)
    if proved:
        verify(graph, samples=[fed], tolerance=tolerance, outputs="private")
    return graph
