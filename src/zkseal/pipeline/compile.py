"""`compile`: a model and samples in, a compiled model out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from zkseal.errors import CalibrationMissing, WrongInput
from zkseal.graph import Graph, Value
from zkseal.lowering import Program, Quantized, Visibility, lower, require_rules
from zkseal.pipeline.interface import Interface, annotate
from zkseal.pipeline.provenance import Provenance
from zkseal.quantize import AccuracyReport, Calibration, QuantizationOptions, values_to_calibrate
from zkseal.relation import Relation

__all__ = ["CompiledModel", "Precision", "Progress", "Samples", "compile", "load", "named", "rebuild"]

Samples = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""Samples along the first axis: an array for a model with one input, else arrays by input name."""

Progress = Callable[[str, float], None]

Precision = Literal["uniform", "mixed"]
"""Whether all values have the same number of bits."""

CALIBRATION_BATCH = 64
"""Samples whose intermediate values are held in memory at a time."""


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """An integer program that can be proved, with everything that it was made from.

    Attributes:
        graph: the float model, normalized.
        calibration: what it was seen to do on the samples.
        visibility: of inputs, outputs and weights, each "private" or "public".
        program: execution, decoding and the private weights.
        relation: what is proved.
        accuracy: error against the float model, if compile was asked to measure it.
    """

    graph: Graph
    calibration: Calibration = field(repr=False)
    options: QuantizationOptions
    visibility: tuple[Visibility, Visibility, Visibility]
    program: Program = field(repr=False)
    relation: Relation = field(repr=False)
    accuracy: AccuracyReport | None = field(default=None, repr=False)

    @cached_property
    def interface(self) -> Interface:
        """Inputs and outputs and their scales."""
        return Interface.of(self.relation)

    @cached_property
    def provenance(self) -> Provenance:
        """What people are told about where the program came from."""
        return Provenance(
            name=self.graph.name,
            operators=self.graph.ops(),
            notes=(*self.graph.notes, *self.program.notes),
            parameters=sum(int(array.size) for array in self.graph.initializers.values()),
            options=self.options,
            accuracy=self.accuracy,
        )

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """Integers of all model and table tensors, by name, each in the type in which it is stored."""
        return {**self.relation.fixed, **self.program.parameters}


def compile(  # noqa: A001 - the public name; the built-in is not used here
    model: Any,
    calibration: Samples,
    *,
    inputs: Visibility = "private",
    outputs: Visibility = "public",
    weights: Visibility = "private",
    options: QuantizationOptions | None = None,
    select: str | Sequence[str] | None = None,
    batch: int = 1,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    max_error: float | None = None,
    min_agreement: float | None = None,
    precision: Precision = "uniform",
    trials: int = 40,
    progress: Progress | None = None,
) -> CompiledModel:
    """Turns a float model into an integer program that can be proved.

    Args:
        model: a path to an ONNX file or to a model that XGBoost or LightGBM saved, the bytes of an ONNX file, an
            `onnx.ModelProto`, a fitted estimator of scikit-learn, XGBoost or LightGBM, a `torch.nn.Module`, a
            `keras.Model`, or a `Graph`.
        calibration: samples that show the ranges of all values; a hundred typical ones do. A PyTorch module is written
            for inputs of their shape, called as the arguments of its `forward`.
        inputs, outputs, weights: "private" values are hidden behind commitments, "public" ones are in the statement
            (weights: in the verifying key).
        options: bits, headroom, percentile; `QuantizationOptions()` if left out.
        select: names of the values to return, for models that compute more than should be proved. scikit-learn
            classifiers also know "logits".
        batch: size of an open first axis.
        input_shapes: full shapes of inputs of an ONNX model that has other open axes, by input name.
        max_error: largest mean relative error of an output on the samples, for example 0.005.
        min_agreement: least share of the samples with the same decision, for example 0.99.
        precision: "uniform", all values have `options.bits`; "mixed", as many as `max_error` and `min_agreement` allow
            have 8 bits, which makes proofs faster (`pipeline.mixed_precision`).
        trials: how many programs "mixed" may try.
        progress: told stage and share done.

    Raises:
        ModelError: the model cannot be proved as it is.
        QuantizationError: samples are missing, or the model does not fit its integers or the tolerance; then
            `ToleranceExceeded` names the node that adds the most error.
        ValueError: "mixed" without a tolerance.
    """
    if precision == "mixed" and max_error is None and min_agreement is None:
        raise ValueError("Mixed precision needs a tolerance: give max_error, min_agreement or both.")
    tell = progress or _silent
    tell("load", 0.0)
    graph = load(model, batch=batch, select=select, input_shapes=input_shapes, samples=calibration)
    require_rules(graph)  # before the work of calibration
    tell("load", 1.0)
    samples = named(graph.inputs, calibration)
    chosen = options or QuantizationOptions()
    seen = _calibrate(graph, samples, chosen.percentile, tell)
    visibility = (inputs, outputs, weights)
    if precision == "mixed":
        from zkseal.pipeline.mixed_precision import MixedPrecision, PrecisionSearch

        goal = MixedPrecision(max_error=max_error, min_agreement=min_agreement, trials=trials)
        return PrecisionSearch(graph, seen, chosen, visibility, samples, goal, progress).run()
    tell("lower", 0.0)
    compiled = rebuild(graph, seen, chosen, visibility)
    tell("lower", 1.0)
    if max_error is None and min_agreement is None:
        return compiled
    from zkseal.pipeline.evaluate import evaluate, require_tolerance

    report = evaluate(compiled, samples, progress=progress)
    require_tolerance(compiled, samples, report, max_error=max_error, min_agreement=min_agreement)
    return replace(compiled, accuracy=report)


