"""Ten ways in which `zkseal compile` cannot do what is asked: ten different errors, each with a remedy that works."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.e2e import small_models
from tests.e2e.command_line import done, refused

from zkseal.errors import (
    AccumulatorTooWide,
    CalibrationMissing,
    DynamicShape,
    FileUnavailable,
    InvalidModel,
    NonFiniteWeight,
    ToleranceExceeded,
    UnsupportedDtype,
    UnsupportedOp,
    WrongInput,
    ZksealError,
)

COMMAND = ("compile", "m.onnx", "--calibrate", "s.npz")


@dataclass(frozen=True)
class Refusal:
    """A model or samples that cannot be compiled.

    - `prepare` writes m.onnx and s.npz into a folder; `repair` does what the message says and returns the arguments
      that succeed then.
    - `fields`: typed fields of the error; `mentions`: what the sentence has to say.
    """

    error: type[ZksealError]
    prepare: Callable[[Path], None]
    repair: Callable[[Path], tuple[str, ...]]
    fields: dict[str, object]
    mentions: tuple[str, ...]


def write(folder: Path, model: onnx.ModelProto | None = None, **samples: npt.NDArray[Any]) -> None:
    """m.onnx and s.npz; a perceptron and its samples where nothing is said."""
    onnx.save(model or small_models.perceptron(), folder / "m.onnx")
    np.savez(folder / "s.npz", **(samples or {"x": small_models.SAMPLES}))  # type: ignore[arg-type]


def with_weight(value: float) -> onnx.ModelProto:
    constants = small_models.weights()
    constants["w2"][3, 1] = value
    return small_models.perceptron(constants)


def random_middle() -> onnx.ModelProto:
    return small_models.perceptron(middle="Bernoulli")


def text_beside_numbers() -> onnx.ModelProto:
    """A model whose second output compares texts."""
    model = small_models.perceptron()
    model.graph.input.append(helper.make_tensor_value_info("t", TensorProto.STRING, [1]))
    model.graph.output.append(helper.make_tensor_value_info("u", TensorProto.BOOL, [1]))
    model.graph.node.append(helper.make_node("Equal", ["t", "t"], ["u"], name="text"))
    model.opset_import[0].version = 19
    model.ir_version = 9
    return model


def powers(factors: int) -> onnx.ModelProto:
    """x^(2^factors) of 64-bit integers, by squaring a sum of products."""
    nodes, last = [], "x"
    for k in range(factors):
        nodes.append(helper.make_node("MatMul", [last, "w"], [f"m{k}"], name=f"matmul{k}"))
        last = f"m{k}"
    nodes[-1].output[0] = "y"
    graph = helper.make_graph(
        nodes,
        "powers",
        [helper.make_tensor_value_info("x", TensorProto.INT64, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [1, 2])],
        [numpy_helper.from_array(np.full((2, 2), 2**13, np.int64), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def not_a_model(folder: Path) -> None:
    write(folder)
    (folder / "m.onnx").write_bytes(b"# weights, to be copied later\n")


def no_samples(folder: Path) -> None:
    write(folder)
    (folder / "s.npz").unlink()


def again() -> Callable[[Path], tuple[str, ...]]:
    """Repairs by writing the sound model and its samples."""

    def repair(folder: Path) -> tuple[str, ...]:
        write(folder)
        return COMMAND

    return repair


REFUSALS: dict[str, Refusal] = {
    "an operator whose result is random": Refusal(
        UnsupportedOp,
        lambda folder: write(folder, random_middle()),
        lambda folder: (*COMMAND, "--select", "h"),
        {"op": "Bernoulli", "node": "middle"},
        ("Bernoulli", "'middle'", "--select", "docs/reference/operators.md"),
    ),
    "text": Refusal(
        UnsupportedDtype,
        lambda folder: write(folder, text_beside_numbers(), x=small_models.SAMPLES),
        lambda folder: (*COMMAND, "--select", "y"),
        {},
        ("string", "--select"),
    ),
    "an open axis": Refusal(
        DynamicShape,
        lambda folder: write(folder, small_models.perceptron(shape=("batch", "width"))),
        lambda folder: (*COMMAND, "--input-shape", f"x=1,{small_models.FEATURES}"),
        {"tensor": "x", "axis": 1},
        ("Axis 1", "'x'", "--input-shape"),
    ),
    "a file that is no model": Refusal(InvalidModel, not_a_model, again(), {}, ("m.onnx", "Export or copy it again")),
    "a weight that is not a number": Refusal(
        NonFiniteWeight,
        lambda folder: write(folder, with_weight(math.nan)),
        again(),
        {"tensor": "w2", "index": [3, 1]},
        ("'w2'", "[3, 1]", "repair the model"),
    ),
    "samples that show no range": Refusal(
        CalibrationMissing,
        lambda folder: write(folder, x=np.full((4, small_models.FEATURES), np.inf)),
        again(),
        {"tensor": "x"},
        ("'x'", "samples"),
    ),
    "samples of another input": Refusal(
        WrongInput,
        lambda folder: write(folder, z=small_models.SAMPLES),
        again(),
        {"name": "x"},
        ("'x'", "missing"),
    ),
    "sums that could wrap": Refusal(
        AccumulatorTooWide,
        lambda folder: write(folder, powers(4), x=np.full((3, 1, 2), 2**12).reshape(3, 2)),
        lambda folder: (*COMMAND, "--select", "m1"),
        {},
        ("bits", "fewer bits"),
    ),
    "a tolerance that is out of reach": Refusal(
        ToleranceExceeded,
        write,
        lambda folder: (*COMMAND, "--tolerance", "0.005"),
        {"output": "y", "tolerance": 1e-9},
        ("'y'", "1e-09", "more bits"),
    ),
    "samples that are not there": Refusal(FileUnavailable, no_samples, again(), {}, ("s.npz",)),
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_names_the_thing_and_a_remedy_that_works(reason: str, tmp_path: Path) -> None:
    refusal = REFUSALS[reason]
    refusal.prepare(tmp_path)
    command = (*COMMAND, "--tolerance", "1e-9") if refusal.error is ToleranceExceeded else COMMAND
    reported = refused(tmp_path, refusal.error, *command)
    for field, value in refusal.fields.items():
        assert reported["fields"][field] == value
    assert all(mention in reported["message"] for mention in refusal.mentions), reported["message"]
    done(tmp_path, *refusal.repair(tmp_path))
    assert (tmp_path / "m.zkc").exists()


def test_ten_reasons_give_ten_different_errors() -> None:
    assert len(REFUSALS) == len({refusal.error for refusal in REFUSALS.values()}) >= 10
