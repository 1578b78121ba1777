"""Small models of sequences, proved and verified: a decoder with causal attention, and recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.e2e.key_files import through_a_file
from tests.networks import decoder

import zkseal
from zkseal.errors import ProofRejected
from zkseal.frontends.onnx import FloatSession, load

pytestmark = pytest.mark.native

TOKENS, WORDS = 6, 40
STEPS, INPUTS, HIDDEN = 5, 4, 6
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}

Samples = dict[str, np.ndarray[Any, Any]]


def proved(model: onnx.ModelProto, calibration: Samples, sample: Samples) -> tuple[np.ndarray[Any, Any], Any]:
    """The first output as it was proved with everything else hidden, and what onnxruntime makes of the sample."""
    compiled = zkseal.compile(model, calibration)
    proving_key, verifying_key = zkseal.setup(compiled)
    result = zkseal.prove(through_a_file(proving_key, sample), sample, context=b"one")
    with pytest.raises(ProofRejected):
        zkseal.verify(result.receipt, verifying_key, context=b"another")
    name, stated = next(iter(zkseal.verify(result.receipt, verifying_key, context=b"one").outputs.items()))
    return np.asarray(stated), FloatSession(load(model), threads=1).run(sample)[name]


def test_a_decoder_is_proved() -> None:
    model = decoder.build(tokens=TOKENS, layers=2, width=32, heads=4, vocabulary=WORDS)
    ids = np.random.default_rng(0).integers(0, WORDS, (5, TOKENS))
    stated, expected = proved(model, {"ids": ids[:4]}, {"ids": ids[4:]})
    assert np.linalg.norm(stated - expected) <= 0.005 * np.linalg.norm(expected)


@pytest.mark.parametrize("op", list(GATES))
def test_a_recurrent_layer_is_proved(op: str) -> None:
    rng = np.random.default_rng(1)
    shapes = {
        "w": (1, GATES[op] * HIDDEN, INPUTS),
        "r": (1, GATES[op] * HIDDEN, HIDDEN),
        "b": (1, 2 * GATES[op] * HIDDEN),
    }
    weights = {name: (0.4 * rng.normal(size=shape)).astype(np.float32) for name, shape in shapes.items()}
    graph = helper.make_graph(
        [helper.make_node(op, ["x", *weights], ["y"], op, hidden_size=HIDDEN, direction="forward")],
        "recurrent",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (STEPS, 1, INPUTS))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (STEPS, 1, 1, HIDDEN))],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    sequences = rng.normal(size=(6 * STEPS, 1, INPUTS)).astype(np.float32)
    stated, expected = proved(model, {"x": sequences[:-STEPS]}, {"x": sequences[-STEPS:]})
    assert np.abs(stated - expected).max() <= 2.0**-9 * np.abs(expected).max()