def rebuild(
    graph: Graph,
    calibration: Calibration,
    options: QuantizationOptions,
    visibility: tuple[Visibility, Visibility, Visibility],
) -> CompiledModel:
    """The compiled model of a graph that has been loaded and calibrated already; the same arguments give the same."""
    inputs, outputs, weights = visibility
    program = lower(graph, calibration, options, inputs=inputs, outputs=outputs, weights=weights)
    return CompiledModel(graph, calibration, options, visibility, program, annotate(program.relation))


def load(
    model: Any,
    *,
    batch: int = 1,
    select: str | Sequence[str] | None = None,
    input_shapes: Mapping[str, Sequence[int]] | None = None,
    samples: Samples | None = None,
) -> Graph:
    """The graph of whatever `compile` takes as a model; `samples` show what a PyTorch module takes."""
    if isinstance(model, Graph):
        return model
    # Frontends are imported where they are used: who only verifies does not wait for onnx and onnxruntime.
    if isinstance(model, str | os.PathLike | bytes) or hasattr(model, "SerializeToString"):
        from zkseal.frontends import onnx as onnx_frontend
        from zkseal.frontends import trees as trees_frontend

        if isinstance(model, str | os.PathLike) and trees_frontend.is_model_file(model):
            return trees_frontend.load_file(model, batch=batch, outputs=select)
        return onnx_frontend.load(model, batch=batch, outputs=select, input_shapes=input_shapes)
    from zkseal.frontends import trees as trees_frontend

    if trees_frontend.reads(model):
        return trees_frontend.load(model, batch=batch, outputs=select)
    from zkseal.frontends import keras as keras_frontend

    if keras_frontend.reads(model):
        return keras_frontend.load(model, batch=batch, outputs=select)
    from zkseal.frontends import torch as torch_frontend

    if torch_frontend.reads(model):
        return torch_frontend.load(model, samples=samples, batch=batch, outputs=select)
    from zkseal.frontends import sklearn as sklearn_frontend

    return sklearn_frontend.load(model, batch=batch, outputs=select)


def named(inputs: Sequence[Value | Quantized], samples: Samples) -> dict[str, npt.NDArray[Any]]:
    """Samples by name of one of `inputs`, each of the shape of its input but for the first axis, which counts samples.

    Raises:
        WrongInput: an input is missing, unknown, or of another shape.
        CalibrationMissing: there are no samples.
    """
    if not isinstance(samples, Mapping):
        if len(inputs) != 1:
            names = [value.name for value in inputs]
            raise WrongInput(f"The model has the inputs {names}: give samples by name.", name=names[0], expected=names)
        samples = {inputs[0].name: samples}
    known = {value.name: value for value in inputs}
    for name in (*known, *samples):
        if name not in samples or name not in known:
            what = "missing" if name in known else "unknown"
            raise WrongInput(
                f"Input '{name}' is {what}; the model has the inputs {list(known)}.",
                name=name,
                expected=list(known),
                got=list(samples),
            )
    result = {}
    for name, value in known.items():
        array = np.asarray(samples[name])
        if array.size == 0:
            raise CalibrationMissing(f"There are no samples of '{name}'. Give at least one.", tensor=name)
        if array.dtype.kind not in "biuf":
            raise WrongInput(f"Samples of '{name}' are of type {array.dtype}; numbers are needed.", name=name)
        # One sample without its first axis is taken for a batch of one.
        result[name] = array[np.newaxis] if value.shape[:1] == (1,) and array.shape == value.shape[1:] else array
    return result


def _calibrate(graph: Graph, samples: Mapping[str, npt.NDArray[Any]], percentile: float, tell: Progress) -> Calibration:
    from zkseal.frontends.onnx import FloatSession

    session = FloatSession(graph)
    names = values_to_calibrate(graph)
    first = graph.inputs[0]
    step = max(1, first.shape[0] if first.shape else 1) * CALIBRATION_BATCH
    count = len(samples[first.name]) if first.shape else 1

    def runs() -> Any:
        for start in range(0, count, step):
            tell("calibrate", start / count)
            part = {name: array[start : start + step] if array.ndim else array for name, array in samples.items()}
            yield session.run(part, names)
        tell("calibrate", 1.0)

    return Calibration.from_runs(runs(), percentile=percentile)


def _silent(stage: str, share: float) -> None:
    """Nobody is told."""
