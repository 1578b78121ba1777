"""Models that cannot be proved: a typed error that names the thing, the place and the remedy, by API and command."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.e2e import small_models
from tests.e2e.command_line import done, refused

import zkseal
from zkseal.errors import (
    CalibrationMissing,
    DynamicShape,
    InvalidModel,
    NonFiniteWeight,
    ToleranceExceeded,
    UnsupportedDtype,
    UnsupportedOp,
    ZksealError,
)


def with_weight(value: float) -> onnx.ModelProto:
    constants = small_models.weights()
    constants["w2"][3, 1] = value
    return small_models.perceptron(constants)


def text_model() -> onnx.ModelProto:
    nodes = [helper.make_node("Identity", ["x"], ["y"], name="same")]
    return small_models.model(nodes, {}, (1, 4), element_type=TensorProto.STRING)


def contradictory() -> onnx.ModelProto:
    constants = small_models.weights()
    constants["w2"] = constants["w2"][:-1]
    return small_models.perceptron(constants)


MODELS: dict[str, tuple[Callable[[], onnx.ModelProto], type[ZksealError], dict[str, Any], tuple[str, ...]]] = {
    "standard operator without a rule": (
        lambda: small_models.perceptron(middle="RandomNormalLike"),
        UnsupportedOp,
        {"op": "RandomNormalLike", "node": "middle"},
        ("RandomNormalLike", "'middle'", "--select", "docs/reference/operators.md"),
    ),
    "operator of nobody's": (
        lambda: small_models.perceptron(middle="Frob", domain="com.example"),
        UnsupportedOp,
        {"op": "Frob", "node": "middle"},
        ("com.example::Frob", "'middle'", "Export the model with standard operators"),
    ),
    "open axis": (
        lambda: small_models.perceptron(shape=("batch", "width")),
        DynamicShape,
        {"tensor": "x", "axis": 1},
        ("Axis 1", "width", "'x'", "input_shapes", "--input-shape"),
    ),
    "NaN weight": (
        lambda: with_weight(math.nan),
        NonFiniteWeight,
        {"tensor": "w2", "index": [3, 1]},
        ("'w2'", "[3, 1]", "repair the model"),
    ),
    "infinite weight": (
        lambda: with_weight(-math.inf),
        NonFiniteWeight,
        {"tensor": "w2", "index": [3, 1]},
        ("'w2'", "[3, 1]", "repair the model"),
    ),
    "text": (text_model, UnsupportedDtype, {}, ("--select",)),
    "contradiction": (contradictory, InvalidModel, {}, ("checker",)),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_be_proved_is_refused(name: str, tmp_path: Path) -> None:
    make, error, fields, mentions = MODELS[name]
    message = make()
    with pytest.raises(error) as caught:
        zkseal.compile(message, small_models.SAMPLES)
    assert type(caught.value) is error
    onnx.save(message, tmp_path / "m.onnx")
    np.savez(tmp_path / "s.npz", x=small_models.SAMPLES)
    reported = refused(tmp_path, error, "compile", "m.onnx", "--calibrate", "s.npz")
    for said in (caught.value.to_dict(), reported):
        for field, value in fields.items():
            assert said["fields"][field] == value
        assert all(mention in said["message"] for mention in mentions), said["message"]


def test_the_remedy_for_an_open_axis_works(tmp_path: Path) -> None:
    message = small_models.perceptron(shape=("batch", "width"))
    by_api = zkseal.compile(message, small_models.SAMPLES, input_shapes={"x": (1, small_models.FEATURES)})
    assert by_api.graph.inputs[0].shape == (1, small_models.FEATURES)
    onnx.save(message, tmp_path / "m.onnx")
    np.savez(tmp_path / "s.npz", x=small_models.SAMPLES)
    done(tmp_path, "compile", "m.onnx", "--calibrate", "s.npz", "--input-shape", f"x=1,{small_models.FEATURES}")
    assert (tmp_path / "m.zkc").exists()


@pytest.mark.parametrize(
    ("samples", "error"),
    [(np.full((4, 6), np.nan), CalibrationMissing), (np.full((4, 6), np.inf), CalibrationMissing)],
)
def test_samples_that_show_no_range_are_refused(samples: Any, error: type[ZksealError], tmp_path: Path) -> None:
    with pytest.raises(error) as caught:
        zkseal.compile(small_models.perceptron(), samples)
    assert caught.value.tensor == "x"


def test_a_missed_tolerance_writes_nothing(tmp_path: Path) -> None:
    onnx.save(small_models.perceptron(), tmp_path / "m.onnx")
    np.savez(tmp_path / "s.npz", x=small_models.SAMPLES)
    (tmp_path / "m.zkc").write_bytes(b"what was here before")
    arguments = ["compile", "m.onnx", "--calibrate", "s.npz", "--tolerance", "1e-9"]
    assert refused(tmp_path, ToleranceExceeded, *arguments)["fields"]["output"] == "y"


@pytest.mark.parametrize("damage", ["cut", "text", "absent", "empty"])
def test_a_file_that_is_no_model_is_refused(damage: str, tmp_path: Path) -> None:
    data = small_models.perceptron().SerializeToString()
    if damage != "absent":
        (tmp_path / "m.onnx").write_bytes({"cut": data[: len(data) // 2], "text": b"# a model\n", "empty": b""}[damage])
    np.savez(tmp_path / "s.npz", x=small_models.SAMPLES)
    assert "m.onnx" in refused(tmp_path, InvalidModel, "compile", "m.onnx", "--calibrate", "s.npz")["message"]
    with pytest.raises(InvalidModel):
        zkseal.compile(tmp_path / "m.onnx", small_models.SAMPLES)


def test_a_missing_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    from sklearn.linear_model import LogisticRegression

    from zkseal.cli import main
    from zkseal.cli.exit_codes import EXIT_CODES
    from zkseal.errors import MissingDependency

    estimator = LogisticRegression().fit(small_models.SAMPLES, np.arange(len(small_models.SAMPLES)) % 2)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(MissingDependency, match=r"pip install 'zkseal\[sklearn\]'") as caught:
        zkseal.compile(estimator, small_models.SAMPLES)
    assert caught.value.package == "skl2onnx"

    monkeypatch.chdir(tmp_path)
    onnx.save(small_models.perceptron(), "m.onnx")
    np.savez("s.npz", x=small_models.SAMPLES)
    assert main(["compile", "m.onnx", "--calibrate", "s.npz"]) == 0
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    capsys.readouterr()
    code = main(["evaluate", "m.zkc", "s.npz", "--plot", "p.png", "--report", "r.json"])
    assert code == EXIT_CODES[MissingDependency]
    assert "pip install 'zkseal[plot]'" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx", "m.zkc", "s.npz"]


def test_a_missing_core_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from zkseal.errors import MissingDependency

    compiled = zkseal.compile(small_models.perceptron(), small_models.SAMPLES)
    monkeypatch.delattr(zkseal, "_native", raising=False)
    monkeypatch.setitem(sys.modules, "zkseal._native", None)
    with pytest.raises(MissingDependency, match="make demo") as caught:
        zkseal.setup(compiled)
    assert caught.value.package == "zkseal._native"
