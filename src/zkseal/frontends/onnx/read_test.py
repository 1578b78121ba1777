"""Files that are no models, and models that onnx's own tools do not survive."""

import onnx
import pytest

from zkseal.errors import InvalidModel
from zkseal.frontends.onnx.read import read


def test_a_label_encoder_behind_a_node_without_a_type_is_refused() -> None:
    """onnx's checker ends the process there."""
    made = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Cast", ["x"], ["i"], to=36),
            onnx.helper.make_node(
                "LabelEncoder", ["i"], ["y"], domain="ai.onnx.ml", keys_int64s=[1, 2], values_floats=[1.0, 2.0]
            ),
        ],
        "g",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 2))],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 2))],
    )
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("ai.onnx.ml", 4)]
    with pytest.raises(InvalidModel, match="Cast"):
        read(onnx.helper.make_model(made, opset_imports=opsets))
