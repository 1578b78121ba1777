"""`evaluate`: the integer program against the float model, on samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.pipeline.compile import CompiledModel, Progress, Samples, named
from zkseal.quantize import AccuracyReport, measure_accuracy

__all__ = ["evaluate", "outputs_of"]


def evaluate(model: CompiledModel, samples: Samples, *, progress: Progress | None = None) -> AccuracyReport:
    """Errors of each output over samples; the float model is run by onnxruntime. The proved outputs are these bits.

    Raises:
        WrongInput: samples do not fit the model.
        RangeExceeded: a sample leaves the calibrated range.
    """
    expected, actual = outputs_of(model, samples, progress=progress)
    return measure_accuracy(expected, actual)


def outputs_of(
    model: CompiledModel, samples: Samples, *, progress: Progress | None = None
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, npt.NDArray[Any]]]:
    """Outputs of the float model and of the integer program, by name, stacked along the first axis."""
    from zkseal.frontends.onnx import FloatSession

    arrays = named(model.graph, samples)
    expected = FloatSession(model.graph).run(arrays)
    first = model.graph.inputs[0]
    batch = first.shape[0] if first.shape else 1
    count = len(arrays[first.name]) // batch if first.shape else 1
    rows: list[dict[str, npt.NDArray[Any]]] = []
    for index in range(count):
        part = {
            name: array[index * batch : (index + 1) * batch] if array.ndim else array for name, array in arrays.items()
        }
        rows.append(model.program.predict(part))
        if progress is not None:
            progress("evaluate", (index + 1) / count)
    stack = {
        name: np.concatenate([row[name] for row in rows])
        if rows[0][name].ndim
        else np.stack([row[name] for row in rows])
        for name in model.graph.outputs
    }
    return {name: np.asarray(expected[name]).reshape(stack[name].shape) for name in stack}, stack
