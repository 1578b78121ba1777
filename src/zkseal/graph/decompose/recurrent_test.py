"""RNN, GRU and LSTM against onnx's reference: directions, activations, lengths, layouts, computed weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zkseal.errors import UnsupportedOp
from zkseal.frontends.onnx import load
from zkseal.graph.decompose.harness_test import check, model_of, normal

STEPS, BATCH, INPUTS, HIDDEN = 3, 2, 3, 2
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _inputs(op: str, directions: int = 1, *, layout: int = 0) -> dict[str, Any]:
    gates = GATES[op] * HIDDEN
    states = (BATCH, directions, HIDDEN) if layout else (directions, BATCH, HIDDEN)
    found = {
        "x": normal(1, *((BATCH, STEPS, INPUTS) if layout else (STEPS, BATCH, INPUTS))),
        "w": normal(2, directions, gates, INPUTS, scale=0.5),
        "r": normal(3, directions, gates, HIDDEN, scale=0.5),
        "b": normal(4, directions, 2 * gates, scale=0.3),
        "lengths": None,
        "h0": normal(5, *states, scale=0.5),
    }
    return {**found, "c0": normal(6, *states, scale=0.5)} if op == "LSTM" else found


WEIGHTS = ("w", "r", "b")


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_recurrent_directions(op: str, direction: str) -> None:
    proved = direction == "forward"
    check(op, _inputs(op), ("y", "h"), WEIGHTS, hidden_size=HIDDEN, direction=direction, proved=proved)


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
def test_recurrent_without_states_and_bias(op: str) -> None:
    inputs = {**_inputs(op), "b": None, "h0": None}
    if op == "LSTM":
        inputs["c0"] = None
    check(op, inputs, ("y",), WEIGHTS, hidden_size=HIDDEN, proved=False)


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
def test_recurrent_bidirectional_with_lengths(op: str) -> None:
    inputs = {**_inputs(op, 2), "lengths": np.array([3, 2], np.int32)}
    outputs = ("y", "h", "c") if op == "LSTM" else ("y", "h")
    constants = (*WEIGHTS, "lengths")
    options: dict[str, Any] = {"direction": "bidirectional", "runtime": "onnxruntime", "proved": op == "RNN"}
    check(op, inputs, outputs, constants, hidden_size=HIDDEN, **options)


@pytest.mark.parametrize("op", ["RNN", "GRU", "LSTM"])
def test_recurrent_batch_first_with_computed_weights(op: str) -> None:
    check(op, _inputs(op, layout=1), ("y", "h"), ("b",), hidden_size=HIDDEN, layout=1, proved=op == "RNN")


def test_lstm_peepholes_coupled_gates_and_clip() -> None:
    inputs = {**_inputs("LSTM"), "p": normal(7, 1, 3 * HIDDEN)}
    attributes: dict[str, Any] = {"hidden_size": HIDDEN, "clip": 0.6, "input_forget": 1}
    check("LSTM", inputs, ("y", "h", "c"), (*WEIGHTS, "p"), runtime="onnxruntime", proved=False, **attributes)


def test_gru_linear_before_reset() -> None:
    for state in ({}, {"h0": None}):
        inputs = {**_inputs("GRU"), **state}
        check(
            "GRU",
            inputs,
            ("y", "h"),
            WEIGHTS,
            hidden_size=HIDDEN,
            linear_before_reset=1,
            runtime="onnxruntime",
            proved=False,
        )


def test_recurrent_activations_take_their_parameters_in_order() -> None:
    attributes: dict[str, Any] = {
        "activations": ["ScaledTanh", "LeakyRelu"],
        "activation_alpha": [0.7, 0.2],
        "activation_beta": [1.5],
    }
    inputs = _inputs("RNN", 2)
    attributes |= {"hidden_size": HIDDEN, "direction": "bidirectional"}
    check("RNN", inputs, ("y",), WEIGHTS, runtime="onnxruntime", proved=False, **attributes)


def test_recurrent_computed_lengths() -> None:
    inputs = {**_inputs("GRU"), "lengths": np.array([3, 2], np.int32)}
    check("GRU", inputs, ("y", "h"), WEIGHTS, hidden_size=HIDDEN, runtime="onnxruntime", proved=False)


def test_recurrent_refuses_unknown_activations() -> None:
    inputs = _inputs("RNN")
    with pytest.raises(UnsupportedOp, match="Softmax"):
        load(model_of("RNN", inputs, ("y",), WEIGHTS, hidden_size=HIDDEN, activations=["Softmax"]))
