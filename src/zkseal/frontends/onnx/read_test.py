"""Models that onnx's own checker does not survive."""

from __future__ import annotations

from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from zkseal.errors import InvalidModel
from zkseal.frontends.onnx.read import read


def before_a_label_encoder(op: str, keys: dict[str, Any], **attributes: Any) -> onnx.ModelProto:
    """x to `op` to a LabelEncoder with these keys."""
    domain = "" if op == "Cast" else "ai.onnx.ml"
    nodes = [
        helper.make_node(op, ["x"], ["i"], domain=domain, **attributes),
        helper.make_node("LabelEncoder", ["i"], ["y"], domain="ai.onnx.ml", values_floats=[1.0, 2.0], **keys),
    ]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2)) for name in "xy")
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 4)]
    return helper.make_model(helper.make_graph(nodes, "g", [x], [y]), opset_imports=opsets)


def test_a_type_that_does_not_exist_before_a_label_encoder_is_refused() -> None:
    """In a process of its own the checker ends by a segmentation fault."""
    with pytest.raises(InvalidModel, match="Cast"):
        read(before_a_label_encoder("Cast", {"keys_int64s": [1, 2]}, to=36))


def test_an_operator_whose_type_onnx_does_not_infer_is_taken() -> None:
    model = before_a_label_encoder("Scaler", {"keys_floats": [1.0, 2.0]}, offset=[0.0, 0.0], scale=[1.0, 1.0])
    assert len(read(model).graph.node) == 2
