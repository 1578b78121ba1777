"""Models of PyTorch and Keras as the objects that they are: compiled, proved with hidden input and weights, verified.

Both libraries are gigabytes, so that no other test needs them: skipped where they are not installed. `make frameworks`
installs them into an environment of their own and runs this file.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.e2e.key_files import through_a_file

import zkseal
from zkseal.errors import ProofRejected

pytestmark = [pytest.mark.slow, pytest.mark.native]

Floats = npt.NDArray[np.float32]

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "models.md"

TOLERANCE = 2.0**-10

SHAPES = {"mlp": (5,), "cnn": (8, 8, 1), "lstm": (5, 6), "gru": (5, 6), "transformer": (5, 16), "embedding": (5,)}
VOCABULARY = 20


def library(*names: str) -> Any:
    """The first of these packages, or a skip."""
    for name in reversed(names):
        found = pytest.importorskip(name, reason=f"{name} is not installed: make frameworks")
    return found


def torch_models() -> dict[str, Callable[[], Any]]:
    """Modules by kind, with the weights of a seed; pictures have their channels first."""
    torch = library("torch")
    nn = torch.nn
    torch.manual_seed(1)

    class Last(nn.Module):  # type: ignore[misc]
        def __init__(self, kind: Any) -> None:
            super().__init__()
            self.recurrent, self.head = kind(6, 8, batch_first=True), nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            states, _ = self.recurrent(x)
            return self.head(states[:, -1])

    return {
        "mlp": lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 2)),
        "cnn": lambda: nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64, 3), nn.Softmax(dim=1)),
        ),
        "lstm": lambda: Last(nn.LSTM),
        "gru": lambda: Last(nn.GRU),
        "transformer": lambda: nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu"),
        "embedding": lambda: nn.Sequential(nn.Embedding(VOCABULARY, 8), nn.Flatten(), nn.Linear(40, 3)),
    }


def keras_models() -> dict[str, Callable[[], Any]]:
    """Models by kind, with the weights of a seed."""
    keras = library("keras", "tensorflow", "tf2onnx")
    layers = keras.layers
    keras.utils.set_random_seed(1)

    def stacked(kind: str, *parts: Any, **options: Any) -> Any:
        return keras.Sequential([keras.Input(SHAPES[kind], **options), *parts])

    def encoder() -> Any:
        x = keras.Input(SHAPES["transformer"])
        y = layers.LayerNormalization()(x + layers.MultiHeadAttention(4, 4)(x, x))
        y = layers.Dense(32, activation=lambda v: keras.activations.gelu(v, approximate=True))(y)
        return keras.Model(x, layers.Dense(16)(y))

    return {
        "mlp": lambda: stacked("mlp", layers.Dense(8, "relu"), layers.Dropout(0.5), layers.Dense(2)),
        "cnn": lambda: stacked(
            "cnn",
            *(layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPool2D()),
            *(layers.Flatten(), layers.Dense(3, "softmax")),
        ),
        "lstm": lambda: stacked("lstm", layers.LSTM(8), layers.Dense(3)),
        "gru": lambda: stacked("gru", layers.GRU(8), layers.Dense(3)),
        "transformer": encoder,
        "embedding": lambda: stacked(
            "embedding", layers.Embedding(VOCABULARY, 8), layers.Flatten(), layers.Dense(3), dtype="int32"
        ),
    }


def samples(kind: str, *, channels_first: bool) -> npt.NDArray[Any]:
    rng = np.random.default_rng(2)
    size = (40, *SHAPES[kind])
    if kind == "embedding":
        return rng.integers(0, VOCABULARY, size=size).astype(np.int32)
    drawn = rng.normal(size=size).astype(np.float32)
    return np.moveaxis(drawn, -1, 1) if kind == "cnn" and channels_first else drawn


def check(kind: str, model: Any, rows: npt.NDArray[Any], expected: Callable[[npt.NDArray[Any]], Any]) -> None:
    """The last row, which calibration has not seen, is proved and is what the library says."""
    compiled = zkseal.compile(model, rows[:-1])
    proving_key, verifying_key = zkseal.setup(compiled)
    result = zkseal.prove(through_a_file(proving_key, rows[-1:]), rows[-1:], context=b"a row")
    with pytest.raises(ProofRejected):
        zkseal.verify(result.receipt, verifying_key, context=b"another row")
    proved = zkseal.verify(result.receipt, verifying_key, context=b"a row").outputs["output"]
    wanted = np.asarray(expected(rows[-1:]))
    assert np.abs(proved - wanted).max() <= TOLERANCE * np.abs(wanted).max()


@pytest.mark.parametrize("kind", SHAPES)
def test_torch(kind: str) -> None:
    torch = library("torch")
    module = torch_models()[kind]()

    def expected(row: npt.NDArray[Any]) -> Any:
        with torch.no_grad():
            return module.eval()(torch.from_numpy(row)).numpy()

    check(kind, module, samples(kind, channels_first=True), expected)


@pytest.mark.parametrize("kind", SHAPES)
def test_keras(kind: str) -> None:
    model = keras_models()[kind]()
    check(kind, model, samples(kind, channels_first=False), lambda row: model(row).numpy())


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@pytest.mark.parametrize("quantized", [False, True])
def test_tflite(kind: str, quantized: bool, tmp_path: Path) -> None:
    """Quantized models keep the integers that TFLite gave them."""
    model, rows = keras_models()[kind](), samples(kind, channels_first=False)
    lite = library("tensorflow").lite
    converter = lite.TFLiteConverter.from_keras_model(model)
    if quantized:
        converter.optimizations = [lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[np.newaxis]] for row in rows[:-1])
    written = converter.convert()
    (tmp_path / "model.tflite").write_bytes(written)
    convert("--tflite", tmp_path)
    compiled = zkseal.compile(tmp_path / "model.onnx", rows[:-1])
    (found,) = compiled.program.predict({compiled.graph.inputs[0].name: rows[-1:]}).values()
    wanted = interpreted(lite, written, rows[-1:])
    # Integers of quantized models may be rounded to the next one where TensorFlow multiplies in integers.
    assert np.abs(found - wanted).max() <= (2.0**-6 if quantized else TOLERANCE) * np.abs(wanted).max()


@pytest.mark.parametrize("kind", ["lstm", "embedding"])
def test_saved_model(kind: str, tmp_path: Path) -> None:
    model, rows = keras_models()[kind](), samples(kind, channels_first=False)
    model.export(str(tmp_path / "saved"), verbose=False)
    convert("--saved-model", tmp_path)
    compiled = zkseal.compile(tmp_path / "model.onnx", rows[:-1])
    (found,) = compiled.program.predict({compiled.graph.inputs[0].name: rows[-1:]}).values()
    wanted = model(rows[-1:]).numpy()
    assert np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max()


def convert(option: str, folder: Path) -> None:
    """Runs the command of the guide with this option."""
    (line,) = (
        text for text in GUIDE.read_text().splitlines() if text.startswith(f"python -m tf2onnx.convert {option}")
    )
    command = [sys.executable, *shlex.split(line)[1:]]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def interpreted(lite: Any, written: bytes, row: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What TensorFlow Lite itself answers."""
    interpreter = lite.Interpreter(model_content=written)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
