"""How far the integer program is from the float model, measured on samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import ToleranceExceeded, WrongInput

__all__ = ["AccuracyReport", "OutputAccuracy", "measure_accuracy"]


@dataclass(frozen=True)
class OutputAccuracy:
    """Errors of one output over all samples; y is the float model, y' the integer program.

    - `mean_relative_error`, `worst_relative_error`: |y' - y| / |y|, 2-norms over one sample's output. A sample with
      y = 0 counts as 0 if y' = 0 too, else as infinite.
    - `max_absolute_error`, `mean_absolute_error`: over all entries.
    - `agreement`: share of samples with the same decision: the same argmax over the last axis (outputs of more than one
      entry there), the same sign (a single score), equal values (integer outputs).
    - `disagreements`: sample indices with another decision, at most 100.
    """

    name: str
    samples: int
    mean_relative_error: float
    worst_relative_error: float
    max_absolute_error: float
    mean_absolute_error: float
    agreement: float
    disagreements: tuple[int, ...]


@dataclass(frozen=True)
class AccuracyReport:
    """One `OutputAccuracy` for each output, in order."""

    outputs: tuple[OutputAccuracy, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    @property
    def agreement(self) -> float:
        """The least agreement of all outputs."""
        return min(output.agreement for output in self.outputs)

    @property
    def mean_relative_error(self) -> float:
        """The largest mean relative error of all outputs."""
        return max(output.mean_relative_error for output in self.outputs)

    def require(self, *, max_error: float | None = None, min_agreement: float | None = None) -> None:
        """Raises `ToleranceExceeded(output, error, tolerance)` for the first output outside the tolerances."""
        for output in self.outputs:
            if max_error is not None and not output.mean_relative_error <= max_error:
                raise ToleranceExceeded(
                    f"Output '{output.name}' has relative error {output.mean_relative_error:.3g}, above {max_error:g}. "
                    "Use more bits, calibrate on samples nearer to these, or accept a larger error.",
                    output=output.name,
                    error=output.mean_relative_error,
                    tolerance=max_error,
                )
            if min_agreement is not None and not output.agreement >= min_agreement:
                raise ToleranceExceeded(
                    f"Output '{output.name}' agrees on {output.agreement:.4f} of the samples, below {min_agreement:g}. "
                    "Use more bits or calibrate on samples nearer to these.",
                    output=output.name,
                    error=1.0 - output.agreement,
                    tolerance=1.0 - min_agreement,
                )


def measure_accuracy(expected: Mapping[str, npt.ArrayLike], actual: Mapping[str, npt.ArrayLike]) -> AccuracyReport:
    """Compares float outputs with decoded integer outputs, by name; first axis = samples, equal shapes.

    Raises `WrongInput` if an output is missing, empty or of another shape.
    """
    return AccuracyReport(tuple(_compare(name, np.asarray(expected[name]), actual.get(name)) for name in expected))


def _compare(name: str, expected: npt.NDArray[Any], got: npt.ArrayLike | None) -> OutputAccuracy:
    actual = np.asarray(got) if got is not None else np.zeros(0)
    if actual.shape != expected.shape or expected.size == 0:
        raise WrongInput(
            f"Output '{name}' has shape {actual.shape}, the float model's is {expected.shape}; samples come first.",
            name=name,
            expected=expected.shape,
            got=actual.shape,
        )
    samples = expected.shape[0]
    y, z = expected.reshape(samples, -1).astype(np.float64), actual.reshape(samples, -1).astype(np.float64)
    error, size = np.linalg.norm(z - y, axis=1), np.linalg.norm(y, axis=1)
    relative = np.where(size > 0, error / np.where(size > 0, size, 1.0), np.where(error > 0, np.inf, 0.0))
    same = _same_decision(expected, actual)
    return OutputAccuracy(
        name=name,
        samples=samples,
        mean_relative_error=float(relative.mean()),
        worst_relative_error=float(relative.max()),
        max_absolute_error=float(np.abs(z - y).max()),
        mean_absolute_error=float(np.abs(z - y).mean()),
        agreement=float(same.mean()),
        disagreements=tuple(int(i) for i in np.flatnonzero(~same)[:100]),
    )


def _same_decision(expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    samples = expected.shape[0]
    if np.issubdtype(expected.dtype, np.integer) or expected.dtype == np.bool_:
        equal = expected == actual
    elif expected.ndim > 1 and expected.shape[-1] > 1:
        equal = expected.argmax(axis=-1) == actual.argmax(axis=-1)
    else:
        equal = (expected > 0) == (actual > 0)
    result: npt.NDArray[np.bool_] = equal.reshape(samples, -1).all(axis=1)
    return result
