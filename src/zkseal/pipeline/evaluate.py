"""`evaluate`: the integer program against the float model, on samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import RangeExceeded, ToleranceExceeded
from zkseal.lowering.values import Environment
from zkseal.pipeline.compile import CompiledModel, Progress, Samples, named
from zkseal.quantize import AccuracyReport, measure_accuracy
from zkseal.quantize.node_report import NodeAccuracy, ValueErrors, node_accuracies, worst

__all__ = ["Comparison", "compare", "evaluate", "outputs_of", "require_tolerance"]

Arrays = dict[str, npt.NDArray[Any]]


def evaluate(
    model: CompiledModel, samples: Samples, *, progress: Progress | None = None, expected: Arrays | None = None
) -> AccuracyReport:
    """Errors of each output over samples; the float model is run by onnxruntime. The proved outputs are these bits.

    `expected`: outputs of the float model for the same samples, where they are known already.

    Raises:
        WrongInput: samples do not fit the model.
        RangeExceeded: a sample leaves the calibrated range.
    """
    return measure_accuracy(*outputs_of(model, samples, progress=progress, expected=expected))


def outputs_of(
    model: CompiledModel, samples: Samples, *, progress: Progress | None = None, expected: Arrays | None = None
) -> tuple[Arrays, Arrays]:
    """Outputs of the float model and of the integer program, by name, stacked along the first axis."""
    from zkseal.frontends.onnx import FloatSession

    arrays = named(model.graph.inputs, samples)
    found = FloatSession(model.graph).run(arrays) if expected is None else expected
    rows: list[Arrays] = []
    parts = list(parts_of(model, arrays))
    for part in parts:
        rows.append(model.program.predict(part))
        if progress is not None:
            progress("evaluate", len(rows) / len(parts))
    stack = _stacked(model, rows)
    return {name: np.asarray(found[name]).reshape(stack[name].shape) for name in stack}, stack


def parts_of(model: CompiledModel, arrays: Mapping[str, npt.NDArray[Any]]) -> Iterator[Arrays]:
    """Samples one proof at a time."""
    first = model.graph.inputs[0]
    batch = first.shape[0] if first.shape else 1
    count = len(arrays[first.name]) // batch if first.shape else 1
    for index in range(count):
        yield {
            name: array[index * batch : (index + 1) * batch] if array.ndim else array for name, array in arrays.items()
        }


def _stacked(model: CompiledModel, rows: list[Arrays]) -> Arrays:
    return {
        name: np.concatenate([row[name] for row in rows]) if rows[0][name].ndim else np.stack([r[name] for r in rows])
        for name in model.graph.outputs
    }


class Comparison:
    """Both models side by side on samples.

    Attributes:
        expected, actual: outputs by name of the samples that the program accepted, stacked; empty if there is none.
        nodes: errors of all values that have integers of their own, over the same samples.
        accepted: which samples those are.
        refused: (sample, tensor) where a sample left the calibrated range.
    """

    def __init__(
        self,
        expected: Arrays,
        actual: Arrays,
        nodes: tuple[NodeAccuracy, ...],
        accepted: tuple[int, ...],
        refused: tuple[tuple[int, str], ...],
    ) -> None:
        self.expected, self.actual = expected, actual
        self.nodes, self.accepted, self.refused = nodes, accepted, refused


def compare(
    model: CompiledModel,
    samples: Samples,
    *,
    nodes: bool = True,
    progress: Progress | None = None,
    stage: str = "compare",
) -> Comparison:
    """Runs both models on samples and keeps what they say, and (with `nodes`) how far apart they are inside.

    Unlike `evaluate` it goes on where a sample leaves the calibrated range. Raises `WrongInput`.
    """
    from zkseal.frontends.onnx import FloatSession

    session = FloatSession(model.graph)
    program = model.program
    errors = _value_errors(model) if nodes else {}
    names = tuple(dict.fromkeys((*model.graph.outputs, *errors)))
    expected: list[Arrays] = []
    actual: list[Arrays] = []
    accepted: list[int] = []
    refused: list[tuple[int, str]] = []
    parts = list(parts_of(model, named(model.graph.inputs, samples)))
    for index, part in enumerate(parts):
        try:
            environment = program.execute(part)
        except RangeExceeded as error:
            refused.append((index, str(error.fields["tensor"])))
            continue
        finally:
            if progress is not None:
                progress(stage, (index + 1) / len(parts))
        accepted.append(index)
        reals = session.run(part, names)
        for name in errors.keys() & set(environment.names()):
            errors[name].add(reals[name], environment[name].reshape(reals[name].shape), _saturated(environment, name))
        actual.append({value.name: program.decode(value.name, environment[value.name]) for value in program.outputs})
        expected.append({name: np.asarray(reals[name]).reshape(actual[-1][name].shape) for name in actual[-1]})
    return Comparison(
        _stacked(model, expected) if expected else {},
        _stacked(model, actual) if actual else {},
        node_accuracies(model.graph, {name: found for name, found in errors.items() if found.entries}),
        tuple(accepted),
        tuple(refused),
    )


def _value_errors(model: CompiledModel) -> dict[str, ValueErrors]:
    """One for each value of floats that both the float graph and the program have."""
    errors = {}
    for name, value in model.program.values.items():
        known = model.graph.values.get(name)
        same = known is not None and known.shape == value.shape and known.dtype.startswith("float")
        if same and value.order is None:
            exponents = value.exponent + np.asarray(value.feature_exponents or 0, dtype=np.int64)
            errors[name] = ValueErrors(lo=value.lo, hi=value.hi, exponents=exponents)
    return errors


def _saturated(environment: Environment, name: str) -> int:
    hints = (f"{name}/above", f"{name}/below")
    known = set(environment.names()).intersection(hints)
    return sum(int((environment[hint] > 0).sum()) for hint in known)


def require_tolerance(
    model: CompiledModel,
    samples: Samples,
    accuracy: AccuracyReport,
    *,
    max_error: float | None,
    min_agreement: float | None,
) -> None:
    """Raises `ToleranceExceeded(output, error, tolerance, node, op)` if `accuracy`, measured on samples, is outside.

    The node named is the one that adds the most error.
    """
    try:
        accuracy.require(max_error=max_error, min_agreement=min_agreement)
    except ToleranceExceeded as error:
        source = worst(compare(model, samples).nodes)
        if source is None:
            raise
        raise ToleranceExceeded(
            f"{error.message} Most of the error comes from node '{source.node}' ({source.op}), which adds "
            f"{source.introduced:.2g}.",
            **error.fields,
            node=source.node,
            op=source.op,
        ) from None
