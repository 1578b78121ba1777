"""What every model of the zoo comes with."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from zkseal.errors import MissingDependency
from zkseal.frontends.onnx import FloatSession, export
from zkseal.frontends.onnx import load as load_onnx
from zkseal.frontends.sklearn import load as load_sklearn
from zkseal.graph import Graph


@dataclass(frozen=True)
class ZooModel:
    """A trained model with its data.

    - `model`: a ModelProto, or a fitted scikit-learn estimator.
    - `calibration`: float32 inputs from the training set, samples along the first axis, for choosing scales.
    - `held_out`, `labels`: float32 inputs that training never saw, and their classes (int64).
    """

    name: str
    model: Any
    calibration: npt.NDArray[np.float32]
    held_out: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def graph(self, outputs: str | Sequence[str] | None = "logits") -> Graph:
        """The model as a graph; `"logits"`, the default, is the value before softmax or sigmoid in every model."""
        if isinstance(self.model, onnx.ModelProto):
            return load_onnx(self.model, outputs=outputs)
        return load_sklearn(self.model, outputs=outputs)

    def onnx(self, outputs: str | Sequence[str] | None = "logits") -> onnx.ModelProto:
        """The normalized graph as an ONNX model, for other tools."""
        return export(self.graph(outputs))

    def predict(self, logits: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Classes from logits (samples, classes): the largest, or for one column whether it is positive."""
        if logits.shape[1] == 1:
            return (logits[:, 0] > 0).astype(np.int64)
        return np.asarray(logits.argmax(axis=1), np.int64)

    def predictions(self) -> npt.NDArray[np.int64]:
        """Classes of the float model for `held_out`, by onnxruntime."""
        graph = self.graph()
        return self.predict(FloatSession(graph).run({graph.inputs[0].name: self.held_out})["logits"])

    def accuracy(self) -> float:
        """Share of `held_out` that the float model gets right."""
        return float(np.mean(self.predictions() == self.labels))


def sklearn_module(name: str) -> Any:
    """Module `sklearn.<name>`; raises MissingDependency with the remedy when scikit-learn is not installed."""
    try:
        return importlib.import_module(f"sklearn.{name}")
    except ImportError as error:
        raise MissingDependency(
            "The zoo needs scikit-learn. Install it: pip install 'zkseal[sklearn]'.", package="sklearn"
        ) from error
